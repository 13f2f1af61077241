// The load: wrk for as much as the server takes (closed loop), vegeta for a constant rate (open loop). On core 1,
// where nothing else is said.
import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';
import { quantile } from './quantile.ts';
import { headersOf, irisPredict, type Post } from './requests.ts';

const run = promisify(execFile);
const here = import.meta.dirname;

export interface Closed {
  readonly perSecond: number;
  readonly p99Ms: number;
}

/** As many requests as the server takes from `connections` that each wait for their answer. */
export function closedLoop(
  url: string,
  connections: number,
  seconds: number,
  post: Post = irisPredict,
  cores = '1',
): Promise<Closed> {
  return withBody(post, async (body) => {
    const headers = headersOf(post).flatMap(([name, value]) => ['-H', `${name}: ${value}`]);
    const { stdout } = await run('taskset', [
      ...['-c', cores, 'wrk', '-t1', `-c${connections}`, `-d${seconds}s`, '--latency', ...headers],
      ...['-s', path.join(here, 'post.lua'), url + post.path, '--', body],
    ]);
    const failed = /Non-2xx or 3xx responses: (\d+)/.exec(stdout)?.[1];
    if (failed !== undefined) throw new Error(`${failed} requests to ${url} failed`);
    const [, value = 'NaN', unit = ''] = /99%\s+([\d.]+)(us|ms|s)/.exec(stdout) ?? [];
    const factor: Record<string, number> = { us: 0.001, ms: 1, s: 1000 };
    return {
      perSecond: Number(/Requests\/sec:\s+([\d.]+)/.exec(stdout)?.[1]),
      p99Ms: Number(value) * (factor[unit] ?? Number.NaN),
    };
  });
}

export interface Open {
  /** The share of the requests that were answered with 200. */
  readonly successes: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
}

/** A constant rate, whatever the server does: what users are. */
export async function openLoop(
  url: string,
  perSecond: number,
  seconds: number,
  post: Post = irisPredict,
): Promise<Open> {
  const results = await attack(url, perSecond, seconds, post);
  const latencies = results.map(({ ms }) => ms);
  return {
    successes: results.filter(({ status }) => status === 200).length / results.length,
    p50Ms: quantile(latencies, 0.5),
    p99Ms: quantile(latencies, 0.99),
  };
}

/** What became of one request. */
export interface Result {
  /** When it was sent, in milliseconds since the first. */
  readonly sentAtMs: number;
  /** Its status; 0 where there was none. */
  readonly status: number;
  readonly ms: number;
  /** Whether the response said when to try again. */
  readonly retryAfter: boolean;
}

/** Sends at a constant rate, each request as soon as it is due, and tells what became of every one. */
export function attack(
  url: string,
  perSecond: number,
  seconds: number,
  post: Post,
): Promise<Result[]> {
  return withBody(post, async (body, folder) => {
    const headers = headersOf(post).map(([name, value]) => `-header=${name}: ${value}`);
    const found = path.join(folder, 'results');
    const targets = path.join(folder, 'targets');
    await writeFile(targets, `POST ${url}${post.path}\n`);
    // As many requests at once as the server takes connections; what comes first is counted last, after the attack.
    await run(
      'taskset',
      [
        ...['-c', '1', 'go', 'tool', 'vegeta', 'attack', `-rate=${perSecond}/s`],
        ...[`-duration=${seconds}s`, '-timeout=30s', '-max-workers=9000', ...headers],
        ...[`-body=${body}`, `-targets=${targets}`, `-output=${found}`],
      ],
      { cwd: here },
    );
    const lines = path.join(folder, 'lines');
    await run('go', ['tool', 'vegeta', 'encode', '-to=csv', `-output=${lines}`, found], {
      cwd: here,
    });
    return readResults(await readFile(lines, 'utf8'));
  });
}

/** vegeta's columns: time sent, status, latency, …, and last the headers of the response in base64. */
function readResults(csv: string): Result[] {
  const results = csv
    .trimEnd()
    .split('\n')
    .map((line) => {
      const fields = line.split(',');
      const [sentAt = Number.NaN, status = Number.NaN, latency = Number.NaN] = fields.map(Number);
      const headers = Buffer.from(fields.at(-1) ?? '', 'base64').toString();
      return {
        sentAtMs: sentAt / 1e6,
        status,
        ms: latency / 1e6,
        retryAfter: /^retry-after: \d/im.test(headers),
      };
    });
  const first = results.reduce((least, { sentAtMs }) => Math.min(least, sentAtMs), Infinity);
  return results.map((result) => ({ ...result, sentAtMs: result.sentAtMs - first }));
}

/** wrk and vegeta read a body from a file. */
async function withBody<T>(
  { body }: Post,
  use: (file: string, folder: string) => Promise<T>,
): Promise<T> {
  const folder = await mkdtemp(path.join(tmpdir(), 'bench-load-'));
  try {
    const file = path.join(folder, 'body');
    await writeFile(file, body);
    return await use(file, folder);
  } finally {
    await rm(folder, { recursive: true });
  }
}
