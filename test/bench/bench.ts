// `npm run bench`: the predictor beside its peers, in one run on one machine. Servers run on core 0, the load on
// core 1; rounds are interleaved, and medians are shown, so that a noisy machine hurts all alike.
import { spawnSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { cpus } from 'node:os';
import path from 'node:path';
import { pythonFor } from '../../model/python.ts';
import { clientsReport } from './clients.ts';
import { grpcReport } from './grpc.ts';
import { inferReport } from './infer.ts';
import { closedLoop, openLoop } from './load.ts';
import { writtenHere } from './machine.ts';
import { metricsCost } from './metrics-cost.ts';
import { median, quantile } from './quantile.ts';
import { buildOurs, ours, type Peer, peersToMeasure, root, startPeer } from './servers.ts';
import { table } from './table.ts';
import { threadsReport } from './threads.ts';
import { workersReport } from './workers.ts';

const ROUNDS = 3;
const SECONDS = 4;
const OPEN_RATE = 2000;
/** What the open loop may be too much for: it would only measure how long a queue gets. */
const CLOSED_ONLY = new Set(['Flask + scikit-learn']);

interface Sample {
  readonly startMs: number;
  readonly idleMB: number;
  readonly loadMB: number;
  readonly at8: number;
  readonly at64: number;
  readonly p99At64: number;
  readonly open?: { successes: number; p50Ms: number; p99Ms: number };
}

prepare();
const samples = new Map<Peer, Sample[]>(peersToMeasure.map((peer) => [peer, []]));
let port = 5700; // and so all below 6000, to which fetch does not go: https://fetch.spec.whatwg.org/#port-blocking
for (let round = 1; round <= ROUNDS; round++)
  for (const peer of peersToMeasure) {
    process.stderr.write(`round ${round} of ${ROUNDS}: ${peer.name}\n`);
    samples.get(peer)?.push(await measure(peer, port++));
  }
const perSecond = median(samples.get(ours)?.map(({ at64 }) => at64) ?? []);
const report = [
  section('Servers', peersTable(samples, perSecond), metricsCost(perSecond)),
  section('Heavy models', await heavyModel(port), await workersReport(port + 1)),
  section('Serving threads', await threadsReport(port + 80)),
  section('Images', await inferReport(port + 10)),
  section('Clients', await clientsReport(port + 20)),
  section('gRPC', await grpcReport(port + 60, ROUNDS, SECONDS)),
].join('\n');
process.stdout.write(report);
mkdirSync(path.join(root, 'docs'), { recursive: true });
writeFileSync(path.join(root, 'docs/benchmark.md'), page(report));

function section(title: string, ...parts: readonly string[]): string {
  return [`## ${title}\n`, ...parts].join('\n');
}

async function measure(peer: Peer, port: number): Promise<Sample> {
  const server = await startPeer(peer, port);
  try {
    await sleep(1000);
    const idleMB = server.memoryMB();
    await closedLoop(server.url, 64, 2); // warm-up
    await sleep(300); // what the load generator left in flight
    const at8 = await closedLoop(server.url, 8, SECONDS);
    await sleep(300);
    const at64 = await closedLoop(server.url, 64, SECONDS);
    const loadMB = server.memoryMB();
    await sleep(300);
    const open = CLOSED_ONLY.has(peer.name)
      ? undefined
      : await openLoop(server.url, OPEN_RATE, SECONDS);
    return {
      startMs: server.startMs,
      idleMB,
      loadMB,
      at8: at8.perSecond,
      at64: at64.perSecond,
      p99At64: at64.p99Ms,
      ...(open && { open }),
    };
  } finally {
    await server.stop();
  }
}

/** @param base what ours answers a second at 64 connections, which the others are compared with */
function peersTable(all: ReadonlyMap<Peer, readonly Sample[]>, base: number): string {
  const rows = [...all].map(([peer, found]) => {
    const of = (field: (sample: Sample) => number | undefined) =>
      median(found.flatMap((sample) => field(sample) ?? []));
    const open = found.some((sample) => sample.open);
    return [
      peer.name,
      count(of((s) => s.at8)),
      count(of((s) => s.at64)),
      `${(base / of((s) => s.at64)).toFixed(2)} ×`,
      fixed(of((s) => s.p99At64)),
      open ? `${(100 * of((s) => s.open?.successes)).toFixed(1)} %` : '–',
      open ? `${fixed(of((s) => s.open?.p50Ms))} / ${fixed(of((s) => s.open?.p99Ms))}` : '–',
      count(of((s) => s.startMs)),
      count(of((s) => s.idleMB)),
      count(of((s) => s.loadMB)),
    ];
  });
  const head = [
    'server',
    'req/s, 8 conn.',
    'req/s, 64 conn.',
    'ml-api is',
    'p99 ms, 64 conn.',
    `good at ${OPEN_RATE}/s`,
    `p50 / p99 ms at ${OPEN_RATE}/s`,
    'start ms',
    'idle MB',
    'loaded MB',
  ];
  return table(head, rows);
}

/** How long a probe waits while a model of more than 50 ms a run is busy. */
async function heavyModel(port: number): Promise<string> {
  const env = {
    MODEL_DIR: path.join(root, 'server/test/models/heavy'),
    WORKERS: '1',
    LOG_LEVEL: 'silent',
  };
  const server = await startPeer(ours, port, env);
  try {
    const body = JSON.stringify({ inputs: Array<number>(1024).fill(1) });
    const headers = { 'Content-Type': 'application/json' };
    let busy = true;
    const runs: number[] = [];
    const work = (async () => {
      while (busy) {
        const response = await fetch(`${server.url}/predict`, { method: 'POST', headers, body });
        await response.text();
        runs.push(
          Number(/inference;dur=([\d.]+)/.exec(response.headers.get('server-timing') ?? '')?.[1]),
        );
      }
    })();
    const probes: number[] = [];
    for (let i = 0; i < 300; i++) {
      const startedAt = performance.now();
      await (await fetch(`${server.url}/livez`)).text();
      probes.push(performance.now() - startedAt);
      await sleep(10);
    }
    busy = false;
    await work;
    return `A heavy model of ${fixed(median(runs))} ms per run, which runs without a pause on a worker thread of the same core: /livez responds in ${fixed(median(probes))} ms at the median, ${fixed(quantile(probes, 0.99))} ms at p99, of ${probes.length} probes.\n`;
  } finally {
    await server.stop();
  }
}

function prepare(): void {
  if (cpus().length < 2)
    throw new Error('two cores are needed: one for the servers, one for the load');
  if (spawnSync('wrk', ['-v']).error)
    throw new Error('wrk is needed for the load. On Debian: apt-get install wrk');
  pythonFor(path.join(import.meta.dirname, 'requirements.txt'));
  const vegeta = spawnSync('go', ['-C', import.meta.dirname, 'tool', 'vegeta', '--version'], {
    stdio: ['ignore', 'ignore', 'inherit'],
  });
  if (vegeta.status !== 0) throw new Error('Go is needed for vegeta, the open-loop load');
  buildOurs();
}

function page(report: string): string {
  return `# Benchmark

${writtenHere('npm run bench')}

Every server runs on core 0, and the load on core 1. The figures are medians of ${ROUNDS} interleaved rounds. Ratios are medians of the ratios within each round, so they differ from those of two medians. Every server that predicts serves
the same iris forest of 100 trees, and must predict a golden row before it is measured. ml-api has its defaults:
validation, batching, metrics and logs (of at most 100 requests per second) are on. The closed loop is wrk for ${SECONDS} s, the open loop is vegeta at ${OPEN_RATE} requests per second. Memory is
the proportional set size of the process tree.

Express hello is measured twice: with its defaults, and with ml-api's settings, which switch off \`ETag\` and \`X-Powered-By\`. The second is the fair
comparison. Flask + scikit-learn is the tutorial's server, unchanged. Most of its time is scikit-learn's cost of a single row, and
gunicorn's default worker does not keep connections alive, so every request opens one. The ratio therefore says little about Node or
Express.

${report}`;
}

function count(value: number): string {
  return Math.round(value).toLocaleString('en');
}

function fixed(value: number): string {
  return value.toFixed(1);
}

function sleep(milliseconds: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, milliseconds));
}
