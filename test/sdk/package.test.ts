// The SDK as its users get it: the packed tarball, installed into an empty project.
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { build } from 'esbuild';
import { afterAll, beforeAll, expect, it } from 'vitest';

const root = path.resolve(import.meta.dirname, '../..');
const bin = (name: string) => path.join(root, 'node_modules/.bin', name);
const project = mkdtempSync(path.join(tmpdir(), 'sdk-user-'));
let tarball = '';

beforeAll(() => {
  execFileSync('npm', ['run', '--silent', 'build', '-w', 'sdk'], { cwd: root, stdio: 'pipe' });
  const packed = execFileSync(
    'npm',
    ['pack', '--json', '-w', 'sdk', '--pack-destination', project],
    {
      cwd: root,
      encoding: 'utf8',
      stdio: 'pipe',
    },
  );
  const listing: unknown = JSON.parse(packed);
  const entries: unknown[] = Array.isArray(listing) ? listing : Object.values(Object(listing));
  tarball = path.join(project, String(Reflect.get(Object(entries[0]), 'filename')));
  writeFileSync(path.join(project, 'package.json'), '{"type": "module", "private": true}');
  execFileSync('npm', ['install', '--offline', '--no-audit', '--no-fund', tarball], {
    cwd: project,
    stdio: 'pipe',
  });
});
afterAll(() => rmSync(project, { recursive: true, force: true }));

it('brings no other package along', () => {
  const lock = JSON.parse(readFileSync(path.join(project, 'package-lock.json'), 'utf8'));
  expect(Object.keys(lock.packages)).toEqual(['', 'node_modules/@org/ml-sdk']);
});

it('can be imported, with its types', () => {
  const source = `import { createClient, predict, InvalidInputError, type Prediction } from '@org/ml-sdk';
const answer: () => Promise<Prediction> = () => predict({ inputs: [5.1, 3.5, 1.4, 0.2] });
const client = createClient({ baseUrl: 'http://127.0.0.1:9', retries: 0, version: 'v2' });
const error: unknown = await client.predict({ inputs: [[1, 2]], labels: true }).catch((thrown: unknown) => thrown);
console.log(typeof answer, InvalidInputError.name, error instanceof Error && error.name);
`;
  writeFileSync(path.join(project, 'use.ts'), source);
  writeFileSync(
    path.join(project, 'tsconfig.json'),
    '{"compilerOptions": {"module": "NodeNext", "target": "ES2024", "lib": ["ES2024", "DOM"], "strict": true, "types": []}}',
  );
  execFileSync(bin('tsc'), ['-p', project], { stdio: 'inherit' });
  const printed = execFileSync(process.execPath, [path.join(project, 'use.js')], {
    encoding: 'utf8',
  });
  expect(printed.trim()).toBe('function InvalidInputError NetworkError');
});

it('bundles for a browser without anything of Node', async () => {
  const { outputFiles, warnings } = await build({
    stdin: {
      contents: "import { predict } from '@org/ml-sdk'; globalThis.predict = predict;",
      resolveDir: project,
    },
    bundle: true,
    minify: true,
    format: 'esm',
    platform: 'browser',
    write: false,
    metafile: true,
  });
  expect(warnings).toEqual([]);
  const [bundle] = outputFiles;
  expect(bundle?.text).not.toMatch(/node:|require\(/);
  expect(bundle?.contents.byteLength).toBeLessThan(30_000);
});

it('has a command that explains itself', () => {
  const run = (...args: string[]) =>
    execFileSync(path.join(project, 'node_modules/.bin/ml-sdk'), args, {
      encoding: 'utf8',
      stdio: 'pipe',
    });
  expect(run('--help')).toContain('Usage: ml-sdk generate --from URL');
  expect(() => run('generat')).toThrow('There is no command "generat".');
  expect(() => run('generate')).toThrow('--from is missing.');
  expect(() => run('generate', '--form', 'x')).toThrow("Unknown option '--form'");
});

it('passes publint and attw', () => {
  execFileSync(bin('publint'), ['--strict', tarball], { cwd: project, stdio: 'pipe' });
  execFileSync(bin('attw'), ['--profile', 'esm-only', '--format', 'ascii', tarball], {
    cwd: project,
    stdio: 'pipe',
  });
});

it('is generated from the contract as it is', () => {
  const before = snapshot();
  execFileSync('npm', ['run', '--silent', 'sdk:generate'], { cwd: root, stdio: 'pipe' });
  expect(snapshot()).toBe(before);
});

/** The generated files, as git would see them. */
function snapshot(): string {
  const files = execFileSync('find', ['sdk/src/generated', '-type', 'f'], {
    cwd: root,
    encoding: 'utf8',
  })
    .trim()
    .split('\n');
  return files
    .sort()
    .map((file) => `${file}\n${readFileSync(path.join(root, file), 'utf8')}`)
    .join('\n');
}
