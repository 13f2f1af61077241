// The pages of the site and their order, from docs/README.md: what GitHub shows as a list is the sidebar here.
import { readFileSync } from 'node:fs';
import path from 'node:path';

export const root = path.resolve(import.meta.dirname, '../..');

export interface Page {
  /** The markdown file, from the root of the repository. */
  readonly source: string;
  /** The same page on the site, such as `model-stores.md`. */
  readonly target: string;
  readonly title: string;
}

export interface Section {
  readonly title: string;
  readonly pages: readonly Page[];
}

/** Pages that do not lie in docs/, by the name that they have on the site. */
const targets: Readonly<Record<string, string>> = {
  'README.md': 'index.md',
  'server/README.md': 'command-line.md',
  'charts/ml-api/README.md': 'chart.md',
  'examples/README.md': 'examples.md',
  'CHANGELOG.md': 'changelog.md',
  'CONTRIBUTING.md': 'contributing.md',
};

export const sections: readonly Section[] = readFileSync(path.join(root, 'docs/README.md'), 'utf8')
  .split(/^## /m)
  .slice(1)
  .map((section) => ({
    title: section.slice(0, section.indexOf('\n')),
    pages: Array.from(section.matchAll(/^- \[(.+?)\]\((.+?)\)/gm), ([, title = '', link = '']) => {
      const source = path.posix.join('docs', link);
      return { title, source, target: targets[source] ?? path.posix.basename(source) };
    }),
  }));

export const pages: readonly Page[] = sections.flatMap((section) => section.pages);
