// The transfer: what was cut goes on, what was replaced begins anew, and nothing that came before is taken for a part of what came later.
import { mkdirSync, readdirSync, readFileSync } from 'node:fs';
import type { ServerResponse } from 'node:http';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { brotliCompressSync, gzipSync, zstdCompressSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import type { RemoteFile } from '../src/sources/remote.ts';
import { transfer } from '../src/sources/transfer.ts';
import { CommandError } from '../src/util/command-error.ts';
import { folder, serveFile, sum } from './file-server.ts';
import { run } from './program.ts';

// No text, which is no model.
const content = Buffer.from(Array.from({ length: 100_000 }, (_, i) => `${i}\b`).join(''));
const shorter = Buffer.from('\bhort');

/** Sends the start of a file, and ends the connection when it has gone out. */
function cut(res: ServerResponse, data: Buffer, bytes: number, etag = '"1"'): void {
  res.writeHead(200, { ETag: etag, 'Content-Length': data.length });
  res.write(data.subarray(0, bytes), () => setTimeout(() => res.destroy(), 50));
}

async function fetchFrom(url: string, env: Record<string, string> = {}) {
  const directory = folder();
  const ended = await run(['fetch', `${url}/m.onnx`, '--dir', directory], env);
  const file = path.join(directory, 'model.onnx');
  return { ...ended, directory, got: () => readFileSync(file) };
}

describe('a file on the web that was cut', () => {
  it('goes on where it was cut', async () => {
    const ranges: unknown[] = [];
    const { url } = await serveFile((req, res, call) => {
      ranges.push([req.headers.range, req.headers['if-range']]);
      const from = Number(/\d+/.exec(req.headers.range ?? '0')?.[0]);
      if (call === 1) return cut(res, content, 100_000);
      res.writeHead(206, {
        ETag: '"1"',
        'Content-Range': `bytes ${from}-${content.length - 1}/${content.length}`,
      });
      res.end(content.subarray(from));
    });
    const { stderr, got } = await fetchFrom(url);
    expect(stderr).toBe('');
    expect(got().equals(content)).toBe(true);
    expect(ranges).toEqual([
      [undefined, undefined],
      [expect.stringMatching(/^bytes=[1-9]\d*-$/), '"1"'],
    ]);
  });

  it.each([
    ['by a server that begins anew', 200, '"1"', {}],
    ['and replaced, by a server that knows If-Range', 200, '"2"', {}],
    [
      'and replaced, by one that does not',
      206,
      '"2"',
      { 'Content-Range': 'bytes 100000-100004/5' },
    ],
  ])('%s, is whole, and no longer than it is', async (_name, status, etag, headers) => {
    const { url } = await serveFile((req, res, call) => {
      if (call === 1) cut(res, content, 100_000);
      else if (status === 206 && req.headers.range !== undefined)
        res.writeHead(206, { ETag: etag, ...headers }).end(shorter);
      else res.writeHead(200, { ETag: etag }).end(shorter);
    });
    const { stderr, got } = await fetchFrom(url);
    expect(stderr).toBe('');
    expect(got()).toEqual(shorter);
  });

  it.each([
    ['has all of it', { 'Content-Range': `bytes */100000` }, content.subarray(0, 100_000), 2],
    ['has less of it', { 'Content-Range': 'bytes */5' }, shorter, 3],
    ['does not say how much it has', {}, shorter, 3],
  ])(
    'of unknown size, and of which the server says with 416 that it %s, is whole',
    async (_name, headers, whole, asked) => {
      const { url, calls } = await serveFile((req, res, call) => {
        if (call === 1) {
          res.writeHead(200, { ETag: '"1"' });
          res.write(content.subarray(0, 100_000), () => setTimeout(() => res.destroy(), 50));
        } else if (req.headers.range) res.writeHead(416, { ETag: '"1"', ...headers }).end('no');
        else res.writeHead(200, { ETag: '"2"' }).end(shorter);
      });
      const { stderr, got } = await fetchFrom(url);
      expect(stderr).toBe('');
      expect(got()).toEqual(whole);
      expect(calls()).toBe(asked);
    },
  );

  it.each([
    ['gzip', gzipSync],
    ['br', brotliCompressSync],
    ['zstd', zstdCompressSync],
  ])(
    'by a server that sends %s, whatever it is asked for, begins anew',
    async (encoding, compress) => {
      const compressed = compress(content);
      const { url } = await serveFile((_req, res, call) => {
        res.setHeader('Content-Encoding', encoding);
        if (call === 1) cut(res, compressed, compressed.length - 10);
        else res.writeHead(200, { ETag: '"1"' }).end(compressed);
      });
      const { stderr, got } = await fetchFrom(url);
      expect(stderr).toBe('');
      expect(got().equals(content)).toBe(true);
    },
  );

  it.each([
    ['another part than asked for', { 'Content-Range': 'bytes 7-11/588890' }, /from the byte 7 on/],
    [
      'a part that ends early',
      { 'Content-Range': 'bytes 100000-100004/588890' },
      /could not be downloaded in 4 attempts/,
    ],
    ['a part of which it does not say which', {}, /without saying which/],
  ])('is not made of %s', async (_name, headers, message) => {
    const { url } = await serveFile((_req, res, call) => {
      if (call === 1) cut(res, content, 100_000);
      else res.writeHead(206, { ETag: '"1"', ...headers }).end(shorter);
    });
    const { code, stderr, directory } = await fetchFrom(url);
    expect(stderr).toMatch(message);
    expect([code, readdirSync(directory)]).toEqual([3, []]);
  });
});

describe('files of a store', () => {
  const limits = { timeoutMs: 20_000, stallMs: 5000, maxBytes: 1e6 };
  const attemptsOf = () => ({
    name: 'test://store',
    limits,
    end: AbortSignal.timeout(limits.timeoutMs),
    say: () => {},
  });
  const fileOf = (name: string, read: RemoteFile['read'], more: Partial<RemoteFile> = {}) => ({
    path: name,
    read,
    ...more,
  });
  async function* bytesOf(data: Buffer) {
    yield data;
  }

  it('come four at a time, each with its sum', async () => {
    let open = 0;
    let most = 0;
    const files = Array.from({ length: 12 }, (_, i) =>
      fileOf(`folder/${i}`, async (from) => {
        most = Math.max(most, ++open);
        await sleep(20);
        open--;
        return { from, bytes: bytesOf(Buffer.from(`${i}`)) };
      }),
    );
    const directory = folder();
    let told = 0;
    const done = await transfer(files, directory, attemptsOf(), (bytes) => {
      told += bytes;
    });
    expect(done).toEqual(
      files.map(({ path: name }, i) => ({
        path: name,
        size: `${i}`.length,
        sha256: sum(Buffer.from(`${i}`)),
      })),
    );
    expect([most, told]).toEqual([4, 14]);
  });

  it('end all when one cannot be had, and nobody writes any more', async () => {
    const directory = folder();
    let ended = 0;
    const slow = fileOf('slow', async (from, signal) => ({
      from,
      bytes: (async function* () {
        try {
          for (;;) {
            yield Buffer.from('x');
            await sleep(10, undefined, { signal });
          }
        } finally {
          ended++;
        }
      })(),
    }));
    const refused = fileOf('refused', async () => {
      await sleep(100);
      throw new CommandError('There is no such file.');
    });
    await expect(transfer([slow, refused], directory, attemptsOf(), () => {})).rejects.toThrow(
      'There is no such file.',
    );
    expect(ended).toBe(1);
  });

  it.each([
    ['a size that the store does not tell', [{ size: 3 }], /came with 5 bytes/],
    [
      'a sum that the store does not tell',
      [{ sha256: sum(content) }],
      /came with 5 bytes and the SHA-256/,
    ],
    ['two of one name', [{}, {}], /holds a twice/],
    ['more bytes than are allowed, as told', [{ size: 2e6 }], /more than 1000000 bytes/],
  ])('are refused with %s', async (_name, files, message) => {
    const directory = folder();
    const made = files.map((more) =>
      fileOf('a', async (from) => ({ from, bytes: bytesOf(shorter) }), more),
    );
    await expect(transfer(made, directory, attemptsOf(), () => {})).rejects.toThrow(message);
  });

  it.each(['../a', '/a', 'a/../../b', 'a\0b', `${'x/'.repeat(2050)}a`])(
    'do not leave their folder by the name %j',
    async (name) => {
      const directory = path.join(folder(), 'inside');
      mkdirSync(directory);
      const file = fileOf(name, async (from) => ({ from, bytes: bytesOf(shorter) }));
      await expect(transfer([file], directory, attemptsOf(), () => {})).rejects.toThrow(
        /expected a relative path/,
      );
      expect(readdirSync(directory)).toEqual([]);
    },
  );

  it('are not a file and a folder of one name', async () => {
    const files = ['a', 'a/b'].map((name) =>
      fileOf(name, async (from) => ({ from, bytes: bytesOf(shorter) })),
    );
    await expect(transfer(files, folder(), attemptsOf(), () => {})).rejects.toThrow(
      /as a file and as a directory/,
    );
  });

  it('have more bytes than are allowed, untold', async () => {
    const endless = fileOf('a', async (from) => ({
      from,
      bytes: (async function* () {
        for (;;) yield Buffer.alloc(100_000);
      })(),
    }));
    await expect(transfer([endless], folder(), attemptsOf(), () => {})).rejects.toThrow(
      /more than 1000000 bytes/,
    );
  });

  it.each([
    ['as the store lists it', { size: 5 }, undefined],
    ['as it tells when it is read', {}, 5],
  ])(
    'are whole where they are cut after their last byte, %s, and are not read again',
    async (_name, more, told) => {
      let reads = 0;
      const cutAtItsEnd = fileOf(
        'a',
        async (from) => {
          reads++;
          const bytes = (async function* () {
            yield shorter.subarray(from);
            throw new Error('reset');
          })();
          return { from, size: told, bytes };
        },
        more,
      );
      const directory = folder();
      await transfer([cutAtItsEnd], directory, attemptsOf(), () => {});
      expect(readFileSync(path.join(directory, 'a'))).toEqual(shorter);
      expect(reads).toBe(1);
    },
  );

  it('are tried again when nothing comes any more', async () => {
    let reads = 0;
    const stalling = fileOf('a', async (from, signal) => ({
      from,
      bytes:
        ++reads === 1
          ? (async function* () {
              yield Buffer.from('ab');
              await sleep(60_000, undefined, { signal });
            })()
          : bytesOf(Buffer.from('cd')),
    }));
    const directory = folder();
    const attempts = { ...attemptsOf(), limits: { ...limits, stallMs: 200 } };
    await transfer([stalling], directory, attempts, () => {});
    expect(readFileSync(path.join(directory, 'a'), 'utf8')).toBe('abcd');
  });
});
