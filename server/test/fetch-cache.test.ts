// A cache that fetchers share: downloaded once, copied whole, bounded, and never in the way.
import { execFileSync } from 'node:child_process';
import {
  chmodSync,
  cpSync,
  existsSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  truncateSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import path from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { folder, iris, model, serveFile, sum } from './file-server.ts';
import { collect, exitOf, launch, run } from './program.ts';

const fetched = (uri: string, cache: string, env: Record<string, string> = {}) => {
  const directory = folder();
  const ended = run(['fetch', uri, '--dir', directory], { FETCH_CACHE_DIR: cache, ...env });
  return ended.then((end) => ({ ...end, directory }));
};
const entriesOf = (cache: string) =>
  readdirSync(cache)
    .filter((name) => name !== '.origins')
    .sort();
const source = (bytes: number) => {
  const place = folder();
  cpSync(iris, place, { recursive: true });
  writeFileSync(path.join(place, 'weights.bin'), Buffer.alloc(bytes, bytes));
  return place;
};

it('brings a model once for all, and asks nobody for one that its sum names', async () => {
  const cache = folder();
  const { url, calls } = await serveFile((_req, res) => res.end(model));
  const env = { MODEL_SHA256: sum(model) };
  for (let pod = 0; pod < 3; pod++) {
    const { code, stdout, stderr, directory } = await fetched(`${url}/m.onnx`, cache, env);
    expect([code, stderr]).toEqual([0, '']);
    expect(stdout).toContain('copied from the cache');
    expect(stdout.includes('already')).toBe(pod > 0);
    expect(readFileSync(path.join(directory, 'model.onnx'))).toEqual(model);
    expect(readdirSync(directory).sort()).toEqual([
      '.model-sha256',
      'model.lock.json',
      'model.onnx',
    ]);
  }
  expect(calls()).toBe(1);
  expect(entriesOf(cache)).toEqual([sum(model)]);
});

it('downloads once for several at the same time', async () => {
  const cache = folder();
  const { url, calls } = await serveFile((_req, res) => setTimeout(() => res.end(model), 1000));
  const env = { MODEL_SHA256: sum(model) };
  const all = await Promise.all([1, 2, 3].map(() => fetched(`${url}/m.onnx`, cache, env)));
  for (const { code, stderr, directory } of all) {
    expect([code, stderr]).toEqual([0, '']);
    expect(readFileSync(path.join(directory, 'model.onnx'))).toEqual(model);
  }
  expect(calls()).toBe(1);
});

it('has a folder for each state of a place, and each model comes from its own', async () => {
  const cache = folder();
  const place = source(10);
  await fetched(place, cache);
  cpSync(path.join(iris, '../v2'), place, { recursive: true });
  const { directory } = await fetched(place, cache);
  const v2 = readFileSync(path.join(iris, '../v2/model.onnx'));
  expect(readFileSync(path.join(directory, 'model.onnx'))).toEqual(v2);
  expect(entriesOf(cache)).toHaveLength(2);
});

it.each<[string, (file: string) => void]>([
  ['other bytes', (file) => writeFileSync(file, 'spoiled')],
  ['fewer bytes', (file) => truncateSync(file, 100)],
  ['none', (file) => rmSync(file)],
  ['a pipe', (file) => [rmSync(file), execFileSync('mkfifo', [file])]],
  ['a link to nothing', (file) => [rmSync(file), symlinkSync('nothing', file)]],
])('takes what was spoiled for what is not there: a file that is %s', async (_, spoil) => {
  const cache = folder();
  const place = source(10);
  await fetched(place, cache);
  const [entry = ''] = entriesOf(cache);
  spoil(path.join(cache, entry, 'model.onnx'));
  for (const [name, stays] of [
    ['the first', ''],
    ['the second', 'copied from the cache'],
  ]) {
    const { code, stderr, stdout, directory } = await fetched(place, cache);
    expect([name, code, stderr]).toEqual([name, 0, '']);
    expect(stdout).toContain(stays);
    expect(readFileSync(path.join(directory, 'model.onnx'))).toEqual(model);
  }
});

it('keeps within its bound by what was used last', async () => {
  const cache = folder();
  const places = [source(100_000), source(100_001), source(100_002)];
  const bound = { FETCH_CACHE_MAX_BYTES: '450000' }; // two of them, with the model's own files
  const entryOf = new Map<string, string>();
  for (const place of places.slice(0, 2)) {
    const before = entriesOf(cache);
    await fetched(place, cache, bound);
    entryOf.set(place, entriesOf(cache).find((name) => !before.includes(name)) ?? '');
  }
  const [first = '', second = ''] = places.map((place) => entryOf.get(place) ?? '');
  utimesSync(path.join(cache, second, '.used'), 1, 1);
  await fetched(places[2] ?? '', cache, bound);
  expect(entriesOf(cache)).toContain(first);
  expect(entriesOf(cache)).not.toContain(second);
  const { code, directory } = await fetched(places[2] ?? '', cache, { FETCH_CACHE_MAX_BYTES: '1' });
  expect(code).toBe(0);
  expect(existsSync(path.join(directory, 'weights.bin'))).toBe(true);
  expect(entriesOf(cache)).toEqual([]);
});

it('on a disk that is smaller than its bound makes room by what was unused for longest', async ({
  skip,
}) => {
  const cache = folder();
  try {
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=5m', 'tmpfs', cache], { stdio: 'ignore' });
  } catch {
    skip('only root can mount a small disk');
  }
  onTestFinished(() => void execFileSync('umount', [cache]));
  const places = [source(2_000_000), source(2_000_001), source(2_000_002)];
  for (const place of places) {
    const { code, stdout, directory } = await fetched(place, cache);
    expect(code).toBe(0);
    expect(existsSync(path.join(directory, 'weights.bin'))).toBe(true);
    expect(stdout.includes('is full. Removed what was unused for longest')).toBe(
      place === places[2],
    );
    expect(stdout).toContain('copied from the cache');
  }
  expect(entriesOf(cache)).toHaveLength(2);
  // One that has no room even alone comes without the cache.
  const { code, stdout } = await fetched(source(8_000_000), cache);
  expect(code).toBe(0);
  expect(stdout).toContain('Going on without it.');
});

it('takes a file of the same size and time for another where it was written since', async () => {
  const cache = folder();
  const place = source(10);
  const weights = path.join(place, 'weights.bin');
  utimesSync(weights, 1, 1);
  await fetched(place, cache);
  writeFileSync(weights, 'another te');
  utimesSync(weights, 1, 1);
  const { directory } = await fetched(place, cache);
  expect(readFileSync(path.join(directory, 'weights.bin'), 'utf8')).toBe('another te');
});

it('is done without where the place of a model in it is taken', async () => {
  const cache = folder();
  const { url } = await serveFile((_req, res) => res.end(model));
  writeFileSync(path.join(cache, sum(model)), 'a file');
  const env = { MODEL_SHA256: sum(model) };
  const { code, stdout, directory } = await fetched(`${url}/m.onnx`, cache, env);
  expect(stdout).toMatch(/FETCH_CACHE_DIR: \S+ cannot be used \(.*\)\. Going on without it\./);
  expect(code).toBe(0);
  expect(readFileSync(path.join(directory, 'model.onnx'))).toEqual(model);
  expect(readFileSync(path.join(cache, sum(model)), 'utf8')).toBe('a file');
});

/** A fetcher through the cache in the middle of its download, of a model that others then get whole. */
async function stalledFetch(cache: string) {
  let arrived = () => {};
  const stalled = new Promise<void>((resolve) => (arrived = resolve));
  const { url } = await serveFile((_req, res, call) => {
    if (call > 1) return res.end(model);
    res.writeHead(200, { 'Content-Length': model.length });
    return res.write(model.subarray(0, 100), () => arrived());
  });
  const uri = `${url}/m.onnx`;
  const env = { MODEL_SHA256: sum(model), FETCH_CACHE_DIR: cache };
  const child = launch(['fetch', uri, '--dir', folder()], env);
  await stalled;
  const end = (signal: NodeJS.Signals) => {
    const ended = new Promise((resolve) => child.once('close', resolve));
    child.kill(signal);
    return ended;
  };
  return { uri, env, end };
}

it('is free at once where a fetcher was told to stop in the middle', async () => {
  const cache = folder();
  await (await stalledFetch(cache)).end('SIGTERM');
  expect(entriesOf(cache).filter((name) => name.endsWith('.lock'))).toEqual([]);
});

it('says that it waits for another fetch', async () => {
  const cache = folder();
  const { uri, env, end } = await stalledFetch(cache);
  const directory = folder();
  const child = launch(['fetch', uri, '--dir', directory], env);
  const out = collect(child.stdout);
  const code = exitOf(child);
  await expect
    .poll(() => out.text, { timeout: 20_000 })
    .toMatch(/\.lock is held by another fetch\. Waiting for up to \d+ ms\.\n/);
  await end('SIGTERM');
  expect(await code).toBe(0);
  expect(readFileSync(path.join(directory, 'model.onnx'))).toEqual(model);
});

it('is left alone by what is no model of it', async () => {
  const cache = folder();
  writeFileSync(path.join(cache, 'notes.txt'), 'mine');
  await fetched(source(10), cache, { FETCH_CACHE_MAX_BYTES: '1' });
  expect(entriesOf(cache)).toEqual(['notes.txt']);
});

it('goes on by another where a fetcher has died in the middle', async () => {
  const cache = folder();
  const { uri, env, end } = await stalledFetch(cache);
  await end('SIGKILL');
  // Its lock is as old as one of the dead.
  const lock = path.join(cache, `${sum(model)}.lock`);
  const age = Date.now() / 1000 - 25; // of this host
  utimesSync(lock, age, age);
  const { code, directory } = await fetched(uri, cache, env);
  expect(code).toBe(0);
  expect(readFileSync(path.join(directory, 'model.onnx'))).toEqual(model);
  expect(existsSync(lock)).toBe(false);
});

/** Who may write beside an entry that another has filled, as pods of two namespaces on OpenShift may. */
const other = process.getuid?.() === 0 ? { uid: 65_534 } : undefined;

describe.skipIf(other === undefined)('of two users', () => {
  const usedBy = async (cache: string, uri: string, env: Record<string, string> = {}) => {
    const directory = folder();
    chmodSync(directory, 0o777);
    const child = launch(
      ['fetch', uri, '--dir', directory],
      { FETCH_CACHE_DIR: cache, ...env },
      other,
    );
    const [stdout, stderr] = [collect(child.stdout), collect(child.stderr)];
    const code = await exitOf(child);
    return { code, stdout: stdout.text, stderr: stderr.text, directory };
  };

  it.each([0o777, 0o1777])('one uses what the other has filled: mode %o', async (mode) => {
    const cache = folder();
    chmodSync(cache, mode);
    const { url, calls } = await serveFile((_req, res) => res.end(model));
    const env = { MODEL_SHA256: sum(model) };
    await fetched(`${url}/m.onnx`, cache, env);
    // Nor does it matter that the other's entry is too large, and not its own to remove.
    const { code, stdout, stderr, directory } = await usedBy(cache, `${url}/m.onnx`, {
      ...env,
      FETCH_CACHE_MAX_BYTES: '1',
    });
    expect(stdout).toMatch(
      /holds \d+ bytes more than FETCH_CACHE_MAX_BYTES allows: .+ another user's\.\n/,
    );
    expect([code, stderr]).toEqual([0, '']);
    expect(stdout).toContain('copied from the cache');
    expect(stdout).not.toContain('cannot be used');
    expect(readFileSync(path.join(directory, 'model.onnx'))).toEqual(model);
    expect(calls()).toBe(1);
  });

  it('goes on without the cache where the other has died, and its lock cannot be removed', async () => {
    const cache = folder();
    chmodSync(cache, 0o1777);
    const { url } = await serveFile((_req, res) => res.end(model));
    const lock = path.join(cache, `${sum(model)}.lock`);
    writeFileSync(lock, 'of the dead');
    utimesSync(lock, 1, 1);
    const { code, stdout, directory } = await usedBy(cache, `${url}/m.onnx`, {
      MODEL_SHA256: sum(model),
    });
    expect(stdout).toMatch(
      /FETCH_CACHE_DIR: \S+ cannot be used \(EPERM.*\)\. Going on without it\./,
    );
    expect(code).toBe(0);
    expect(readFileSync(path.join(directory, 'model.onnx'))).toEqual(model);
  });
});

describe('where the cache cannot be used, the model comes without it', () => {
  it.each<[string, (cache: string) => string]>([
    [
      'a file',
      (cache) => {
        writeFileSync(path.join(cache, 'file'), '');
        return path.join(cache, 'file');
      },
    ],
    [
      'below a file',
      (cache) => {
        writeFileSync(path.join(cache, 'file'), '');
        return path.join(cache, 'file/cache');
      },
    ],
    ['below /proc', () => '/proc/cache'],
    ...(process.getuid?.() === 0
      ? []
      : [
          [
            'without permission',
            (cache: string) => {
              chmodSync(cache, 0o500);
              return cache;
            },
          ] as [string, (cache: string) => string],
        ]),
  ])('%s', async (_name, spoil) => {
    const { code, stdout, directory } = await fetched(source(10), spoil(folder()));
    expect(code).toBe(0);
    expect(stdout).toMatch(/FETCH_CACHE_DIR: \S+ cannot be used \(.*\)\. Going on without it\./);
    expect(readFileSync(path.join(directory, 'model.onnx'))).toEqual(model);
  });
});
