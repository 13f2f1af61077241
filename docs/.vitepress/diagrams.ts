// Mermaid diagrams, which GitHub draws by itself, are drawn when the site is built: no script has to run in the browser.
import { renderMermaidSVG } from 'beautiful-mermaid';
import type { MarkdownRenderer } from 'vitepress';

export function diagrams(md: MarkdownRenderer): void {
  const { fence } = md.renderer.rules;
  if (fence === undefined) throw new Error('The markdown renderer has no rule for code blocks.');
  let drawn = 0;
  md.renderer.rules.fence = (tokens, index, options, env, self) => {
    const { info, content } = tokens[index] ?? {};
    if (info?.trim() !== 'mermaid') return fence(tokens, index, options, env, self);
    return `<div class="diagram" v-pre>${draw(content ?? '', `diagram-${drawn++}`)}</div>\n`;
  };
}

/**
 * @returns the picture without its style sheet, which would load a font from another host: theme/site.css has the colours.
 * @param id for the names of its arrowheads: a page may have several diagrams
 */
function draw(code: string, id: string): string {
  return renderMermaidSVG(code, { font: 'Inter', padding: 8 })
    .replace(/<style>.*?<\/style>/s, '')
    .replace(/ style="[^"]*"/, '')
    .replaceAll('arrowhead', `${id}-arrowhead`)
    .replaceAll(/\n\s*\n/g, '\n');
}
