// What has come of a file: its sum is of what the file holds, however the disk writes it.
import { type FileHandle, open, readFile } from 'node:fs/promises';
import path from 'node:path';
import { expect, it, onTestFinished } from 'vitest';
import { Received } from '../src/sources/received.ts';
import { folder, sum } from './file-server.ts';

const MEGABYTE = 1024 * 1024;
const chunk = (bytes: number, value: number) => Buffer.alloc(bytes, value);

type Write = (
  file: FileHandle,
  bytes: Uint8Array,
  from: number,
  length: number,
  at: number,
) => Promise<number>;

/** A file whose writes are done by this in place of the system. */
async function fileWith(write?: Write) {
  const name = path.join(folder(), 'file');
  const file = await open(name, 'w+');
  onTestFinished(() => file.close());
  const handle: FileHandle = new Proxy(file, {
    get(_target, key) {
      if (key === 'write' && write !== undefined)
        return async (bytes: Uint8Array, from: number, length: number, at: number) => ({
          bytesWritten: await write(file, bytes, from, length, at),
        });
      const value: unknown = Reflect.get(file, key);
      return typeof value === 'function' ? value.bind(file) : value;
    },
  });
  let bytes = 0;
  const received = new Received(handle, (more) => {
    bytes += more;
  });
  return { received, part: received.part(0), read: () => readFile(name), progress: () => bytes };
}

it.each([0, 1, 1000, MEGABYTE - 1, MEGABYTE, 3 * MEGABYTE + 7])(
  'has %i bytes in their order',
  async (size) => {
    const { received, part, read, progress } = await fileWith();
    const all = Buffer.from(Array.from({ length: size }, (_, i) => i * i));
    for (let at = 0; at < size; ) {
      const bytes = 1 + ((at * 7919) % 200_000);
      await part.add(Buffer.from(all.subarray(at, at + bytes)));
      at += bytes;
      expect(part.end).toBe(Math.min(at, size));
    }
    await part.finish();
    expect(await received.finish()).toBe(sum(all));
    expect(await read()).toEqual(all);
    expect(progress()).toBe(size);
  },
);

it('has the sum of what the file holds, not of what came', async () => {
  const { received, part, read } = await fileWith(async (file, bytes, from, length, at) => {
    const spoiled = Buffer.from(bytes);
    spoiled[10] = 1;
    return (await file.write(spoiled, from, length, at)).bytesWritten;
  });
  await part.add(chunk(2 * MEGABYTE, 7));
  await part.finish();
  const sha256 = await received.finish();
  expect(sha256).not.toBe(sum(chunk(2 * MEGABYTE, 7)));
  expect(sha256).toBe(sum(await read()));
});

it('goes on where a disk writes less than it is given', async () => {
  const { received, part, read } = await fileWith(
    async (file, bytes, from, length, at) =>
      (await file.write(bytes, from, Math.min(length, 100_000), at)).bytesWritten,
  );
  await part.add(chunk(MEGABYTE, 5));
  await part.add(chunk(17, 6));
  await part.finish();
  expect(await received.finish()).toBe(sum(await read()));
  expect(await read()).toEqual(Buffer.concat([chunk(MEGABYTE, 5), chunk(17, 6)]));
});

it('fails with what the disk fails with, once', async () => {
  const full = Object.assign(new Error('no space'), { code: 'ENOSPC' });
  const { received, part } = await fileWith(() => Promise.reject(full));
  const all = async () => {
    for (let i = 0; i < 5; i++) await part.add(chunk(MEGABYTE, i));
    await part.finish();
    await received.finish();
  };
  await expect(all()).rejects.toBe(full);
});

it('begins anew with nothing of what came before', async () => {
  const { received, part, read, progress } = await fileWith();
  await part.add(chunk(2 * MEGABYTE, 1));
  await part.reset();
  await received.reset();
  expect([part.end, progress()]).toEqual([0, 0]);
  await part.add(chunk(1000, 2));
  await part.finish();
  expect(await received.finish()).toBe(sum(chunk(1000, 2)));
  expect(await read()).toEqual(chunk(1000, 2));
});

it.each([
  ['of odd lengths', [2 * MEGABYTE, 1_000_000, 0, 1_500_000], 77_777],
  ['as long as blocks', [MEGABYTE, 2 * MEGABYTE, 3 * MEGABYTE, 0], MEGABYTE],
])('has the sum of parts %s that came at the same time', async (_, starts, bytes) => {
  const { received, read, progress } = await fileWith();
  const all = Buffer.from(Array.from({ length: 3 * MEGABYTE + 7 }, (_, i) => i * i));
  await Promise.all(
    starts.map(async (start) => {
      const end = Math.min(...starts.filter((other) => other > start), all.length);
      const part = received.part(start);
      while (part.end < end)
        await part.add(Buffer.from(all.subarray(part.end, Math.min(part.end + bytes, end))));
      await part.finish();
    }),
  );
  expect(await received.finish()).toBe(sum(all));
  expect(await read()).toEqual(all);
  expect(progress()).toBe(all.length);
});

it('has no sum while a part is missing', async () => {
  const { received } = await fileWith();
  const part = received.part(10);
  await part.add(chunk(1000, 1));
  await part.finish();
  await expect(received.finish()).rejects.toThrow('the bytes from 0 on are missing');
});
