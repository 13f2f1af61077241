// Double braces in the pages are Helm's and Jinja's. Vue would run them as expressions of its own.
import type { MarkdownRenderer } from 'vitepress';

export function literalBraces(md: MarkdownRenderer): void {
  for (const name of ['text', 'code_inline'] as const) {
    const rule = md.renderer.rules[name];
    if (rule === undefined) throw new Error(`The markdown renderer has no rule for ${name}.`);
    md.renderer.rules[name] = (...args) => rule(...args).replaceAll('{{', '&#123;&#123;');
  }
}
