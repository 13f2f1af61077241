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
  return { received, read: () => readFile(name), progress: () => bytes };
}

it.each([0, 1, 1000, MEGABYTE - 1, MEGABYTE, 3 * MEGABYTE + 7])(
  'has %i bytes in their order',
  async (size) => {
    const { received, read, progress } = await fileWith();
    const all = Buffer.from(Array.from({ length: size }, (_, i) => i * i));
    for (let at = 0; at < size; ) {
      const bytes = 1 + ((at * 7919) % 200_000);
      await received.add(Buffer.from(all.subarray(at, at + bytes)));
      at += bytes;
      expect(received.size).toBe(Math.min(at, size));
    }
    expect(await received.finish()).toBe(sum(all));
    expect(await read()).toEqual(all);
    expect(progress()).toBe(size);
  },
);

it('has the sum of what the file holds, not of what came', async () => {
  const { received, read } = await fileWith(async (file, bytes, from, length, at) => {
    const spoiled = Buffer.from(bytes);
    spoiled[10] = 1;
    return (await file.write(spoiled, from, length, at)).bytesWritten;
  });
  await received.add(chunk(2 * MEGABYTE, 7));
  const sha256 = await received.finish();
  expect(sha256).not.toBe(sum(chunk(2 * MEGABYTE, 7)));
  expect(sha256).toBe(sum(await read()));
});

it('goes on where a disk writes less than it is given', async () => {
  const { received, read } = await fileWith(
    async (file, bytes, from, length, at) =>
      (await file.write(bytes, from, Math.min(length, 100_000), at)).bytesWritten,
  );
  await received.add(chunk(MEGABYTE, 5));
  await received.add(chunk(17, 6));
  expect(await received.finish()).toBe(sum(await read()));
  expect(await read()).toEqual(Buffer.concat([chunk(MEGABYTE, 5), chunk(17, 6)]));
});

it('fails with what the disk fails with, once', async () => {
  const full = Object.assign(new Error('no space'), { code: 'ENOSPC' });
  const { received } = await fileWith(() => Promise.reject(full));
  const all = async () => {
    for (let i = 0; i < 5; i++) await received.add(chunk(MEGABYTE, i));
    await received.finish();
  };
  await expect(all()).rejects.toBe(full);
});

it('begins anew with nothing of what came before', async () => {
  const { received, read, progress } = await fileWith();
  await received.add(chunk(2 * MEGABYTE, 1));
  await received.beginAt(0);
  expect([received.size, progress()]).toEqual([0, 0]);
  await received.add(chunk(1000, 2));
  expect(await received.finish()).toBe(sum(chunk(1000, 2)));
  expect(await read()).toEqual(chunk(1000, 2));
  await expect(received.beginAt(5)).rejects.toThrow(
    'it was sent from the byte 5 on, not from 1000 on',
  );
});
