// The programs and commands of docs/sdk.md and docs/versions.md as they stand there, in a project of a user.
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { modelsDir } from '../../server/test/models-dir.ts';
import { keysFile, start } from '../../server/test/start.ts';
import { blockOf, blocksOf } from '../docs/blocks.ts';
import { type Outcome, runBash, runNode } from '../run-program.ts';
import { compile, folder, install, packSdk, root } from './user-project.ts';

const page = 'docs/sdk.md';
const project = folder(tmpdir());

beforeAll(() => {
  install(project, packSdk(project));
  mkdirSync(path.join(project, 'src'));
});
afterAll(() => rmSync(project, { recursive: true }));

const programs = (of: string) =>
  blocksOf(of)
    .filter(({ language }) => language === 'ts')
    .map(({ text }) => text);

/** The program of docs/sdk.md that has this text in it. */
const program = (text: string) => blockOf(page, 'ts', { text });

/** Compiles a program, and runs it against a server. @returns what it printed */
async function run(source: string, env: Readonly<Record<string, string>>): Promise<string> {
  expect(compile(project, source)).toBe('');
  const { code, stdout, stderr } = await runNode(path.join(project, 'dist/use.js'), [], { env });
  expect(code, stderr).toBe(0);
  return stdout.trim();
}

describe('a program of docs/sdk.md', () => {
  it('predicts', async () => {
    const { url } = await start({ LOG_LEVEL: 'silent' });
    const source = `${program('predict({ inputs: [5.1, 3.5, 1.4, 0.2] });\n')}console.log(prediction);`;
    expect(await run(source, { ML_API_URL: url })).toBe('[ 0 ]');
  });

  it('makes a client of a version', async () => {
    const MODEL_DIR = path.join(root, 'model/v2');
    const { url } = await start({ MODEL_DIR, BASE_PATH: '/v2', LOG_LEVEL: 'silent' });
    const source = `declare const process: { env: Record<string, string> };
${program("version: 'v2'").replace('https://ml.example.com', url)}
console.log(prediction, probabilities?.length);`;
    expect(await run(source, { ML_API_KEY: 'a-key' })).toBe('[ 0, 2 ] 2');
  });

  it('tells what is wrong with the inputs', async () => {
    const { url } = await start({ LOG_LEVEL: 'silent' });
    const source = program('InvalidInputError');
    const [, promised] = /\/\/ (\/inputs .*)/.exec(source) ?? [];
    expect(await run(source, { ML_API_URL: url })).toBe(promised);
  });

  it('infers with typed arrays', async () => {
    const { url } = await start({ LOG_LEVEL: 'silent' });
    const source = program("from '@org/ml-sdk';\n\nconst { outputs } = await infer");
    const [, value, promised] = /^(outputs.*); \/\/ (.*)$/m.exec(source) ?? [];
    const printed = await run(`${source}console.log(${value});`, { ML_API_URL: url });
    expect(printed).toBe(promised);
  });

  it.each(['tfserving', 'torchserve'])('has the right types: %s', (server) => {
    const source = `declare const jpeg: Uint8Array;
declare function readFile(name: string): Promise<Uint8Array>;
${program(`@org/ml-sdk/${server}`)}`;
    expect(compile(project, source)).toBe('');
  });
});

describe('docs/backend-for-frontend.md', () => {
  const source = (
    bodies: readonly string[],
  ) => `declare const process: { env: Record<string, string> };
${blockOf('docs/backend-for-frontend.md', 'ts')}
for (const body of ${JSON.stringify(bodies)}) {
  const response = await POST(new Request('http://shop/api/species', { method: 'POST', body }));
  console.log(response.status, JSON.stringify(await response.json()));
}`;

  it('predicts with a key, and tells visitors what they sent wrong', async () => {
    const { url } = await start({ API_KEYS_FILE: keysFile(), LOG_LEVEL: 'silent' });
    const bodies = [
      '{"measurements": [5.1, 3.5, 1.4, 0.2]}',
      '{"measurements": [5.1, 3.5, 1.4, "wide"]}',
      '{"measurements": 7}',
      'no JSON',
    ];
    const printed = await run(source(bodies), { ML_API_URL: url, ML_API_KEY: 'first-key' });
    expect(printed.split('\n')).toEqual([
      '200 {"species":"setosa"}',
      expect.stringMatching(/^422 {"error":\[".*expected .*number.*"\]}$/),
      '400 {"error":"Four measurements are needed."}',
      '400 {"error":"Four measurements are needed."}',
    ]);
  });

  it('tells visitors nothing of its key', async () => {
    const { url } = await start({ API_KEYS_FILE: keysFile(), LOG_LEVEL: 'silent' });
    const bodies = ['{"measurements": [5.1, 3.5, 1.4, 0.2]}'];
    const printed = await run(source(bodies), { ML_API_URL: url, ML_API_KEY: 'a-wrong-key' });
    expect(printed).toBe('503 {"error":"Try again in a moment."}');
  });
});

describe('sdk/README.md', () => {
  const [first = '', second = ''] = programs('sdk/README.md');

  it('predicts', async () => {
    const { url } = await start({ LOG_LEVEL: 'silent' });
    expect(await run(`${first}console.log(prediction);`, { ML_API_URL: url })).toBe('[ 0 ]');
  });

  it('tells what is wrong with the inputs', async () => {
    const { url } = await start({ BASE_PATH: '/v2', LOG_LEVEL: 'silent' });
    const printed = await run(second.replace('https://ml.example.com', url), {});
    expect(printed).toContain("pointer: '/inputs'");
  });

  it('says the same commands as docs/sdk.md', () => {
    expect(blockOf('sdk/README.md', 'sh', { text: 'npm install' })).toBe(
      blockOf(page, 'sh', { section: 'The client of your own model' }),
    );
  });
});

it.each(['sdk/README.md', page, 'docs/several-models.md'])(
  '%s generates the clients of all models, which predict',
  async (of) => {
    const MODELS_DIR = modelsDir({
      iris: path.join(root, 'model/v1'),
      'my-model.v2': path.join(root, 'model/v2'),
    });
    const { url } = await start({ MODELS_DIR, DEFAULT_MODEL: 'iris', LOG_LEVEL: 'silent' });
    const here = (text: string) => text.replaceAll('http://ml.local', url);
    const section = 'The client of your own model';
    const [install = ''] = blockOf(page, 'sh', { section }).split('\n');
    const command = here(blockOf(of, 'sh', { text: '--all' }));
    const { code, stdout, stderr } = await runBash(`set -e\n${install}\n${command}`, {
      cwd: project,
    });
    expect(code, stderr).toBe(0);
    expect(stdout).toContain('src/models/index.ts: createModels() for 2 models');
    const source = here(blockOf(of, 'ts', { text: 'createModels' }));
    const [, value = ''] = /const \{ (\w+)/.exec(source) ?? [];
    expect(compile(project, `${source}console.log(${value}?.[0]);`, 'src/use.ts')).toBe('');
    const used = await runNode(path.join(project, 'dist/src/use.js'));
    expect([used.stdout, used.stderr]).toEqual([value === 'labels' ? 'setosa\n' : '0\n', '']);
  },
);

it.each(programs('docs/versions.md'))(
  'a program of docs/versions.md has the right types',
  (one) => {
    const source = `import { createClient } from '@org/ml-sdk';
declare const customer: { id: string };
declare function count(version: string | undefined): void;
${one}`;
    expect(compile(project, source)).toBe('');
  },
);

describe('a command of docs/sdk.md', () => {
  // Installs what it says from wherever npm installs from.
  const command = (section: string, change: (text: string) => string): Promise<Outcome> =>
    runBash(`set -e\n${change(blockOf(page, 'sh', { section }))}`, { cwd: project });

  it('installs the package that was packed from a clone', () => {
    const [pack = '', install = ''] = blockOf(page, 'sh', { section: 'Install' }).split('\n');
    const [, packed = ''] = /writes (\S+\.tgz)/.exec(pack) ?? [];
    expect(existsSync(path.join(project, packed))).toBe(true); // packSdk() packs as the page does
    expect(install).toContain(`npm install /path/to/ml-api/${packed}`);
  });

  it('generates a client in a project on TypeScript 7', async () => {
    const { url } = await start({ LOG_LEVEL: 'silent' });
    const generate = blockOf(page, 'sh', { section: 'The client of your own model' })
      .split('\n')
      .find((line) => line.startsWith('npx ml-sdk generate'));
    const seven = folder(tmpdir());
    onTestFinished(() => rmSync(seven, { recursive: true }));
    install(seven, packSdk(seven));
    const commands = `set -e
${blockOf(page, 'sh', { section: 'With TypeScript 7' })}
${generate?.replace('http://localhost:5000', url)}
echo "import { predict } from './ml/index.js'; export const one = () => predict({ inputs: [1, 2, 3, 4] });" > src/use.ts
npx tsc --strict --module nodenext --target es2024 --skipLibCheck false --noEmit src/use.ts`;
    const { code, stdout, stderr } = await runBash(commands, { cwd: seven });
    expect(code, stdout + stderr).toBe(0);
    expect(stdout).toMatch(/^Version 7\./m);
    expect(stdout).toContain('src/ml: the client of iris v1');
  });

  it('generates a client, which takes what the model takes and nothing else', async () => {
    const { url } = await start({ LOG_LEVEL: 'silent' });
    const section = 'The client of your own model';
    const { code, stdout, stderr } = await command(section, (text) =>
      text.replace('http://localhost:5000', url),
    );
    expect(code, stderr).toBe(0);
    expect(stdout).toContain('src/ml: the client of iris v1');
    const source = blockOf(page, 'ts', { section });
    const wrong = source.split('\n').findIndex((line) => line.includes('does not compile')) + 1;
    const errors = compile(project, source, 'src/use.ts').trim().split('\n');
    expect(errors[0]).toMatch(new RegExp(`/src/use\\.ts\\(${wrong},\\d+\\): error TS`));
    expect(errors.filter((line) => /error TS/.test(line))).toHaveLength(1);
  });

  it('compares two versions, and prints what it says', async () => {
    const [v1, v2] = await Promise.all(
      ['v1', 'v2'].map((version) =>
        start({ MODEL_DIR: path.join(root, 'model', version), LOG_LEVEL: 'silent' }),
      ),
    );
    const { inputs } = JSON.parse(readFileSync(path.join(root, 'model/v1/golden.json'), 'utf8'));
    const species = ['setosa', 'versicolor', 'virginica']; // Fisher's data: 50 of each, in this order
    const lines = inputs.map((row: number[], i: number) => `${row},${species[Math.floor(i / 50)]}`);
    const header = 'sepal length,sepal width,petal length,petal width,species';
    writeFileSync(path.join(project, 'iris.csv'), [header, ...lines, ''].join('\n'));

    const section = 'Two versions compared before users see one';
    const { code, stdout, stderr } = await command(section, (text) =>
      text
        .replace('http://ml.local/v1', v1?.url ?? '')
        .replace('http://ml.local/v2', v2?.url ?? ''),
    );
    expect(code, stderr).toBe(0);
    const anyTime = (text: string) =>
      text.replaceAll(/http:\/\/\S+:/g, 'URL:').replaceAll(/[\d.]+ ms/g, 'T ms');
    const promised = blockOf(page, 'text', { section }).trim();
    const printed = stdout.slice(stdout.indexOf('champion ')).trim();
    expect(anyTime(printed).startsWith(anyTime(promised)), printed).toBe(true);
  });
});
