// The documentation as a site: `npm run docs:site`. The pages are the markdown files that GitHub shows.
import { globSync } from 'node:fs';
import { defineConfig } from 'vitepress';
import { literalBraces } from './braces.ts';
import { pages, root, sections } from './contents.ts';
import { diagrams } from './diagrams.ts';
import { REPOSITORY, siteLinks, slugify } from './links.ts';

const published = new Set(pages.map(({ source }) => source));
const others = globSync('**/*.md', { cwd: root, exclude: ['**/node_modules', '**/.*'] }).filter(
  (file) => !published.has(file),
);

export default defineConfig({
  title: 'ml-api',
  description: 'ONNX models on Kubernetes, with a typed TypeScript client',
  base: './', // the site works below any path, such as that of GitHub Pages
  srcDir: root,
  outDir: `${root}/.cache/site`,
  cacheDir: `${root}/.cache/vitepress`,
  srcExclude: ['**/node_modules/**', ...others],
  additionalConfig: {}, // without it, VitePress takes every config.ts of the repository for one of its own
  ignoreDeadLinks: 'localhostLinks',
  rewrites: Object.fromEntries(pages.map(({ source, target }) => [source, target])),
  // Otherwise Vite scans every HTML file of the repository, the playground's included.
  vite: { optimizeDeps: { entries: ['docs/.vitepress/theme/index.ts'] } },
  themeConfig: {
    search: { provider: 'local' },
    sidebar: sections.map(({ title, pages }) => ({
      text: title,
      items: pages.map(({ title, target }) => ({
        text: title,
        link: `/${target.replace(/(index)?\.md$/, '')}`,
      })),
    })),
    outline: [2, 3],
    editLink: { pattern: `${REPOSITORY}/edit/main/:path` },
    socialLinks: [{ icon: 'github', link: REPOSITORY }],
  },
  markdown: {
    anchor: { slugify },
    attrs: false, // GitHub has none: braces are text
    emoji: false,
    config(md) {
      for (const use of [siteLinks, diagrams, literalBraces]) use(md);
    },
  },
});
