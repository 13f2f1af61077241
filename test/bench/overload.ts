// `npm run bench:overload`: what a server does with more than it can do. A heavy model and a light one, on core 0, get from
// half to twenty times what they can answer, at a constant rate whatever they do, from core 1; /livez is asked meanwhile.
//
//   npm run bench:overload -- [--seconds N] [--server FOLDER] [CASE …]
//
// FOLDER is another build of the server, by `node server/build.ts FOLDER`, such as that of an earlier commit.
import { spawn } from 'node:child_process';
import path from 'node:path';
import { text } from 'node:stream/consumers';
import { parseArgs } from 'node:util';
import { attack, closedLoop, type Result } from './load.ts';
import { quantile } from './quantile.ts';
import { heavyPredict, irisBatch, type Post } from './requests.ts';
import { buildOurs, builtAt, ours, root, startPeer } from './servers.ts';
import { table } from './table.ts';

const { values: options, positionals } = parseArgs({
  options: { seconds: { type: 'string', default: '20' }, server: { type: 'string' } },
  allowPositionals: true,
});
const SECONDS = Number(options.seconds);
/** Seconds at the start that do not count for the goodput: the queue fills. */
const FILLING = SECONDS / 4;
const FACTORS = [0.5, 0.8, 1, 1.5, 2, 5, 10, 20];

interface Case {
  readonly post: Post;
  readonly env: Readonly<Record<string, string>>;
  /** Connections that keep it busy, and wait for nothing but their turn. */
  readonly connections: number;
  /** Requests a second that vegeta can offer from its core; beyond it, the load generator would be measured. */
  readonly mostOffered: number;
}

const heavy = { MODEL_DIR: path.join(root, 'server/test/models/heavy'), WORKERS: '1' };
const cases: Readonly<Record<string, Case>> = {
  heavy: {
    post: heavyPredict,
    env: { ...heavy, BATCHING: 'off' },
    connections: 8,
    mostOffered: 5000,
  },
  // Requests of so many rows that the load generator, on its one core, can offer far more than the server takes.
  light: { post: irisBatch(1024), env: {}, connections: 3, mostOffered: 5000 },
};

interface Point {
  readonly factor: number;
  readonly offered: number;
  readonly good: number;
  readonly refused: number;
  readonly retryAfter: number;
  readonly other: number;
  readonly accepted: readonly number[];
  readonly refusals: readonly number[];
  readonly livez: readonly number[];
}

const wanted = positionals.length > 0 ? positionals : Object.keys(cases);
const unknown = wanted.filter((name) => !(name in cases));
if (unknown.length > 0)
  throw new Error(`no such case: ${unknown.join(', ')}; expected ${Object.keys(cases).join('; ')}`);
if (options.server === undefined) buildOurs();
const peer = options.server === undefined ? ours : builtAt(path.resolve(options.server));

let port = 5860;
for (const name of wanted) {
  const found = cases[name];
  if (found !== undefined) process.stdout.write(`${await measure(name, found)}\n`);
}

async function measure(
  name: string,
  { post, env, connections, mostOffered }: Case,
): Promise<string> {
  const server = await startPeer(peer, port++, { LOG_LEVEL: 'silent', ...env });
  try {
    await closedLoop(server.url, connections, 3, post); // warm-up
    const { perSecond } = await closedLoop(server.url, connections, 8, post);
    const points: Point[] = [];
    for (const factor of FACTORS) {
      const rate = Math.max(1, Math.round(factor * perSecond));
      if (rate > mostOffered && points.at(-1)?.offered === mostOffered) break;
      process.stderr.write(`${name}: ${factor} × ${perSecond.toFixed(0)}/s\n`);
      points.push(await offer(server.url, post, factor, Math.min(rate, mostOffered)));
      await new Promise((resolve) => setTimeout(resolve, 1000));
    }
    return report(name, perSecond, connections, points);
  } finally {
    await server.stop();
  }
}

async function offer(url: string, post: Post, factor: number, rate: number): Promise<Point> {
  // The probe is to be late because of the server, not because of the load beside it.
  const probe = spawn(
    'taskset',
    [
      '-c',
      '1',
      'nice',
      '-n',
      '-5',
      process.execPath,
      path.join(import.meta.dirname, 'probe.ts'),
      url,
    ],
    { stdio: ['pipe', 'pipe', 'ignore'] },
  );
  const probed = text(probe.stdout);
  const results = await attack(url, rate, SECONDS, post);
  probe.stdin.end();
  const livez: (number | null)[] = JSON.parse(await probed);
  const ms = (some: readonly Result[]) => some.map((result) => result.ms);
  const accepted = results.filter(({ status }) => status === 200);
  const refused = results.filter(({ status }) => status === 503);
  // What is answered after the attack was the queue's, and would count twice.
  const good = accepted.filter(({ sentAtMs, ms: took }) => {
    const answeredAt = (sentAtMs + took) / 1000;
    return answeredAt >= FILLING && answeredAt < SECONDS;
  });
  return {
    factor,
    offered: results.length / SECONDS, // what vegeta really sent
    good: good.length / (SECONDS - FILLING),
    refused: refused.length / results.length,
    retryAfter: refused.filter(({ retryAfter }) => retryAfter).length / refused.length,
    other: results.length - accepted.length - refused.length,
    accepted: ms(accepted),
    refusals: ms(refused),
    livez: livez.map((one) => one ?? Infinity),
  };
}

function report(
  name: string,
  capacity: number,
  connections: number,
  points: readonly Point[],
): string {
  const peak = Math.max(...points.map(({ good }) => good));
  const head = [
    'offered',
    'per second',
    'answered well',
    'of the peak',
    '503',
    'with Retry-After',
    'neither',
    'p50 / p99 ms',
    'p50 / p99 ms to a 503',
    '/livez p50 / p99 / max ms',
  ];
  const rows = points.map((p) => [
    `${p.factor} ×`,
    p.offered.toFixed(0),
    p.good.toFixed(1),
    percent(p.good / peak),
    percent(p.refused),
    percent(p.retryAfter),
    String(p.other),
    times(p.accepted, 0.5, 0.99),
    times(p.refusals, 0.5, 0.99),
    times(p.livez, 0.5, 0.99, 1),
  ]);
  return `${name}: ${capacity.toFixed(0)} per second from ${connections} connections that wait for their responses\n\n${table(head, rows)}`;
}

function percent(share: number): string {
  return Number.isNaN(share) ? '–' : `${(100 * share).toFixed(0)} %`;
}

function times(ms: readonly number[], ...shares: readonly number[]): string {
  if (ms.length === 0) return '–';
  return shares.map((share) => quantile(ms, share).toFixed(1)).join(' / ');
}
