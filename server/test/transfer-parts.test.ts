// A large file of a store that can send parts comes in several at a time, and is the same as if it had come whole.
import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect, it } from 'vitest';
import { type RemoteFile, StartOverError } from '../src/sources/remote.ts';
import { transfer } from '../src/sources/transfer.ts';
import { CommandError } from '../src/util/command-error.ts';
import { folder, sum } from './file-server.ts';

const MEGABYTE = 1024 * 1024;
const PART = 32 * MEGABYTE;
/** No byte is where the same one would be in another part. */
const content = Buffer.alloc(2 * PART + 5 * MEGABYTE + 3);
const size = content.length;
for (let at = 0; at + 4 <= content.length; at += 4096) content.writeUInt32LE(at, at);
const limits = { timeoutMs: 60_000, stallMs: 20_000, maxBytes: 1e9 };

interface Asked {
  readonly from: number;
  readonly to: number | undefined;
}

type Read = RemoteFile['read'];

/** As a store sends it: in chunks, and no more than was asked for. */
const send: Read = async (from, signal, to = content.length) => ({
  from,
  isPart: true,
  bytes: chunks(from, to, signal),
});

async function* chunks(from: number, to: number, signal: AbortSignal) {
  for (let at = from; at < to; at += 300_000) {
    signal.throwIfAborted();
    yield Buffer.from(content.subarray(at, Math.min(at + 300_000, to)));
  }
}

/** @param read in place of the store's, where it is given */
async function transferred(
  read: Read = send,
  told: Partial<RemoteFile> = { size, hasParts: true },
) {
  const directory = folder();
  const asked: Asked[] = [];
  let progress = 0;
  const file: RemoteFile = {
    path: 'model.onnx',
    ...told,
    read(from, signal, to) {
      asked.push({ from, to });
      return read(from, signal, to);
    },
  };
  const attempts = {
    name: 'test://store',
    limits,
    end: AbortSignal.timeout(limits.timeoutMs),
    say: () => {},
  };
  const done = transfer([file], directory, attempts, (bytes) => {
    progress += bytes;
  });
  const got = () => readFileSync(path.join(directory, 'model.onnx'));
  return { directory, asked, done, got, progress: () => progress };
}

const whole = [{ path: 'model.onnx', size, sha256: sum(content) }];
const parts = [
  { from: 0, to: PART },
  { from: PART, to: 2 * PART },
  { from: 2 * PART, to: content.length },
];

it('in three parts, each asked for once', async () => {
  const { done, asked, got, progress } = await transferred();
  expect(await done).toEqual(whole);
  expect(asked).toEqual(parts);
  expect(got().equals(content)).toBe(true);
  expect(progress()).toBe(content.length);
});

it.each([
  ['that cannot send parts', { size }],
  ['that does not tell the size', { hasParts: true }],
])('whole from a store %s', async (_, told) => {
  const { done, asked, got } = await transferred(send, told);
  expect(await done).toEqual(whole);
  expect(asked).toEqual([{ from: 0, to: undefined }]);
  expect(got().equals(content)).toBe(true);
});

it.each([
  ['the first part', 0],
  ['another part', PART],
])('whole after all where %s is not sent as a part', async (_, start) => {
  const { done, asked, got, progress } = await transferred(async (from, signal, to) =>
    from === start && to !== undefined
      ? { from: 0, bytes: chunks(0, content.length, signal) }
      : send(from, signal, to),
  );
  expect(await done).toEqual(whole);
  expect(asked.at(-1)).toEqual({ from: 0, to: undefined });
  expect(got().equals(content)).toBe(true);
  expect(progress()).toBe(content.length);
});

it('whole after all where a store has nothing at the start of a part', async () => {
  const { done, got } = await transferred(async (from, signal, to) => {
    if (from === PART) throw new StartOverError('it has 5 bytes now');
    return send(from, signal, to);
  });
  expect(await done).toEqual(whole);
  expect(got().equals(content)).toBe(true);
});

it.each([
  [
    'of another state',
    { tag: '"2"' },
    'test://store was replaced or removed while it was downloaded.',
  ],
  [
    'of a longer file',
    { size: size + 1 },
    `test://store has ${size + 1} bytes; the store listed it with ${size}.`,
  ],
])('refuses a part %s', async (_, sent, message) => {
  const { done } = await transferred(async (from, signal, to) => ({
    tag: '"1"',
    size,
    ...(await send(from, signal, to)),
    ...(from === PART ? sent : {}),
  }));
  await expect(done).rejects.toThrow(message);
});

it('refuses the rest of a file of another state, which is not sent in parts', async () => {
  const { done } = await transferred(
    async (from, signal) => ({
      from,
      tag: from === 0 ? '"1"' : '"2"',
      bytes: (async function* () {
        yield* chunks(from, from + 3_000_000, signal);
        throw new Error('reset');
      })(),
    }),
    { size },
  );
  await expect(done).rejects.toThrow('was replaced or removed while it was downloaded');
});

it.each([20, 4])('goes on where each part was cut, after %d MB each time', async (megabytes) => {
  const piece = megabytes * MEGABYTE;
  const { done, asked, got, progress } = await transferred(async (from, signal, to) => ({
    from,
    isPart: true,
    bytes: (async function* () {
      yield* chunks(from, Math.min(from + piece, to ?? 0), signal);
      if (from + piece < (to ?? 0)) throw new Error('reset');
    })(),
  }));
  expect(await done).toEqual(whole);
  expect(got().equals(content)).toBe(true);
  expect(progress()).toBe(content.length);
  const pieces = parts.flatMap(({ from, to }) =>
    Array.from({ length: Math.ceil((to - from) / piece) }, (_, i) => from + i * piece),
  );
  expect(asked.map(({ from }) => from).sort((a, b) => a - b)).toEqual(pieces);
});

it('takes no more than it asked for', async () => {
  const { done, got, progress } = await transferred(async (from, signal) => ({
    from,
    isPart: true,
    bytes: chunks(from, content.length, signal),
  }));
  expect(await done).toEqual(whole);
  expect(got().equals(content)).toBe(true);
  expect(progress()).toBe(content.length);
});

it('asks again for what a part lacks', async () => {
  const { done } = await transferred(async (from, signal, to) => ({
    from,
    isPart: true,
    bytes: chunks(from, from === PART ? (to ?? 0) - 1 : (to ?? 0), signal),
  }));
  // The byte that is missing came alone.
  expect(await done).toEqual(whole);
});

it('ends all parts where one cannot be had, and nobody writes any more', async () => {
  let open = 0;
  const { done, directory } = await transferred(async (from, signal, to) => {
    if (from === PART) throw new CommandError('It was replaced.');
    return {
      from,
      isPart: true,
      bytes: (async function* () {
        open++;
        try {
          for await (const chunk of chunks(from, to ?? 0, signal)) {
            yield chunk;
            await sleep(50, undefined, { signal });
          }
        } finally {
          open--;
        }
      })(),
    };
  });
  await expect(done).rejects.toThrow('It was replaced.');
  expect(open).toBe(0);
  const written = readFileSync(path.join(directory, 'model.onnx')).length;
  await sleep(200);
  expect(readFileSync(path.join(directory, 'model.onnx')).length).toBe(written);
  expect(readdirSync(directory)).toEqual(['model.onnx']);
});

it('refuses more bytes than are allowed before it asks for any', async () => {
  const { done, asked } = await transferred(send, { size: 2e9, hasParts: true });
  await expect(done).rejects.toThrow('more than 1000000000 bytes');
  expect(asked).toEqual([]);
});
