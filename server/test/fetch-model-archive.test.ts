// `fetch-model` of archives that are large, odd or meant to do harm.
import { execFileSync } from 'node:child_process';
import { readdirSync, readFileSync, statSync, truncateSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { Readable } from 'node:stream';
import { gzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { folder, model, serveFile, sum } from './file-server.ts';
import { run } from './program.ts';
import { type Entry, tar } from './tar.ts';

const MIB = 1024 * 1024;

/** Fetches an archive into a directory that holds another model. */
async function fetchArchive(data: Buffer, env: Readonly<Record<string, string>> = {}) {
  const { url } = await serveFile((_req, res) => res.end(data));
  const directory = folder();
  writeFileSync(path.join(directory, 'model.onnx'), 'old');
  const ended = await run(['fetch-model'], {
    MODEL_URL: `${url}/m.tar.gz`,
    MODEL_SHA256: sum(data),
    MODEL_DIR: directory,
    ...env,
  });
  return { ...ended, directory, url };
}

/** The model before is whole, and nothing lies beside it. */
function expectUnchanged(directory: string): void {
  expect(readdirSync(directory)).toEqual(['model.onnx']);
  expect(readFileSync(path.join(directory, 'model.onnx'), 'utf8')).toBe('old');
}

/** Prints the most memory that the process has had, in KiB, at its end. */
const measured = {
  NODE_OPTIONS: `--import=data:text/javascript,${encodeURIComponent(
    `import { readFileSync } from 'node:fs';
     process.on('exit', () => console.log(/VmHWM:.*/.exec(readFileSync('/proc/self/status', 'utf8'))[0]));`,
  )}`,
};
const peakOf = (stdout: string) => Number(/VmHWM:\s*(\d+) kB/.exec(stdout)?.[1]) / 1024;

describe.skipIf(process.platform !== 'linux')('takes no more memory for a large archive', () => {
  /** 300 MiB of zeros in less than 2 MB: as far as gzip is from its limits, so that nothing else refuses it. */
  function large(): Buffer {
    const source = folder();
    writeFileSync(path.join(source, 'model.onnx'), '');
    truncateSync(path.join(source, 'model.onnx'), 300 * MIB);
    const args = ['-c', '-I', 'gzip -1', '-C', source, 'model.onnx'];
    return execFileSync('tar', args, { maxBuffer: 10 * MIB });
  }

  it.each([
    ['one that is unpacked', large, {}, undefined],
    [
      'one with more than may be',
      large,
      { FETCH_MAX_BYTES: '10000000' },
      /holds more than the 10000000 bytes that FETCH_MAX_BYTES allows\. Nothing was changed\./,
    ],
    [
      'one that goes on after its end',
      () => gzipSync(Buffer.concat([tar([{ name: 'model.onnx' }]), Buffer.alloc(300 * MIB)])),
      {},
      /bytes that belong to no file/,
    ],
    [
      'one that is compressed twice',
      () => gzipSync(gzipSync(Buffer.alloc(300 * MIB), { level: 1 })),
      {},
      /is not a tar archive/,
    ],
  ])(
    '%s',
    async (_name, make, env, refusal) => {
      const { code, stdout, stderr, directory } = await fetchArchive(make(), {
        ...measured,
        ...env,
      });
      expect(stderr).toMatch(refusal ?? /^$/);
      expect(code).toBe(refusal === undefined ? 0 : 3);
      if (refusal !== undefined) expectUnchanged(directory);
      else expect(statSync(path.join(directory, 'model.onnx')).size).toBe(300 * MIB);
      expect(peakOf(stdout)).toBeLessThan(260);
    },
    60_000,
  );
});

it.skipIf(process.platform !== 'linux')(
  'a large file takes little more memory than a small one',
  async () => {
    const block = Buffer.alloc(MIB);
    const { url } = await serveFile((req, res) => {
      const blocks = Array<Buffer>(Number(/\d+/.exec(req.url ?? '')?.[0])).fill(block);
      Readable.from(blocks).pipe(res);
    });
    const peakFor = async (mebibytes: number) => {
      const args = ['fetch', `${url}/${mebibytes}.onnx`, '--dir', folder()];
      const { code, stdout } = await run(args, measured);
      expect(code).toBe(0);
      return peakOf(stdout);
    };
    // With the program's own 60 MB, less than the 128 MiB that the chart requests for it.
    expect((await peakFor(600)) - (await peakFor(1))).toBeLessThan(64);
  },
);

describe('is unpacked with the permissions of a model', () => {
  it.each(['6777', '7000', '1777', '0'])('whatever the archive says: %s', async (octal) => {
    const mode = Number.parseInt(octal, 8);
    const entries = [
      { name: './', type: '5', mode },
      { name: 'data/', type: '5', mode },
      { name: 'data/weights', mode },
      { name: 'more/weights', mode },
      { name: 'model.onnx', mode, data: model },
    ];
    const { code, stderr, directory } = await fetchArchive(gzipSync(tar(entries)));
    expect([code, stderr]).toEqual([0, '']);
    const modeOf = (name: string) => statSync(path.join(directory, name)).mode & 0o7777;
    const mask = process.umask();
    for (const file of ['model.onnx', 'data/weights', 'more/weights'])
      expect(modeOf(file)).toBe(0o644 & ~mask);
    for (const one of ['data', 'more']) expect(modeOf(one)).toBe(0o755 & ~mask);
  });
});

it('says that links were left out where they may have led to the model', async () => {
  const data = gzipSync(
    tar([{ name: 'model.onnx', type: '2', to: '../blobs/1' }, { name: 'labels.txt' }]),
  );
  const { code, stderr } = await fetchArchive(data);
  expect(stderr).toContain(', without its 1 link, holds no model.onnx; expected exactly one');
  expect(code).toBe(3);
});

it('of entries of one name the last counts, as with tar', async () => {
  const data = gzipSync(tar([{ name: 'model.onnx' }, { name: './model.onnx', data: model }]));
  const { code, stderr, directory } = await fetchArchive(data);
  expect([code, stderr]).toEqual([0, '']);
  expect(readFileSync(path.join(directory, 'model.onnx'))).toEqual(model);
});

describe('is refused with a sentence that names the entry', () => {
  const file = (name: string): Entry => ({ name, data: Buffer.from('x') });
  const directory = (name: string): Entry => ({ name: `${name}/`, type: '5' });
  const both = (name: string, at: string) =>
    `holds "${name}" as a file and as a directory (at its entry "${at}"); expected one of them`;
  const outside = (name: string) =>
    `holds the entry ${JSON.stringify(name)}; expected a relative path without "..", backslashes and control characters, of at most 4096 characters`;
  it.each<[string, Entry[], string]>([
    ['a file, and something in it', [file('a'), file('a/b')], both('a', 'a/b')],
    ['the reverse', [file('a/b'), file('a')], both('a', 'a')],
    ['deep in it', [file('./a'), file('a/b/c/d')], both('a', 'a/b/c/d')],
    ['a directory of the same name', [file('a'), directory('a')], both('a', 'a/')],
    ['the reverse of that', [directory('a'), file('a')], both('a', 'a')],
    ['an empty path', [file('.')], both('.', '.')],
    ['a path out of it', [file('../a')], outside('../a')],
    ['a path out of it, in the middle', [file('a/../../b')], outside('a/../../b')],
    ['an absolute path', [file('/a')], outside('/a')],
    [
      'a name that no disk takes',
      [file(`${'long/'.repeat(5)}`.slice(0, -1)), ...longName('n'.repeat(300))],
      `cannot be unpacked at its entry "${'n'.repeat(100)}…": open failed with ENAMETOOLONG`,
    ],
  ])('%s', async (_name, entries, said) => {
    const data = gzipSync(tar([file('model.onnx'), ...entries, file('last')]));
    const { code, stderr, directory } = await fetchArchive(data);
    expect(stderr).toContain(said);
    expect(stderr).toMatch(/^The [^\n]{20,500} Nothing was changed\.\n$/);
    expect(stderr).not.toContain('.fetching');
    expect(code).toBe(3);
    expectUnchanged(directory);
  });

  it('of a broken archive, that it is one', async () => {
    const whole = gzipSync(tar([{ name: 'model.onnx', data: model }]));
    for (const data of [whole.subarray(0, whole.length / 2), Buffer.alloc(0), Buffer.alloc(5000)]) {
      const { code, stderr, directory } = await fetchArchive(data);
      expect(stderr).toMatch(/(is not a tar archive: .+|holds no model\.onnx.+)\.\n$/);
      expect(code).toBe(3);
      expectUnchanged(directory);
    }
  });

  it('one with more folders than files, each an inode', async () => {
    const deep = (i: number) => file(`${i}/${'d/'.repeat(40)}f`);
    const data = gzipSync(tar(Array.from({ length: 300 }, (_, i) => deep(i))));
    const { stderr, directory } = await fetchArchive(data);
    expect(stderr).toContain('holds more than 10000 files');
    expectUnchanged(directory);
  });
});

/** An entry whose name is longer than its header has room for: GNU's way. */
function longName(name: string): Entry[] {
  return [
    { name: '././@LongLink', type: 'L', data: Buffer.from(`${name}\0`) },
    { name: name.slice(0, 99) },
  ];
}
