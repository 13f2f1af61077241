// The docs are true: generated pages are in step, links lead somewhere, and the README's commands work as written.
import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { start } from '../../server/test/start.ts';
import { apiPage } from './api-page.ts';
import { blockOf, blocksOf } from './blocks.ts';
import { configurationPage } from './configuration-page.ts';
import { metricsPage } from './metrics-page.ts';
import { sh } from './sh.ts';

const root = path.resolve(import.meta.dirname, '../..');
const read = (file: string) => readFileSync(path.join(root, file), 'utf8');
const pages = execFileSync(
  'git',
  ['ls-files', '--cached', '--others', '--exclude-standard', '*.md'],
  {
    cwd: root,
    encoding: 'utf8',
  },
)
  .trim()
  .split('\n');

it('docs/api.md is what the contract says', () => {
  expect(read('docs/api.md')).toBe(apiPage());
});

it('docs/configuration.md is what the settings say', () => {
  expect(read('docs/configuration.md')).toBe(configurationPage());
});

it('docs/metrics.md is what the registry says', async () => {
  expect(read('docs/metrics.md')).toBe(await metricsPage());
});

it('docs/README.md, the sidebar of the site, has every page of docs/', () => {
  const links = [...read('docs/README.md').matchAll(/^- \[.+?\]\(([\w-]+\.md)\)/gm)];
  const listed = links.map(([, link]) => `docs/${link}`).sort();
  const own = pages.filter((page) => page.startsWith('docs/') && page !== 'docs/README.md').sort();
  expect(listed).toEqual(own);
});

it.each(pages)('%s links only to files that are there', (page) => {
  const links = [...read(page).matchAll(/\]\((?!https?:|#|mailto:)([^)#\s]+)/g)].map(
    ([, link]) => link ?? '',
  );
  const missing = links.filter((link) => !existsSync(path.join(root, path.dirname(page), link)));
  expect(missing).toEqual([]);
});

/** What runs the commands and programs of each page, block by block. A new one needs a test, or a reason here. */
const CI = '.ci/run'; // runs these commands itself, but for `npm start`, which COMMANDS run
const DOCS = 'test/docs/docs.test.ts';
const COMMANDS = 'test/docs/commands.test.ts';
const SDK = 'test/sdk/docs.test.ts';
const INSTALLED = 'test/installed.test.ts';
const HUGGING_FACE = 'test/examples/hugging-face.test.ts';
const VALUES = 'test/examples/values.test.ts';
const NODE_SERVICE = 'test/examples/node-service.test.ts';
const SEVERAL = 'test/docs/several-models.test.ts';
const ON_A_CLUSTER = 'test/e2e/readme.test.ts';
const VERSIONS = 'test/e2e/versions-walk.slow.ts';
const MODELS = 'test/models/bring-your-own.test.ts';
const ALL_MODELS = 'test/models/bring-your-own.slow.ts';
const runBy: Readonly<Record<string, readonly string[]>> = {
  'README.md': [CI, DOCS, DOCS, COMMANDS, ON_A_CLUSTER, ON_A_CLUSTER],
  'charts/ml-api/README.md': [ON_A_CLUSTER],
  'docs/backend-for-frontend.md': [SDK],
  'docs/bring-your-own-model.md': [COMMANDS, COMMANDS, MODELS, MODELS, ALL_MODELS, ALL_MODELS],
  'docs/cluster.md': [CI],
  // Builds an image of 2.5 GB more: by hand. What it lacks without a card is tested by test/image where it is there.
  'docs/gpu.md': ['test/e2e/gpu.test.ts', 'test/image/image.test.ts'],
  // The second by podman-compose, and without Grafana.
  'docs/monitoring.md': [ON_A_CLUSTER, 'test/image/compose.test.ts', ON_A_CLUSTER],
  'docs/open-inference-protocol.md': ['test/clients/clients.test.ts', DOCS],
  'docs/performance.md': [COMMANDS],
  // The second with a key in place of the identity of a workflow.
  'docs/releasing.md': ['test/release/rehearsal.test.ts', 'test/release/rehearsal.test.ts'],
  'docs/sdk.md': [SDK, SDK, SDK, SDK, SDK, SDK, SDK, SDK, SDK, SDK, SDK, SDK, INSTALLED, SDK],
  'docs/several-models.md': [SEVERAL, SEVERAL, SDK, SDK, SEVERAL, SEVERAL],
  'docs/tutorial.md': [ON_A_CLUSTER],
  'docs/versions.md': [
    VERSIONS,
    VERSIONS,
    VERSIONS,
    VERSIONS,
    VERSIONS,
    VERSIONS,
    SDK,
    VERSIONS,
    VERSIONS,
  ],
  'server/README.md': [INSTALLED, 'test/init.test.ts', 'test/completion.test.ts'],
  'examples/github-actions/README.md': ['test/examples/github-actions.test.ts'],
  'examples/gitops/README.md': ['test/examples/gitops.test.ts'],
  // The second needs the Hub: the test's own one has the first's model.
  'examples/hugging-face/README.md': [HUGGING_FACE, HUGGING_FACE],
  'examples/mlflow/README.md': ['test/sources/mlflow-example.test.ts'],
  'examples/node-service/README.md': [NODE_SERVICE, NODE_SERVICE],
  // Needs a cluster with a GPU: what the commands install is rendered.
  'examples/vllm/README.md': [VALUES, VALUES],
  'examples/web-app/README.md': ['test/browser/web-app.test.ts'],
  'sdk/README.md': [SDK, SDK, SDK, SDK, SDK],
};

it.each(pages)('what %s says to run is run by a test', (page) => {
  const blocks = blocksOf(page).filter(({ language }) => /^(sh|ts|python)$/.test(language));
  const tests = runBy[page] ?? [];
  expect(blocks.map(({ text }, i) => [text, tests[i]])).toEqual(
    blocks.map(({ text }) => [text, expect.any(String)]),
  );
  expect(tests).toHaveLength(blocks.length);
  for (const test of tests) expect(existsSync(path.join(root, test)), test).toBe(true);
});

/** The npm scripts that a page speaks of: those of its example, else the repository's. */
function scriptsOf(page: string): object {
  const own = path.join(path.dirname(page), 'package.json');
  const isOfExample = page.startsWith('examples/') && existsSync(path.join(root, own));
  return JSON.parse(read(isOfExample ? own : 'package.json')).scripts;
}

describe('README.md', () => {
  it('has a curl command that answers what it says, and npm scripts that exist', async () => {
    const { url } = await start({ LOG_LEVEL: 'silent' });
    const [, command = '', answer] = /^(curl .*)\n# (.*)$/m.exec(read('README.md')) ?? [];
    const printed = await sh(`${command.replace('localhost:5000', url)} --silent`);
    expect(printed).toBe(answer);

    const unknown = pages.flatMap((page) => {
      const scripts = scriptsOf(page);
      const named = [...read(page).matchAll(/npm run (?:--silent )?([\w:-]+)/g)];
      return named.map(([, name]) => name).filter((name) => !(String(name) in scripts));
    });
    expect(unknown).toEqual([]);
  });

  it('has TypeScript that runs as written', async () => {
    const { url } = await start({ LOG_LEVEL: 'silent' });
    const code = blockOf('README.md', 'ts');
    const [, comment] = /\/\/ (.*)$/m.exec(code) ?? [];
    const printed = await sh(`ML_API_URL=${url} node --input-type=module <<'EOF'\n${code}\nEOF`);
    expect(printed.trim()).toBe(
      comment?.replaceAll('[0]', '[ 0 ]').replaceAll("['setosa']", "[ 'setosa' ]"),
    );
  });
});

it('docs/open-inference-protocol.md has a curl command that works', async () => {
  const { url } = await start({ LOG_LEVEL: 'silent' });
  const command = blockOf('docs/open-inference-protocol.md', 'sh');
  const printed = await sh(`${command.trim().replace('localhost:5000', url)} --silent`);
  const [label] = JSON.parse(printed).outputs;
  expect(label).toMatchObject({ name: 'label', data: [0] });
});
