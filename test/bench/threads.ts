// `npm run bench:threads`: what serving threads bring a light model. The server has two cores, and so has the load: it needs a part of
// them, so that the CPU time of a request says more than requests a second, and both are told.
import { execFileSync } from 'node:child_process';
import path from 'node:path';
import { closedLoop } from './load.ts';
import { median, medianRatio } from './quantile.ts';
import { ours, root, startPeer } from './servers.ts';

const ROUNDS = 7;
const SECONDS = 5;
const WARM_UP_SECONDS = 3; // until V8 has compiled what is hot, on each thread
const CONNECTIONS = 64;
const CORES = '0,1';
const THREADS = [1, 2];

interface Sample {
  readonly perSecond: number;
  readonly p99Ms: number;
  /** CPU time of the server, in microseconds a request. */
  readonly cpuUs: number;
  /** Requests a second that two cores would serve if the load took nothing of them. */
  readonly capacity: number;
  readonly memoryMB: number;
}

/** The threads in turn, each in a process of its own. */
export async function threadsReport(firstPort: number): Promise<string> {
  const samples = new Map<number, Sample[]>(THREADS.map((threads) => [threads, []]));
  let port = firstPort;
  for (let round = 1; round <= ROUNDS; round++)
    for (const threads of THREADS) {
      process.stderr.write(`threads, round ${round} of ${ROUNDS}: ${threads}\n`);
      samples.get(threads)?.push(await measure(threads, port++));
    }
  return table(samples);
}

async function measure(threads: number, port: number): Promise<Sample> {
  const server = await startPeer(ours, port, { SERVING_THREADS: String(threads) }, CORES);
  try {
    await closedLoop(server.url, CONNECTIONS, WARM_UP_SECONDS, undefined, CORES);
    const before = server.cpuMs();
    const { perSecond, p99Ms } = await closedLoop(
      server.url,
      CONNECTIONS,
      SECONDS,
      undefined,
      CORES,
    );
    const cpuUs = (1000 * (server.cpuMs() - before)) / (perSecond * SECONDS);
    const capacity = (threads * 1e6) / cpuUs;
    return { perSecond, p99Ms, cpuUs, capacity, memoryMB: server.memoryMB() };
  } finally {
    await server.stop();
  }
}

function table(samples: ReadonlyMap<number, readonly Sample[]>): string {
  const of = (threads: number, field: keyof Sample) =>
    (samples.get(threads) ?? []).map((sample) => sample[field]);
  const columns = (threads: number, field: keyof Sample, digits: number) => [
    median(of(threads, field)).toFixed(digits),
    `${medianRatio(of(threads, field), of(1, field)).toFixed(2)} ×`,
  ];
  const head = [
    ...['serving threads', 'req/s', 'of one', 'server CPU µs a request', 'of one'],
    ...['req/s without the load', 'of one', 'p99 ms', 'of one', 'memory (PSS), MB', 'of one'],
  ];
  const rows = THREADS.map((threads) => [
    String(threads),
    ...columns(threads, 'perSecond', 0),
    ...columns(threads, 'cpuUs', 1),
    ...columns(threads, 'capacity', 0),
    ...columns(threads, 'p99Ms', 1),
    ...columns(threads, 'memoryMB', 0),
  ]);
  return `One row of iris on two cores, which the load shares, over ${CONNECTIONS} connections; medians of ${ROUNDS} rounds, ratios within each round:\n\n${[
    head,
    head.map(() => '---'),
    ...rows,
  ]
    .map((cells) => `| ${cells.join(' | ')} |\n`)
    .join('')}`;
}

if (import.meta.main) {
  execFileSync(
    process.execPath,
    [path.join(root, 'server/build.ts'), path.join(root, '.cache/bench')],
    { stdio: 'inherit' },
  );
  process.stdout.write(await threadsReport(6400));
}
