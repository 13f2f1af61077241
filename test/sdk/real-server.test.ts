// The SDK against the real predictor: golden vectors, and the client generated from a running server.
import { execFile, execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { createClient, InvalidInputError } from '../../sdk/src/index.ts';
import { start } from '../../server/test/start.ts';

const root = path.resolve(import.meta.dirname, '../..');
const modelDirectory = (version: string) => path.join(root, 'model', version);

describe.each(['v1', 'v2'])('iris %s', (version) => {
  it('gives all 150 golden predictions, one by one and as a batch', async () => {
    const golden = JSON.parse(
      readFileSync(path.join(modelDirectory(version), 'golden.json'), 'utf8'),
    );
    const { url } = await start({
      MODEL_DIR: modelDirectory(version),
      BASE_PATH: `/${version}`,
      LOG_LEVEL: 'silent',
    });
    const { predict } = createClient({ baseUrl: url, version });
    const alone = await Promise.all(
      golden.inputs.map((row: number[]) => predict({ inputs: row, labels: true })),
    );
    expect(alone.map(({ prediction }) => prediction[0])).toEqual(golden.prediction);
    expect(alone.map(({ labels }) => labels?.[0])).toEqual(golden.labels);
    expect(await predict({ inputs: golden.inputs })).toEqual({ prediction: golden.prediction });
  });
});

it('tells where an input is wrong', async () => {
  const { url } = await start({ LOG_LEVEL: 'silent' });
  const { predict } = createClient({ baseUrl: url });
  const error = await predict({ inputs: [5.1, 3.5, 1.4] }).catch((thrown: unknown) => thrown);
  expect(error).toBeInstanceOf(InvalidInputError);
  expect(error).toMatchObject({
    errors: [{ pointer: '/inputs', detail: expect.stringContaining('got 3') }],
  });
});

it('reads the model, the contract and the readiness', async () => {
  const { url, stop } = await start({ LOG_LEVEL: 'silent' });
  const client = createClient({ baseUrl: url });
  expect(await client.getModel()).toMatchObject({
    name: 'iris',
    version: 'v1',
    task: 'classification',
  });
  expect(await client.getContract()).toMatchObject({
    openapi: '3.1.1',
    info: { title: 'iris v1' },
  });
  expect(await client.isReady()).toBe(true);
  await stop();
  expect(await client.isReady()).toBe(false);
});

describe('the client generated from a running server', () => {
  const generate = async (url: string) => {
    const directory = mkdtempSync(path.join(root, 'test/sdk/.generated-'));
    onTestFinished(() => rmSync(directory, { recursive: true, force: true }));
    const out = path.join(directory, 'ml');
    const { stderr } = await runNode(path.join(root, 'sdk/generate.ts'), {}, [
      '--from',
      url,
      '--out',
      out,
    ]);
    if (stderr !== '') throw new Error(stderr);
    return directory;
  };
  const compile = (directory: string, source: string): string => {
    writeFileSync(path.join(directory, 'use.ts'), source);
    writeFileSync(
      path.join(directory, 'tsconfig.json'),
      JSON.stringify({
        compilerOptions: {
          target: 'ES2024',
          lib: ['ES2024', 'DOM', 'DOM.Iterable'],
          module: 'NodeNext',
          strict: true,
          skipLibCheck: true,
          types: [],
          outDir: 'dist',
        },
        include: ['use.ts'],
      }),
    );
    mkdirSync(path.join(directory, 'dist'), { recursive: true });
    try {
      execFileSync(path.join(root, 'node_modules/.bin/tsc'), ['-p', directory], {
        encoding: 'utf8',
        stdio: 'pipe',
      });
      return '';
    } catch (error) {
      return error instanceof Error && 'stdout' in error ? String(error.stdout) : String(error);
    }
  };

  it('takes exactly what the model takes, runs, and knows the contract', async () => {
    execFileSync('npm', ['run', '--silent', 'build', '-w', 'sdk'], { cwd: root, stdio: 'pipe' });
    const { url, context } = await start({ LOG_LEVEL: 'silent' });
    const directory = await generate(url);
    writeFileSync(path.join(directory, 'package.json'), '{"type": "module"}');
    const use = (call: string) => `import { predict } from './ml/index.js';\n${call}\n`;

    expect(compile(directory, use('await predict({ inputs: [5.1, 3.5, 1.4] });'))).toContain(
      'error TS',
    );
    expect(compile(directory, use("await predict({ inputs: ['5.1', 3.5, 1.4, 0.2] });"))).toContain(
      'error TS',
    );
    expect(
      compile(
        directory,
        use(`import { contractHash } from './ml/runtime.js';
const { prediction, labels } = await predict({ inputs: [5.1, 3.5, 1.4, 0.2], labels: true });
const first: number | undefined = prediction[0];
const label: 'setosa' | 'versicolor' | 'virginica' | undefined = labels?.[0];
console.log(JSON.stringify([first, label, contractHash]));`),
      ),
    ).toBe('');
    const printed = await runNode(path.join(directory, 'dist/use.js'));
    expect(JSON.parse(printed.stdout)).toEqual([0, 'setosa', context.contract.hash]);
    expect(printed.stderr).toBe('');

    const other = await start({ MODEL_DIR: modelDirectory('v2'), LOG_LEVEL: 'silent' });
    const moved = await runNode(path.join(directory, 'dist/use.js'), { ML_API_URL: other.url });
    expect(moved.stderr).toContain('the contract of iris v2 has the hash');
  });

  it.each([
    [
      'no server',
      'http://127.0.0.1:9',
      /127\.0\.0\.1:9\/openapi\.json cannot be reached: .*Is the server running there\?/,
    ],
    [
      'no URL',
      'localhost',
      /--from: expected a URL such as http:\/\/localhost:5000, got "localhost"/,
    ],
  ])('is refused with a sentence where there is %s', async (_name, url, message) => {
    await expect(generate(url)).rejects.toThrow(message);
  });

  it('is refused where the server is not ml-api', async () => {
    const { metricsPort } = await start({ METRICS_PORT: '0', LOG_LEVEL: 'silent' });
    await expect(generate(`http://127.0.0.1:${metricsPort}`)).rejects.toThrow(
      'answered 404. Is --from the address of an ml-api server?',
    );
  });
});

/** Runs a program without blocking this process, which serves it. */
async function runNode(
  file: string,
  env: Record<string, string> = {},
  args: string[] = [],
): Promise<{ stdout: string; stderr: string }> {
  return new Promise((resolve) =>
    execFile(
      process.execPath,
      [file, ...args],
      { env: { ...process.env, ...env } },
      (_error, stdout, stderr) => resolve({ stdout, stderr }),
    ),
  );
}
