// Compresses answers for clients that want it.
import { promisify } from 'node:util';
import { deflate, gzip } from 'node:zlib';

const codings = { gzip: promisify(gzip), deflate: promisify(deflate) };

/** Bytes below which compressing costs more than it saves, for a client that takes compressed answers by habit. */
const WORTH_IT = 1024;

/** The coding to answer with; undefined for none. */
export function chooseCoding(
  acceptEncoding: string | undefined,
  bytes: number,
): keyof typeof codings | undefined {
  const accepted = (acceptEncoding ?? '')
    .split(',')
    .map((entry) => entry.trim().toLowerCase().split(';'))
    .filter(([, quality = '']) => !/^\s*q=0(\.0*)?$/.test(quality))
    .map(([name = '']) => name.trim());
  const coding = (['gzip', 'deflate'] as const).find((name) => accepted.includes(name));
  // Triton's clients name one coding when they are told to, all others always list what they can.
  const isAskedFor = accepted.length === 1;
  return isAskedFor || bytes >= WORTH_IT ? coding : undefined;
}

export function compress(body: Buffer, coding: keyof typeof codings): Promise<Buffer> {
  return codings[coding](body);
}
