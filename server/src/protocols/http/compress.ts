// Compresses answers for clients that want it.
import { promisify } from 'node:util';
import { deflate, gzip } from 'node:zlib';

const codings = { gzip: promisify(gzip), deflate: promisify(deflate) };

/** Bytes below which compressing costs more than it saves: Go's clients ask for it by default, whatever they fetch. */
const WORTH_IT = 1024;

/** The coding to answer with; undefined for none. */
export function chooseCoding(
  acceptEncoding: string | undefined,
  bytes: number,
): keyof typeof codings | undefined {
  if (bytes < WORTH_IT || acceptEncoding === undefined) return undefined;
  const accepted = acceptEncoding
    .split(',')
    .map((entry) => entry.trim().toLowerCase().split(';'))
    .filter(([, quality = '']) => !/^\s*q=0(\.0*)?$/.test(quality))
    .map(([name = '']) => name.trim());
  return (['gzip', 'deflate'] as const).find((name) => accepted.includes(name));
}

export function compress(body: string | Buffer, coding: keyof typeof codings): Promise<Buffer> {
  return codings[coding](body);
}
