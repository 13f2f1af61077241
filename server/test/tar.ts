// Tar archives as `tar` does not make them.

export interface Entry {
  readonly name: string;
  /** '0' is a file, '2' a link, '5' a directory. */
  readonly type?: string;
  /** Where a link leads. */
  readonly to?: string;
  readonly mode?: number;
  readonly data?: Uint8Array;
}

export function tar(entries: readonly Entry[]): Buffer {
  return Buffer.concat([...entries.flatMap(blocksOf), Buffer.alloc(1024)]);
}

function blocksOf({
  name,
  type = '0',
  to = '',
  mode = 0o644,
  data = Buffer.alloc(0),
}: Entry): Buffer[] {
  const header = Buffer.alloc(512);
  header.write(name, 0);
  header.write(`${mode.toString(8).padStart(7, '0')}\0`, 100);
  header.write(`${'0'.repeat(7)}\0${'0'.repeat(7)}\0`, 108); // owner
  header.write(`${data.length.toString(8).padStart(11, '0')}\0${'0'.repeat(11)}\0`, 124);
  header.write(`        ${type}`, 148);
  header.write(to, 157);
  header.write('ustar\x0000', 257);
  const checksum = header.reduce((sum, byte) => sum + byte);
  header.write(`${checksum.toString(8).padStart(6, '0')}\0 `, 148);
  return [header, Buffer.from(data), Buffer.alloc(-data.length & 511)];
}
