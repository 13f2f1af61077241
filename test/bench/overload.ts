// `npm run bench:overload`: what a server does with more than it can do. A heavy model on one core, and a light one, get from
// half to twenty times what they can answer, at a constant rate whatever they do; /livez is asked meanwhile.
import { execFile, execFileSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { promisify } from 'node:util';
import { quantile } from './quantile.ts';
import { ours, root, type Started, startPeer } from './servers.ts';

const run = promisify(execFile);
const SECONDS = 20;
const FACTORS = [0.5, 0.8, 1, 1.5, 2, 5, 10, 20];
/** What vegeta can offer from the other core; beyond it, the load generator would be measured. */
const MOST_OFFERED = 4000;
/** Seconds at the start that do not count: the queue fills. */
const FILLING = 5;

interface Case {
  readonly name: string;
  readonly env: Readonly<Record<string, string>>;
  readonly body: string;
  /** A rate a second that the server can surely answer. */
  readonly guess: number;
}

interface Point {
  readonly offered: number;
  readonly good: number;
  readonly refused: number;
  readonly other: number;
  readonly acceptedP50: number;
  readonly acceptedP99: number;
  readonly refusedP99: number;
  readonly livezP99: number;
}

const cases: readonly Case[] = [
  {
    name: 'heavy',
    env: { MODEL_DIR: path.join(root, 'server/test/models/heavy'), WORKERS: '1', BATCHING: 'off' },
    body: JSON.stringify({ inputs: Array<number>(1024).fill(1) }),
    guess: 20,
  },
  {
    name: 'iris',
    env: {},
    body: '{"inputs":[5.1,3.5,1.4,0.2]}',
    guess: 8000,
  },
];

mkdirSync(path.join(root, '.cache'), { recursive: true });
execFileSync(process.execPath, ['server/build.ts', '.cache/bench'], {
  cwd: root,
  stdio: 'inherit',
});
const tables: string[] = [];
for (const [i, { name, env, body, guess }] of cases.entries()) {
  const server = await startPeer(ours, 5860 + i, { LOG_LEVEL: 'silent', ...env });
  try {
    const target = path.join(root, `.cache/overload-${name}.json`);
    writeFileSync(target, body);
    const capacity = await peak(server, target, guess);
    const points: Point[] = [];
    for (const factor of FACTORS) {
      const rate = Math.min(MOST_OFFERED, Math.max(1, Math.round(factor * capacity)));
      process.stderr.write(`${name}: ${factor} × ${capacity.toFixed(0)}/s\n`);
      points.push(await attack(server, target, rate));
      await new Promise((resolve) => setTimeout(resolve, 1000));
    }
    tables.push(table(name, capacity, points));
  } finally {
    await server.stop();
  }
}
process.stdout.write(`${tables.join('\n')}\n`);

/** What is answered a second at most, found by raising the rate until not all of it is. */
async function peak(server: Started, target: string, guess: number): Promise<number> {
  let best = 0;
  for (let rate = guess; rate <= MOST_OFFERED; rate = Math.round(rate * 1.5)) {
    const { good } = await attack(server, target, rate, FILLING + 5);
    best = Math.max(best, good);
    if (good < 0.85 * rate) break;
  }
  return best;
}

/** `vegeta encode` gives a line a request; the percentiles are of those of one outcome. */
async function attack(
  { url }: Started,
  target: string,
  rate: number,
  seconds = SECONDS,
): Promise<Point> {
  const livez: number[] = [];
  let over = false;
  const probing = (async () => {
    while (!over) {
      const startedAt = performance.now();
      await (await fetch(`${url}/livez`)).text();
      livez.push(performance.now() - startedAt);
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  })();
  const { stdout } = await run(
    'bash',
    [
      '-c',
      `printf 'POST %s/predict\\n' "$1" |
     taskset -c 1 go tool vegeta attack -rate="$2/s" -duration="$3s" -timeout=30s -max-workers=20000 -header='Content-Type: application/json' -body="$4" |
     go tool vegeta encode -to=csv | cut -d, -f1-3`,
      ...['bash', url, String(rate), String(seconds), target],
    ],
    { cwd: import.meta.dirname, maxBuffer: 1e9 },
  );
  over = true;
  await probing;
  const accepted: number[] = [];
  const refused: number[] = [];
  let other = 0;
  let good = 0;
  const results = stdout
    .trim()
    .split('\n')
    .map((line) => line.split(',').map(Number));
  const begin = Math.min(...results.map(([sent = Infinity]) => sent / 1e6)) + 1000 * FILLING;
  const end = begin + 1000 * (seconds - FILLING);
  for (const [sent = Number.NaN, status, latency = Number.NaN] of results) {
    const ms = latency / 1e6;
    const sentAt = sent / 1e6;
    // What is answered after the attack was the queue's, and would count twice.
    if (status === 200 && sentAt + ms >= begin && sentAt + ms < end) good++;
    if (status === 200) accepted.push(ms);
    else if (status === 503) refused.push(ms);
    else other++;
  }
  return {
    offered: rate,
    good: good / (seconds - FILLING),
    refused: refused.length / seconds,
    other: other / seconds,
    acceptedP50: quantile(accepted, 0.5),
    acceptedP99: quantile(accepted, 0.99),
    refusedP99: quantile(refused, 0.99),
    livezP99: quantile(livez, 0.99),
  };
}

function table(name: string, capacity: number, points: readonly Point[]): string {
  const head =
    'offered/s | good/s | of the peak | refused/s | other/s | p50 ms | p99 ms | refused p99 ms | /livez p99 ms';
  const peak = Math.max(capacity, ...points.map(({ good }) => good));
  const rows = points.map((p) =>
    [
      p.offered,
      p.good.toFixed(1),
      `${((100 * p.good) / peak).toFixed(0)} %`,
      p.refused.toFixed(1),
      p.other.toFixed(1),
      ...[p.acceptedP50, p.acceptedP99, p.refusedP99, p.livezP99].map((ms) =>
        Number.isNaN(ms) ? '–' : ms.toFixed(1),
      ),
    ].join(' | '),
  );
  return `${name}: ${capacity.toFixed(0)} a second at most\n\n| ${head} |\n| ${head.replaceAll(/[^|]+/g, ' --- ')} |\n${rows.map((row) => `| ${row} |`).join('\n')}\n`;
}
