// `fetch-model` on a volume that holds another model, that other pods fetch into, that dead ones have left things on, or that is full.
import { execFileSync } from 'node:child_process';
import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import type { ServerResponse } from 'node:http';
import path from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { archive, folder, iris, model, serveFile, sum } from './file-server.ts';
import { exitOf, launch, run } from './program.ts';

const MARK = '.model-sha256';
const LOCK = 'model.lock.json';
const other = readFileSync(path.join(iris, '../v2/model.onnx'));
const v1 = archive('-C', iris, '.');

function listing(directory: string): string[] {
  return readdirSync(directory, { recursive: true, encoding: 'utf8' }).sort();
}

const files: Readonly<Record<string, Uint8Array>> = {
  '/v1.tgz': v1,
  '/v1.onnx': model,
  '/v2.onnx': other,
};
const filesServer = () => serveFile((req, res) => void res.end(files[req.url ?? '']));
const envOf = (url: string, file: string, directory: string) => ({
  MODEL_URL: `${url}${file}`,
  MODEL_SHA256: sum(files[file] ?? Buffer.alloc(0)),
  MODEL_DIR: directory,
});

async function fetched(url: string, file: string, directory: string): Promise<string> {
  const { code, stdout, stderr } = await run(['fetch-model'], envOf(url, file, directory));
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
  return stdout;
}

describe('another model', () => {
  it('takes all of the one before with it, and nothing else', async () => {
    const source = folder();
    mkdirSync(path.join(source, 'data/deep'), { recursive: true });
    for (const file of ['model.onnx', 'model.json', 'data/weights', 'data/deep/more'])
      writeFileSync(path.join(source, file), file === 'model.onnx' ? model : '{}');
    const whole = archive('-C', source, '.');
    const { url } = await serveFile((req, res) =>
      res.end(req.url === '/whole.tgz' ? whole : files[req.url ?? '']),
    );
    const directory = folder();
    mkdirSync(path.join(directory, 'lost+found'));
    writeFileSync(path.join(directory, 'notes.txt'), 'mine');
    const first = { MODEL_URL: `${url}/whole.tgz`, MODEL_SHA256: sum(whole), MODEL_DIR: directory };
    expect(await run(['fetch-model'], first)).toMatchObject({ code: 0, stderr: '' });
    expect(listing(directory)).toEqual(
      [
        ...[MARK, 'data', 'data/deep', 'data/deep/more', 'data/weights', 'lost+found'],
        ...['model.json', LOCK, 'model.onnx', 'notes.txt'],
      ].sort(),
    );
    writeFileSync(path.join(directory, 'data/mine'), 'mine');
    await fetched(url, '/v2.onnx', directory);
    expect(listing(directory)).toEqual(
      [MARK, LOCK, 'data', 'data/mine', 'lost+found', 'model.onnx', 'notes.txt'].sort(),
    );
    expect(readFileSync(path.join(directory, 'model.onnx'))).toEqual(other);
  });

  it('may have a file where a folder was, and the other way round', async () => {
    const archives = ['a', 'a/b'].map((file) => {
      const source = folder();
      mkdirSync(path.dirname(path.join(source, file)), { recursive: true });
      writeFileSync(path.join(source, file), file);
      writeFileSync(path.join(source, 'model.onnx'), model);
      return archive('-C', source, '.');
    });
    const { url } = await serveFile((req, res) => res.end(archives[Number(req.url?.[1])]));
    const directory = folder();
    for (const which of [0, 1, 0]) {
      const { code, stderr } = await run(['fetch-model'], {
        MODEL_URL: `${url}/${which}.tgz`,
        MODEL_SHA256: sum(archives[which] ?? Buffer.alloc(0)),
        MODEL_DIR: directory,
      });
      expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
      expect(listing(directory)).toEqual(
        [MARK, LOCK, 'a', ...(which === 1 ? ['a/b'] : []), 'model.onnx'].sort(),
      );
    }
  });

  it('does not meet descriptions that an earlier release, or a hand, has left', async () => {
    const { url } = await filesServer();
    const directory = folder();
    for (const file of ['model.json', 'golden.json', 'model.onnx'])
      writeFileSync(path.join(directory, file), 'old');
    writeFileSync(path.join(directory, MARK), sum(other)); // as 0.1.0 wrote it
    expect(await fetched(url, '/v2.onnx', directory)).toContain('it is model.json.old now.');
    expect(listing(directory)).toEqual([
      MARK,
      'golden.json.old',
      'model.json.old',
      LOCK,
      'model.onnx',
    ]);
    expect(await fetched(url, '/v2.onnx', directory)).toContain('already');
  });
});

it.each(['model.onnx', 'model.json'])('a %s that has changed is fetched anew', async (file) => {
  const { url } = await filesServer();
  const directory = folder();
  await fetched(url, '/v1.tgz', directory);
  const before = readFileSync(path.join(directory, file));
  writeFileSync(path.join(directory, file), before.subarray(1));
  expect(await fetched(url, '/v1.tgz', directory)).not.toContain('already');
  expect(readFileSync(path.join(directory, file))).toEqual(before);
});

describe('of several fetchers', () => {
  it('each leaves a whole model, and the last one that of its mark', async () => {
    const { url } = await filesServer();
    const directory = folder();
    for (let round = 0; round < 3; round++) {
      const names = ['/v1.tgz', '/v2.onnx', '/v1.tgz', '/v2.onnx'];
      await Promise.all(names.map((file) => fetched(url, file, directory)));
      const [sha256] = readFileSync(path.join(directory, MARK), 'utf8').split('\n');
      const isFirst = sha256 === sum(v1);
      expect(readFileSync(path.join(directory, 'model.onnx'))).toEqual(isFirst ? model : other);
      expect(listing(directory)).toEqual(
        isFirst
          ? [MARK, 'golden.json', 'model.json', LOCK, 'model.onnx']
          : [MARK, LOCK, 'model.onnx'],
      );
    }
  });

  it('a slow one is let alone by others, and ends well after them', async () => {
    let release = () => {};
    const { url } = await serveFile((_req, res, call) => {
      res.writeHead(200, { 'Content-Length': model.length }).write(model.subarray(0, 1000));
      const end = () => void res.end(model.subarray(1000));
      if (call === 1) release = end;
      else end();
    });
    const directory = folder();
    const slow = run(['fetch-model'], envOf(url, '/v1.onnx', directory));
    await expect.poll(() => readdirSync(directory)).toHaveLength(1);
    // As another pod sees it: a folder that is minutes old, in which a file is not.
    const [place = ''] = readdirSync(directory);
    await expect
      .poll(() => existsSync(path.join(directory, place, 'download/model.onnx')))
      .toBe(true);
    age(path.join(directory, place), 3600);
    await fetched(url, '/v1.onnx', directory);
    release();
    expect(await slow).toMatchObject({ code: 0, stderr: '' });
    expect(listing(directory)).toEqual([MARK, LOCK, 'model.onnx']);
  });

  it('one that has died leaves nothing that stays or blocks', async () => {
    const hanging: ServerResponse[] = [];
    const { url } = await serveFile((_req, res, call) => {
      if (call > 1) return void res.end(model);
      res.write(model.subarray(0, 1000));
      hanging.push(res);
    });
    const directory = folder();
    const child = launch(['fetch-model'], envOf(url, '/v1.onnx', directory));
    await expect.poll(() => hanging.length).toBe(1);
    await expect.poll(() => listing(directory).length).toBe(4);
    child.kill('SIGKILL');
    await exitOf(child);
    const [place = ''] = readdirSync(directory);
    for (const file of ['', 'download', 'download/model.onnx', 'alive'])
      age(path.join(directory, place, file), 3600);
    const old = path.join(directory, '.fetching'); // of 0.1.0
    mkdirSync(old);
    writeFileSync(path.join(old, 'download'), 'half');
    for (const file of [path.join(old, 'download'), old]) age(file, 3600);
    const lock = path.join(directory, '.model-lock');
    writeFileSync(lock, 'of the dead');
    age(lock, 3600);
    await fetched(url, '/v1.onnx', directory);
    expect(listing(directory)).toEqual([MARK, LOCK, 'model.onnx']);
  });

  it('one that died while it changed files is made good by the next', async () => {
    const { url } = await filesServer();
    const directory = folder();
    writeFileSync(path.join(directory, MARK), `being changed\n${'0'.repeat(64)}  model.json\n`);
    writeFileSync(path.join(directory, 'model.json'), 'stale');
    await fetched(url, '/v2.onnx', directory);
    expect(listing(directory)).toEqual([MARK, LOCK, 'model.onnx']);
  });

  it('one that is told to end takes its things along', async () => {
    const { url } = await serveFile((_req, res) => void res.write(model.subarray(0, 1000)));
    const directory = folder();
    const child = launch(['fetch-model'], envOf(url, '/v1.onnx', directory));
    await expect.poll(() => listing(directory).length).toBe(4);
    child.kill('SIGTERM');
    expect(await exitOf(child)).toBe(128 + 15);
    expect(listing(directory)).toEqual([]);
  });
});

it('a mark that names files elsewhere removes none of them', async () => {
  const { url } = await filesServer();
  const parent = folder();
  const directory = path.join(parent, 'model');
  mkdirSync(directory);
  writeFileSync(path.join(parent, 'precious'), '');
  const lines = ['../precious', path.join(parent, 'precious'), 'a/../../precious'];
  writeFileSync(
    path.join(directory, MARK),
    `${sum(model)}\n${lines.map((line) => `${'0'.repeat(64)}  ${line}\n`).join('')}`,
  );
  await fetched(url, '/v2.onnx', directory);
  expect(existsSync(path.join(parent, 'precious'))).toBe(true);
});

it('a full disk leaves the model that it holds', async ({ skip }) => {
  const directory = folder();
  try {
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=512k', 'tmpfs', directory], {
      stdio: 'pipe',
    });
  } catch {
    skip('only root can mount a small disk');
  }
  onTestFinished(() => void execFileSync('umount', [directory]));
  const [small, large] = ['small', 'large'].map((name) => {
    const source = folder();
    writeFileSync(path.join(source, 'model.onnx'), `\b${name}`); // no text
    if (name === 'large') writeFileSync(path.join(source, 'weights'), Buffer.alloc(2_000_000));
    return archive('-C', source, '.');
  });
  const data = Buffer.alloc(2_000_000, 1);
  const { url } = await serveFile((req, res) => {
    if (req.url === '/small.tgz') res.end(small);
    else if (req.url === '/large.tgz')
      res.end(large); // fits, and what is in it does not
    else res.end(data);
  });
  const fetchOf = (file: string, content: Uint8Array = Buffer.alloc(0)) =>
    run(['fetch-model'], {
      MODEL_URL: `${url}/${file}`,
      MODEL_SHA256: sum(content),
      MODEL_DIR: directory,
    });
  expect(await fetchOf('small.tgz', small)).toMatchObject({ code: 0, stderr: '' });
  for (const [file, content] of [
    ['large.onnx', data],
    ['large.tgz', large],
  ] as const) {
    const { code, stderr } = await fetchOf(file, content);
    expect([code, stderr]).toEqual([
      3,
      `MODEL_DIR: ${directory} has no room for the model from ${url}/${file}. What it held is unchanged. Give it more space: the download, and the contents of an archive, are stored there beside the model that they replace.\n`,
    ]);
    expect(listing(directory)).toEqual([MARK, LOCK, 'model.onnx']);
  }
  expect((await fetchOf('small.tgz', small)).stdout).toContain('already');
});

function age(file: string, seconds: number): void {
  const time = Date.now() / 1000 - seconds;
  utimesSync(file, time, time);
}
