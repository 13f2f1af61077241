// URIs with secrets where nobody expects them, names that a terminal would act on, and folders of as many files as a model may have.
import {
  cpSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { createPaths, MOST_FILES } from '../../src/sources/paths.ts';
import { createProgress } from '../../src/sources/progress.ts';
import { shownUri } from '../../src/sources/shown-uri.ts';
import { localStore } from '../../src/sources/stores/local.ts';
import { archive, folder, iris, serveFile } from '../file-server.ts';
import { run } from '../program.ts';
import { tar } from '../tar.ts';

/** Sets the title of a terminal, clears it, turns the direction of the line. */
const ACTING = '\x1b]0;owned\x07\x9b2J\u202e';
const NOTHING_ACTS = /^[^\p{Cc}\u202e]*$/u;

/** What fetch says, a line at a time, and what it leaves. */
async function fetched(uri: string, env: Record<string, string> = {}) {
  const directory = folder();
  const { code, stdout, stderr } = await run(['fetch', uri, '--dir', directory], {
    FETCH_TIMEOUT_MS: '20000',
    AWS_ENDPOINT_URL_S3: 'http://127.0.0.1:9',
    AWS_ACCESS_KEY_ID: 'a',
    AWS_SECRET_ACCESS_KEY: 'b',
    AZURE_STORAGE_ACCOUNT: 'ours',
    AZURE_STORAGE_KEY: 'a2V5',
    MLFLOW_TRACKING_URI: 'http://127.0.0.1:9',
    HF_ENDPOINT: 'http://127.0.0.1:9',
    CLOUDSDK_API_ENDPOINT_OVERRIDES_STORAGE: 'http://127.0.0.1:9',
    METADATA_SERVER_DETECTION: 'none',
    ...env,
  });
  const lock = path.join(directory, 'model.lock.json');
  const left = existsSync(lock) ? readFileSync(lock, 'utf8') : '';
  const said = stdout + stderr;
  for (const line of said.split('\n')) expect(line).toMatch(NOTHING_ACTS);
  expect(said + left).not.toContain('hunter2');
  expect(stderr).not.toMatch(/^ +at /m);
  return { code, stdout, stderr, directory };
}

describe('what a URI has behind a question mark, or a terminal would act on, is not shown', () => {
  it.each([
    // The URI itself is refused.
    ...[
      's3://',
      'gs://',
      'az://',
      'hf://org/model',
      'hf://',
      'mlflow://iris/1',
      'mlflow://',
      'models:/iris/1',
      'oci://127.0.0.1:9/iris:1',
      'oci://',
      'http://127.0.0.1:9/m.onnx',
      'http://127.0.0.1:9/m.zip',
      'file:///nothing/here',
      'file://host/here',
      'ftp://host/m.onnx',
    ].map((uri) => [uri, 2] as const),
    // There is nothing of this name, or nobody responds.
    ...[
      's3://models/iris',
      'gs://models/iris',
      'az://ours/models/iris',
      'https://ours.blob.core.windows.net/',
      '/nothing/here',
    ].map((uri) => [uri, 3] as const),
  ])(
    '%s',
    async (uri, expected) => {
      const { code } = await fetched(`${uri}${ACTING}?sig=hunter2${ACTING}`, {
        FETCH_TIMEOUT_MS: '1500',
      });
      expect(code).toBe(expected);
    },
    60_000,
  );

  it('nor where the model comes', async () => {
    const source = path.join(folder(), `a${ACTING}?sig=hunter2`);
    cpSync(iris, source, { recursive: true });
    const { code, directory } = await fetched(source);
    expect(code).toBe(0);
    expect((await fetched(source)).code).toBe(0);
    expect(readFileSync(path.join(directory, 'model.lock.json'), 'utf8')).toContain('?…');
  });

  it.each([
    ['mlflow://iris@champion', 'mlflow://iris@champion'],
    ['az://me:hunter2@ours/models', 'az://ours/models'],
    [`s3://b/a${ACTING}`, 's3://b/a\\u001b]0;owned\\u0007\\u009b2J\\u202e'],
  ])('%j is shown as %j', (uri, shown) => {
    expect(shownUri(uri)).toBe(shown);
  });
});

describe('names of files that a terminal would act on, or that are paths elsewhere, are refused', () => {
  it.each([`a${ACTING}.onnx`, 'a\n.onnx', 'a\\..\\b', `${'\x7f'}x`])('%j', async (name) => {
    const source = folder();
    cpSync(iris, source, { recursive: true });
    writeFileSync(path.join(source, name), '');
    const entries = [{ name: 'model.onnx' }, { name, data: Buffer.from('x') }];
    const { url } = await serveFile((_req, res) => res.end(tar(entries)));
    for (const uri of [source, `${url}/m.tar`]) {
      const { code, stderr, directory } = await fetched(uri);
      expect(stderr).toMatch(/(lists the file|holds the entry) ".+"; expected a relative path/);
      expect([code, readdirSync(directory)]).toEqual([3, []]);
    }
  });
});

describe('a model may have', () => {
  const names = (count: number) => Array.from({ length: count }, (_, i) => `${i % 100}/${i}`);
  const problemOf = (files: readonly string[]) => {
    const paths = createPaths();
    return files.map((file) => paths.add(file, 'file')).find((problem) => problem !== undefined);
  };

  it(`${MOST_FILES} files, whatever the folders, and no more`, () => {
    expect(problemOf(names(MOST_FILES))).toBeUndefined();
    expect(problemOf([...names(MOST_FILES), 'last'])).toMatch(/holds more than 10000 files/);
    expect(problemOf(names(MOST_FILES).map((name) => `${name}/x`))).toMatch(/or folders/);
  });

  it('so many on this machine, too, beside any number that do not count', async () => {
    const source = folder();
    for (const name of names(MOST_FILES)) {
      mkdirSync(path.join(source, path.dirname(name)), { recursive: true });
      writeFileSync(path.join(source, name), '');
      if (name.startsWith('1/')) {
        mkdirSync(path.join(source, '.git', name), { recursive: true });
        writeFileSync(path.join(source, '.git', name, 'x'), '');
      }
    }
    const open = () => localStore.open(source, {}, AbortSignal.timeout(60_000));
    expect((await open()).files).toHaveLength(MOST_FILES);
    writeFileSync(path.join(source, 'last'), '');
    await expect(open()).rejects.toThrow('lists more than 10000 files');
  });
});

it("a source's own lock is not taken for a part of the model, whatever it is", async () => {
  const source = folder();
  cpSync(iris, source, { recursive: true });
  const other = path.join(source, 'model.lock.json');
  const lockOf = async (uri: string) => {
    const { code, stderr, directory } = await fetched(uri);
    expect([code, stderr]).toEqual([0, '']);
    return JSON.parse(readFileSync(path.join(directory, 'model.lock.json'), 'utf8'));
  };
  for (const kind of ['file', 'folder']) {
    rmSync(other, { force: true });
    if (kind === 'folder') mkdirSync(other);
    writeFileSync(kind === 'file' ? other : path.join(other, 'x'), '{"uri":"s3://elsewhere"}');
    const { uri, files } = await lockOf(source);
    expect(uri).toBe(source);
    expect(files.map((file: { path: string }) => file.path).sort()).toEqual(
      readdirSync(iris).sort(),
    );
    const data = archive('-C', source, '.');
    const { url } = await serveFile((_req, res) => res.end(data));
    expect((await lockOf(`${url}/m.tgz`)).uri).toBe(`${url}/m.tgz`);
  }
});

describe('a path of this machine', () => {
  it.each(['', ' ', '\t'])('is not %j', async (named) => {
    const { code, stderr } = await run(['serve', named], { MODEL_CACHE_DIR: folder() });
    expect(stderr).toMatch(/^The URI of the model is empty; expected a path or one of/);
    expect(code).toBe(2);
  });

  it.each(['file:./iris', 'file:iris', 'file:///iris?x', 'file:///iris#x', 'file://host/iris'])(
    'is not %s',
    async (uri) => {
      for (const command of [
        ['serve', uri],
        ['fetch', uri, '--dir', folder()],
      ])
        expect((await run(command)).stderr).toMatch(/^Expected a URL such as file:\/\/\/models/);
    },
  );
});

describe('the line of a terminal', () => {
  const shown = (total: number | undefined) => {
    const written: string[] = [];
    const lines: string[] = [];
    const write = (text: unknown) => {
      written.push(String(text));
      return true;
    };
    const progress = createProgress(total, { write }, (line) => lines.push(line));
    return { progress, lines, text: () => written.join('') };
  };
  const clear = '\r\x1b[K';

  it.each([10, undefined])(
    'is ended once when %s bytes were told, and cleared for another',
    async (total) => {
      const { progress, lines, text } = shown(total);
      progress.end();
      expect(text()).toBe('');
      await expect
        .poll(() => {
          progress.add(0);
          return text();
        })
        .toContain(clear);
      progress.say('Attempt 1 failed.');
      expect(lines).toEqual(['Attempt 1 failed.']);
      expect(text().endsWith(clear)).toBe(true);
      progress.add(10);
      await expect
        .poll(() => {
          progress.add(0);
          return text();
        })
        .toMatch(/B.*\/s$/);
      progress.end();
      progress.end();
      expect(text()).toMatch(/\/s\n$/);
    },
  );
});
