// `npm run bench:fetch`: a large model from S3 on this machine, by `ml-api fetch` and by `rclone copy`, one after the other in each round,
// and the same model where a node's cache or a claim has it already. How fast is it, and how much memory does it take?
//
//   npm run bench:fetch -- [--rounds N] [--megabytes N]
import { spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { createWriteStream, mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { parseArgs } from 'node:util';
import { startServer } from '../sources/server-process.ts';
import { toolPath } from '../tools/tool.ts';
import { median } from './quantile.ts';
import { buildOurs, ours } from './servers.ts';
import { compared, table } from './table.ts';

const { values: options } = parseArgs({
  options: {
    rounds: { type: 'string', default: '5' },
    megabytes: { type: 'string', default: '1000' },
  },
});
const ROUNDS = Number(options.rounds);
const MEGABYTES = Number(options.megabytes);
const [program = '', ...args] = ours.command;
const KEY = 'AKIATESTACCESSKEY1';
const SECRET = 'a-secret-of-enough-letters';

interface Sample {
  readonly seconds: number;
  readonly megabytesPerSecond: number;
  readonly memoryMB: number;
}

buildOurs();
const folder = mkdtempSync(path.join(tmpdir(), 'bench-fetch-'));
const rclone = toolPath('rclone');
try {
  const bucket = path.join(folder, 's3/models/large');
  mkdirSync(bucket, { recursive: true });
  await pipeline(Readable.from(chunks()), createWriteStream(path.join(bucket, 'model.onnx')));
  const store = await startServer(rclone, (port) => [
    ...['serve', 's3', '--addr', `127.0.0.1:${port}`, '--auth-key', `${KEY},${SECRET}`],
    path.join(folder, 's3'),
  ]);
  try {
    const fetchInto = (to: string, env: Readonly<Record<string, string>> = {}) =>
      measured(program, [...args, 'fetch', 's3://models/large', '--dir', to], {
        AWS_ENDPOINT_URL_S3: store.url,
        AWS_ACCESS_KEY_ID: KEY,
        AWS_SECRET_ACCESS_KEY: SECRET,
        AWS_EC2_METADATA_DISABLED: 'true',
        ...env,
      });
    const fromCache = (to: string) =>
      fetchInto(to, { FETCH_CACHE_DIR: path.join(folder, 'cache') });
    const claim = path.join(folder, 'claim');
    const downloads = {
      'ml-api fetch': fetchInto,
      'rclone copy': (to: string) =>
        measured(rclone, ['copy', 'store:models/large', to], {
          RCLONE_LOG_LEVEL: 'ERROR', // that it has no file of settings is right
          RCLONE_CONFIG_STORE_TYPE: 's3',
          RCLONE_CONFIG_STORE_PROVIDER: 'Rclone',
          RCLONE_CONFIG_STORE_ACCESS_KEY_ID: KEY,
          RCLONE_CONFIG_STORE_SECRET_ACCESS_KEY: SECRET,
          RCLONE_CONFIG_STORE_ENDPOINT: store.url,
        }),
    };
    const hits = {
      'ml-api fetch, from a cache on the node': fromCache,
      'ml-api fetch, onto a claim that has it': () => fetchInto(claim),
    };
    const samples = new Map<string, Sample[]>();
    await rounds(downloads, samples);
    await fromCache(claim); // so that both have it
    // Apart: what a copy leaves the disk to do would be the next download's to wait for.
    await rounds(hits, samples);
    const base = samples.get('rclone copy') ?? [];
    const rows = [...samples].map(([name, own]) => [
      name,
      median(own.map(({ seconds }) => seconds)).toFixed(2),
      ...compared(own, base, 'megabytesPerSecond', 0),
      Math.max(...own.map(({ memoryMB }) => memoryMB)).toFixed(0),
    ]);
    process.stdout.write(`${MEGABYTES} MB from S3 on this machine, ${ROUNDS} rounds\n\n`);
    process.stdout.write(table(['', 'seconds', 'MB/s', 'of rclone', 'memory at most, MB'], rows));
  } finally {
    await store.stop();
  }
} finally {
  rmSync(folder, { recursive: true });
}

/** One way after the other in each round, each into an empty folder. */
async function rounds(
  ways: Readonly<Record<string, (to: string) => Promise<Sample>>>,
  samples: Map<string, Sample[]>,
): Promise<void> {
  for (let round = 0; round < ROUNDS; round++)
    for (const [name, way] of Object.entries(ways)) {
      const to = path.join(folder, 'to');
      mkdirSync(to);
      samples.set(name, [...(samples.get(name) ?? []), await way(to)]);
      rmSync(to, { recursive: true });
    }
}

/** Bytes that cannot be compressed. */
function* chunks(): Generator<Buffer> {
  for (let megabyte = 0; megabyte < MEGABYTES; megabyte++) yield randomBytes(1_000_000);
}

/** The peak of its resident memory is read while it runs. */
async function measured(
  command: string,
  args: readonly string[],
  env: Readonly<Record<string, string>>,
): Promise<Sample> {
  const began = performance.now();
  const child = spawn(command, args, {
    env: { PATH: process.env['PATH'], HOME: folder, ...env },
    stdio: ['ignore', 'ignore', 'inherit'],
  });
  let memoryMB = 0;
  const look = setInterval(() => {
    memoryMB = Math.max(memoryMB, peakOf(child.pid));
  }, 50);
  const code = await new Promise((resolve) => child.once('close', resolve));
  clearInterval(look);
  if (code !== 0) throw new Error(`${command} ended with ${code}`);
  const seconds = (performance.now() - began) / 1000;
  return { seconds, megabytesPerSecond: MEGABYTES / seconds, memoryMB };
}

function peakOf(pid: number | undefined): number {
  try {
    const [, kilobytes = '0'] =
      /^VmHWM:\s+(\d+)/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8')) ?? [];
    return Number(kilobytes) / 1000;
  } catch {
    return 0; // it has ended
  }
}
