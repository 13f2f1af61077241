// A store that is down: what an earlier fetch of the same place has left will do, where that is wanted, and nothing else will.
import { readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { archive, folder, iris, model, serveFile, sum } from './file-server.ts';
import { collect, launch, run } from './program.ts';
import { hub } from './stores/hub.ts';

/** A store that can be down, by what it then answers. */
const DOWN = [
  ['answers with 503', 503],
  ['cuts connections', undefined],
] as const;

async function store() {
  let status: number | undefined | 'up' = 'up';
  const { env } = await hub({
    files: { 'model.onnx': model, 'model.json': readFileSync(path.join(iris, 'model.json')) },
    before(_req, res) {
      if (status === 'up') return false;
      if (status === undefined) res.destroy();
      else res.writeHead(status).end();
      return true;
    },
  });
  return {
    env: env as Record<string, string>,
    end: (by: number | undefined) => {
      status = by;
    },
    begin: () => {
      status = 'up';
    },
  };
}

/** What differs from the first fetch. */
interface Case {
  readonly uri?: string;
  readonly status?: number;
  readonly args?: readonly string[];
  readonly env?: Record<string, string>;
  readonly spoil?: (directory: string) => void;
}

const KEEP = { FETCH_IF_UNAVAILABLE: 'keep' };
const held = (directory: string) => readFileSync(path.join(directory, 'model.onnx'));

describe.for(DOWN)('a store that %s', ([, status]) => {
  it('serve goes on with what it has kept, and says so', async () => {
    const { env, end } = await store();
    const settings = { ...env, MODEL_CACHE_DIR: folder() };
    const served = async () => {
      const child = launch(['serve', 'hf://org/model'], settings);
      const [out, err] = [collect(child.stdout), collect(child.stderr)];
      await expect.poll(() => out.text, { timeout: 30_000 }).toContain('"msg":"ready"');
      return err.text;
    };
    expect(await served()).not.toContain('Going on');
    end(status);
    expect(await served()).toMatch(
      /^hf:\/\/org\/model could not be downloaded in 4 attempts: .+\. \S+ holds the model that was fetched from there at 20\S+Z\. Going on with it\.$/m,
    );
    const { code, stderr } = await run(['serve', 'hf://org/model'], {
      ...settings,
      FETCH_IF_UNAVAILABLE: 'fail',
    });
    expect(stderr).toMatch(/holds the model .+: FETCH_IF_UNAVAILABLE=keep goes on with it\.$/m);
    expect(code).toBe(3);
  }, 60_000);

  it('fetch fails unless it is told to keep, and changes nothing', async () => {
    const { env, end } = await store();
    const directory = folder();
    const fetch = (more = {}) =>
      run(['fetch', 'hf://org/model', '--dir', directory], { ...env, ...more });
    expect((await fetch()).code).toBe(0);
    const before = readFileSync(path.join(directory, '.model-sha256'), 'utf8');
    end(status);
    const [failed, kept] = await Promise.all([fetch(), fetch(KEEP)]);
    expect([failed.code, failed.stderr]).toEqual([
      3,
      expect.stringMatching(/holds the model .+: FETCH_IF_UNAVAILABLE=keep goes on with it\.\n$/),
    ]);
    expect([kept.code, kept.stderr]).toEqual([0, '']);
    expect(kept.stdout).toMatch(/holds the model .+Z\. Going on with it\.\n$/);
    expect(readFileSync(path.join(directory, '.model-sha256'), 'utf8')).toBe(before);
  }, 60_000);
});

describe('what a directory holds does not do', () => {
  it('where anything else is wanted, where it is not as it came, and where the store says no', async () => {
    const uri = 'hf://org/model';
    const spoiling = (spoil: (file: string) => void) => (directory: string) =>
      spoil(path.join(directory, 'model.onnx'));
    const cases: readonly (readonly [string, Case])[] = [
      ['another revision', { uri: `${uri}@v1` }],
      ['another server', { env: { HF_ENDPOINT: 'http://127.0.0.1:9' } }],
      ['all files', { args: ['--all'] }],
      ['the model of a sum', { args: ['--sha256', '0'.repeat(64)] }],
      ['changed', { spoil: spoiling((file) => writeFileSync(file, 'spoiled')) }],
      ['gone', { spoil: spoiling((file) => rmSync(file)) }],
      ['denied', { status: 403 }],
    ];
    const ended = await Promise.all(
      cases.map(
        async ([name, { uri: wanted = uri, status = 503, args = [], spoil, env: other }]) => {
          const { env, end } = await store();
          const directory = folder();
          expect((await run(['fetch', uri, '--dir', directory], env)).code).toBe(0);
          end(status);
          spoil?.(directory);
          const fetch = ['fetch', wanted, '--dir', directory, ...args];
          return { name, ...(await run(fetch, { ...env, ...KEEP, ...other })) };
        },
      ),
    );
    for (const { name, code, stdout, stderr } of ended) {
      expect([name, code, stdout]).toEqual([name, 3, expect.not.stringContaining('Going on')]);
      expect(stderr, name).not.toContain('FETCH_IF_UNAVAILABLE');
    }
  }, 60_000);

  it('of another address, though an archive of it came from the same server', async () => {
    let down = false;
    const data = archive('-C', iris, '.');
    const { url } = await serveFile((_req, res) => (down ? res.destroy() : res.end(data)));
    const directory = folder();
    const fetch = (address: string) => run(['fetch', address, '--dir', directory], KEEP);
    expect((await fetch(`${url}/a.tgz?sig=one`)).code).toBe(0);
    down = true;
    const [same, other] = await Promise.all([
      fetch(`${url}/a.tgz?sig=two`),
      fetch(`${url}/b.tgz?sig=one`),
    ]);
    expect([same.code, other.code]).toEqual([0, 3]);
  }, 60_000);
});

it('what was asked for last counts, by whatever name it came before', async () => {
  const { env, end } = await store();
  const directory = folder();
  const fetch = (uri: string) => run(['fetch', uri, '--dir', directory], { ...env, ...KEEP });
  await fetch('hf://org/model@v1');
  expect((await fetch('hf://org/model')).stdout).toContain('already');
  end(503);
  const [first, last] = await Promise.all([fetch('hf://org/model@v1'), fetch('hf://org/model')]);
  expect([first.code, last.code]).toEqual([3, 0]);
  expect(readdirSync(directory).filter((name) => name.startsWith('.'))).toEqual(['.model-sha256']);
}, 60_000);

it('a cache gives a new directory what each name had last', async () => {
  const { env, end } = await store();
  const cache = folder();
  const fetch = (uri: string, more = {}) => {
    const directory = folder();
    const settings = { ...env, ...KEEP, FETCH_CACHE_DIR: cache, ...more };
    return run(['fetch', uri, '--dir', directory], settings).then((ended) => ({
      ...ended,
      directory,
    }));
  };
  for (const uri of ['hf://org/model@v1', 'hf://org/model'])
    expect((await fetch(uri)).code).toBe(0);
  end(503);
  const [v1, main, never, unwanted, pinned] = await Promise.all([
    fetch('hf://org/model@v1'),
    fetch('hf://org/model'),
    fetch('hf://org/model@refs/pr/1'),
    fetch('hf://org/model', { FETCH_IF_UNAVAILABLE: 'fail' }),
    fetch('hf://org/model', { MODEL_SHA256: '0'.repeat(64) }),
  ]);
  for (const { code, stdout, stderr, directory } of [v1, main]) {
    expect([code, stderr]).toEqual([0, '']);
    expect(stdout).toMatch(/ in 4 attempts: .+\. Going on with the model of an earlier fetch\.\n$/);
    expect(held(directory)).toEqual(model);
  }
  for (const { code, directory } of [never, unwanted, pinned]) {
    expect(code).toBe(3);
    expect(readdirSync(directory)).toEqual([]);
  }
  // What was copied is known by its name, too; an entry that is spoiled is of no use.
  const [entry = ''] = readdirSync(cache).filter((name) => name.length === 64);
  writeFileSync(path.join(cache, entry, 'model.onnx'), 'spoiled');
  const [again, spoiled] = await Promise.all([
    run(['fetch', 'hf://org/model', '--dir', main.directory], { ...env, ...KEEP }),
    fetch('hf://org/model'),
  ]);
  expect([again.code, spoiled.code]).toEqual([0, 3]);
}, 60_000);

it('what follows a name begins with what is there, and goes on to look', async () => {
  const { env, end, begin } = await store();
  const directory = folder();
  const args = ['fetch', 'hf://org/model', '--dir', directory];
  await run(args, env);
  end(503);
  const child = launch([...args, '--follow', '1'], { ...env, ...KEEP });
  const out = collect(child.stdout);
  await expect.poll(() => out.text, { timeout: 30_000 }).toContain('Going on with it.');
  begin();
  await expect.poll(() => out.text, { timeout: 30_000 }).toContain('already.');
  expect(sum(held(directory))).toBe(sum(model));
}, 60_000);
