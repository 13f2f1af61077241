// Links of the markdown files name files of the repository, so that they work on GitHub. On the site, a link to a page leads
// to that page, and a link to any other file to GitHub. A link to nothing is left as it is: VitePress fails on it.
import { statSync } from 'node:fs';
import path from 'node:path';
import type { MarkdownEnv, MarkdownRenderer } from 'vitepress';
import { pages, root } from './contents.ts';

export const REPOSITORY = 'https://github.com/org/ml-api';

const targets = new Map(pages.map(({ source, target }) => [source, target]));

export function siteLinks(md: MarkdownRenderer): void {
  md.core.ruler.push('site-links', ({ tokens, env }) => {
    const { realPath, path: file }: MarkdownEnv = env;
    const folder = path.dirname(realPath ?? file);
    for (const token of tokens) {
      if (token.type === 'html_block') token.content = withRelativeImages(token.content);
      for (const child of token.children ?? []) {
        const href = child.type === 'link_open' ? child.attrGet('href') : null;
        if (href) child.attrSet('href', siteLink(href, folder));
        if (child.type === 'image' && isElsewhere(child.attrGet('src'))) child.type = 'text'; // badges: their words
      }
    }
  });
}

const isElsewhere = (address: string | null) => /^https?:/.test(address ?? '');

/** @param folder of the file that has the link */
function siteLink(href: string, folder: string): string {
  if (/^[a-z]+:|^#|^\//i.test(href)) return href;
  const [, link = '', anchor = ''] = /^([^#]*)(.*)$/s.exec(href) ?? [];
  const source = path.relative(root, path.resolve(folder, decodeURI(link))).replaceAll('\\', '/');
  const target = targets.get(source);
  if (target !== undefined) return `/${target}${anchor}`;
  const found = statSync(path.join(root, source), { throwIfNoEntry: false });
  if (found === undefined || source.startsWith('..')) return href;
  return `${REPOSITORY}/${found.isDirectory() ? 'tree' : 'blob'}/main/${source}${anchor}`;
}

/** Vite bundles images whose address begins with a dot; markdown's own images VitePress takes care of. */
function withRelativeImages(html: string): string {
  return html.replaceAll(/\b(src|srcset)="(?![./]|[a-z]+:)/g, '$1="./');
}

/** Anchors as GitHub makes them, so that one link to a heading works in both places. */
export function slugify(heading: string): string {
  return heading
    .trim()
    .toLowerCase()
    .replaceAll(/[^\p{L}\p{N}\p{M}\p{Pc} -]/gu, '')
    .replaceAll(' ', '-');
}
