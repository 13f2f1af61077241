// What tests read from a store.
import { createHash } from 'node:crypto';
import { expect } from 'vitest';
import type { RemoteFile, RemoteModel, Store } from '../../server/src/sources/remote.ts';

/** Far longer than anything here takes; what hangs fails. */
export const soon = () => AbortSignal.timeout(30_000);

export function fileOf({ files }: RemoteModel, path: string): RemoteFile {
  const file = files.find((one) => one.path === path);
  if (file === undefined)
    throw new Error(`no ${path} among ${files.map((one) => one.path).join(', ')}`);
  return file;
}

/** The bytes of a file from an offset on, however early the store begins. */
export async function contentOf(file: RemoteFile, from = 0): Promise<Buffer> {
  const { from: start, bytes } = await file.read(from, soon());
  const chunks: Uint8Array[] = [];
  for await (const chunk of bytes) chunks.push(chunk);
  return Buffer.concat(chunks).subarray(from - start);
}

/** Reads the file whole and in two parts; what the store says of it must be true. */
export async function expectContent(
  model: RemoteModel,
  path: string,
  expected: Uint8Array,
): Promise<void> {
  const file = fileOf(model, path);
  const whole = await contentOf(file);
  expect(whole.equals(expected)).toBe(true);
  if (file.size !== undefined) expect(file.size).toBe(expected.length);
  if (file.sha256 !== undefined)
    expect(file.sha256).toBe(createHash('sha256').update(expected).digest('hex'));
  const half = Math.floor(expected.length / 2);
  expect((await contentOf(file, half)).equals(expected.subarray(half))).toBe(true);
  if (file.hasParts && half > 1) await expectPart(file, half, expected);
}

/** A part is what was asked for, to the byte. */
async function expectPart(file: RemoteFile, to: number, expected: Uint8Array): Promise<void> {
  for (const start of [0, 1]) {
    const { from, isPart, bytes } = await file.read(start, soon(), to);
    const chunks: Uint8Array[] = [];
    for await (const chunk of bytes) chunks.push(chunk);
    expect({ from, isPart }).toEqual({ from: start, isPart: true });
    expect(Buffer.concat(chunks).equals(expected.subarray(start, to))).toBe(true);
  }
}

/**
 * What opening fails with.
 * @param secrets that it must not say
 */
export async function refusalOf(
  store: Store,
  uri: string,
  env: NodeJS.ProcessEnv,
  secrets: readonly string[] = [],
): Promise<string> {
  const error = await store.open(uri, env, soon()).then(
    () => new Error('it was opened'),
    (reason: unknown) => reason,
  );
  if (!(error instanceof Error)) throw error;
  for (const secret of secrets)
    for (const text of [error.message, String(error.stack), String(error.cause)])
      expect(text).not.toContain(secret);
  expect(error.name, error.message).toBe('CommandError');
  return error.message;
}
