// Exit codes, which pipelines decide by: each command with each of those that it has, as server/README.md lists them.
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { EXIT as ofSdk } from '../sdk/src/cli/exit-codes.ts';
import { EXIT } from '../server/src/util/exit-codes.ts';
import { folder, serveFile } from '../server/test/file-server.ts';
import { collect, exitOf, launch, main } from '../server/test/program.ts';
import { start } from '../server/test/start.ts';
import { type Outcome, runBash, runNode } from './run-program.ts';
import { root } from './sdk/user-project.ts';

const iris = path.join(root, 'model/v1');
/** Where nobody listens. */
const NOBODY = 'http://127.0.0.1:1';

const mlApi = (args: readonly string[], env: Record<string, string> = {}): Promise<Outcome> =>
  runNode(main, args, { cwd: folder(), env: { HOST: '127.0.0.1', PORT: '0', ...env } });

/** A server of iris, until the test ends. */
const server = async () => (await start({ LOG_LEVEL: 'silent' })).url;

/** Golden predictions that no model makes. */
function wrongGolden(): string {
  const golden = JSON.parse(readFileSync(path.join(iris, 'golden.json'), 'utf8'));
  const file = path.join(folder(), 'golden.json');
  writeFileSync(file, JSON.stringify({ ...golden, prediction: golden.prediction.map(() => 7) }));
  return file;
}

/** A Prometheus that has this to say to everything. */
async function prometheus(value: string): Promise<string> {
  const { url } = await serveFile((_req, res) => {
    res.setHeader('Content-Type', 'application/json');
    const result = [{ metric: {}, value: [0, value] }];
    res.end(JSON.stringify({ status: 'success', data: { resultType: 'vector', result } }));
  });
  return url;
}

function rows(): string {
  const file = path.join(folder(), 'rows.jsonl');
  writeFileSync(file, '[5.1,3.5,1.4,0.2]\n[6.1,2.8,4.9,1.65]\n');
  return file;
}

const gateArgs = (url: string, maxDisagreement = '1') => [
  'gate',
  '--prometheus',
  url,
  '--series',
  'pod="a"',
  '--version',
  'v2',
  '--max-disagreement',
  maxDisagreement,
];

const compareArgs = (champion: string, challenger: string, ...more: string[]) => [
  'compare',
  '--champion',
  champion,
  '--challenger',
  challenger,
  '--data',
  rows(),
  ...more,
];

type Case = readonly [what: string, args: () => Promise<readonly string[]> | readonly string[]];

describe.each<readonly [code: keyof typeof EXIT, cases: readonly Case[]]>([
  [
    'done',
    [
      ['--help', () => ['--help']],
      ['--version', () => ['--version']],
      ['help of a command', () => ['verify', '-h']],
      ['the same by its name', () => ['help', 'verify']],
      ['init', () => ['init', 'my-model']],
      ['fetch', () => ['fetch', iris, '--dir', 'here']],
      ['inspect', () => ['inspect', path.join(iris, 'model.onnx')]],
      ['completion', () => ['completion', 'fish']],
      [
        'verify',
        async () => [
          'verify',
          '--target',
          `a=${await server()}`,
          '--golden',
          path.join(iris, 'golden.json'),
        ],
      ],
      ['gate', async () => gateArgs(await prometheus('5000'))],
      ['compare', async () => compareArgs(await server(), await server(), '--min-agreement', '1')],
      ['report', async () => ['report', '--prometheus', await prometheus('0')]],
    ],
  ],
  [
    'no',
    [
      [
        'verify, whose model predicts something else',
        async () => ['verify', '--target', `a=${await server()}`, '--golden', wrongGolden()],
      ],
      [
        'verify, whose server does not respond',
        () => [
          'verify',
          '--target',
          `a=${NOBODY}`,
          '--timeout-ms',
          '100',
          '--golden',
          path.join(iris, 'golden.json'),
        ],
      ],
      ['gate, where few rows were compared', async () => gateArgs(await prometheus('1'))],
      [
        'gate, where too many rows disagree',
        async () => gateArgs(await prometheus('5000'), '0.01'),
      ],
      [
        'compare, where too few rows agree',
        async () =>
          compareArgs(
            await server(),
            (
              await start({
                LOG_LEVEL: 'silent',
                MODEL_DIR: path.join(root, 'server/test/models/line'),
              })
            ).url,
            '--min-agreement',
            '1',
          ),
      ],
    ],
  ],
  [
    'usage',
    [
      ['inspect of nothing', () => ['inspect', '']],
      ['no such command', () => ['server']],
      ['serve', () => ['serve', '--port', '5000']],
      ['init', () => ['init', 'a', 'b']],
      [
        'fetch, with a negative time',
        () => ['fetch', 's3://models/iris', '--dir', 'a', '--follow', '-1'],
      ],
      ['fetch, without a value', () => ['fetch', 's3://models/iris', '--dir']],
      ['fetch, from no store', () => ['fetch', 'ftp://models/iris', '--dir', 'a']],
      ...[
        's3:///iris',
        'gs://',
        'az://account',
        'hf://model',
        'hf://org/model@%zz',
        'mlflow://iris',
        'oci://-/iris',
        'oci://localhost:99999/iris:1',
        'oci://[:::]/iris:1',
        'https://[',
        'file://host/iris',
      ].map((uri): Case => [`fetch, from ${uri}`, () => ['fetch', uri, '--dir', 'a']]),
      ['inspect', () => ['inspect']],
      ['completion', () => ['completion', 'tcsh']],
      ['verify', () => ['verify']],
      ['gate', () => ['gate', '--min-rows', '-1']],
      ['generate', () => ['generate']],
      ['compare', () => compareArgs(NOBODY, NOBODY, '--min-agreement', '2')],
      ['report', () => ['report', '--prometheus', NOBODY, '--window', 'ever']],
    ],
  ],
  [
    'failed',
    [
      ['serve', () => ['serve', '/nowhere']],
      ['init', () => ['init', 'a', '--model', '/nowhere.onnx']],
      ['fetch', () => ['fetch', '/nowhere', '--dir', 'a']],
      ['inspect', () => ['inspect', '/nowhere.onnx']],
      ['verify', () => ['verify', '--target', `a=${NOBODY}`, '--golden', '/nowhere.json']],
      ['gate', () => gateArgs(NOBODY)],
      ['generate', () => ['generate', '--from', NOBODY]],
      ['compare', () => compareArgs(NOBODY, NOBODY)],
      ['report', () => ['report', '--prometheus', NOBODY]],
    ],
  ],
])('%s', (name, cases) => {
  it.each(cases)('%s', async (_what, args) => {
    const { code, stdout, stderr } = await mlApi(await args());
    expect(code, stdout + stderr).toBe(EXIT[name]);
    expect(stderr).not.toMatch(/^ +at /m);
    if (name === 'done') expect(stderr).toBe('');
    else expect(stderr.trim()).not.toBe('');
  });
});

it.each([
  ['PORT', 'http'],
  ['MAX_ROWS', '9000'],
  ['SERVING_THREADS', '-1'],
])('serve ends with 2 for the setting %s=%s', async (variable, value) => {
  expect(await mlApi(['serve', iris], { [variable]: value })).toMatchObject({ code: EXIT.usage });
});

it('serve ends with 0 when it is told to stop, and every other command with the number of its signal', async () => {
  const child = launch(['serve', '--try']);
  const err = collect(child.stderr);
  await expect.poll(() => err.text).toContain('Stop with Ctrl-C');
  child.kill('SIGINT');
  expect(await exitOf(child)).toBe(0);
  const { url, calls } = await serveFile(() => {}); // never responds
  const fetching = launch(['fetch', `${url}/model.onnx`, '--dir', path.join(folder(), 'a')]);
  await expect.poll(calls).toBe(1);
  fetching.kill('SIGINT');
  expect(await exitOf(fetching)).toBe(130);
});

it('an option whose value is missing or looks like an option is named, with what was expected', async () => {
  const follow = await mlApi(['fetch', 's3://models/iris', '--dir', 'a', '--follow', '-1']);
  expect(follow.stderr).toContain(
    '--follow: expected a whole number of seconds from 0 to 86400, got "-1"',
  );
  const dir = await mlApi(['fetch', 's3://models/iris', '--dir', '--follow', '3']);
  expect(dir.stderr).toContain(
    'fetch: --dir: expected DIR, got none; one that begins with a dash is written --dir=-…',
  );
  const window = await mlApi(['report', '--window', '--json']);
  expect(window.stderr).toContain('--window: expected DURATION, got none.');
});

it('the SDK has the same codes, and server/README.md lists them all', () => {
  expect(ofSdk).toEqual(EXIT);
  const page = readFileSync(path.join(root, 'server/README.md'), 'utf8');
  const [, section = ''] = page.split('## Exit codes');
  const listed = [...(section.split('\n## ')[0] ?? '').matchAll(/^\| (\d+) \|/gm)];
  expect(listed.map(([, code]) => Number(code))).toEqual(Object.values(EXIT));
});

it
  .skipIf(!existsSync('/dev/full'))
  .each([
    '--help',
    'inspect --help',
    'completion bash',
    `inspect ${path.join(iris, 'model.onnx')}`,
  ])('failed is what cannot write its output, and says so: %s', async (command) => {
  const { code, stderr } = await runBash(`exec node ${main} ${command} > /dev/full`);
  expect([code, stderr]).toEqual([
    EXIT.failed,
    'The output could not be written: ENOSPC: no space left on device, write.\n',
  ]);
});

it('a reader who has gone is no failure', async () => {
  const { stdout } = await runBash(
    `node ${main} completion bash | head -n 1; echo "\${PIPESTATUS[0]}"`,
  );
  expect(stdout.trim().split('\n').at(-1)).toBe('0');
});
