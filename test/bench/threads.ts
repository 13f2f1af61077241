// `npm run bench:threads`: what a second core and a second serving thread bring a light model. The load runs on the same cores as the
// server, so that a second core is one for both. What it takes is counted out in one column, by the CPU time of the server.
import { closedLoop } from './load.ts';
import { buildOurs, ours, startPeer } from './servers.ts';
import { compared, table } from './table.ts';

const ROUNDS = 7;
const SECONDS = 5;
const WARM_UP_SECONDS = 3; // until V8 has compiled what is hot, on each thread

const cases = {
  'one core, one thread': { cores: '0', threads: 1, connections: 64 },
  'two cores, one thread': { cores: '0,1', threads: 1, connections: 64 },
  'two cores, two threads': { cores: '0,1', threads: 2, connections: 64 },
  // As many for each thread as the first case has, so that batches hold as many requests.
  'two cores, two threads, 128 connections': { cores: '0,1', threads: 2, connections: 128 },
} as const;
type Case = keyof typeof cases;

interface Sample {
  readonly perSecond: number;
  readonly p99Ms: number;
  /** CPU time of the server, in microseconds a request. */
  readonly cpuUs: number;
  /** Requests a second that its threads would serve if each had a core to itself, by that time: the load is counted out. */
  readonly coresAlone: number;
  readonly memoryMB: number;
}

/** Each case in a process of its own, in turn. */
export async function threadsReport(firstPort: number): Promise<string> {
  const names = Object.keys(cases) as Case[];
  const samples = new Map<Case, Sample[]>(names.map((name) => [name, []]));
  let port = firstPort;
  for (let round = 1; round <= ROUNDS; round++)
    for (const name of names) {
      process.stderr.write(`threads, round ${round} of ${ROUNDS}: ${name}\n`);
      samples.get(name)?.push(await measure(name, port++));
    }
  return report(samples);
}

async function measure(name: Case, port: number): Promise<Sample> {
  const { cores, threads, connections } = cases[name];
  const server = await startPeer(ours, port, { SERVING_THREADS: String(threads) }, cores);
  try {
    await closedLoop(server.url, connections, WARM_UP_SECONDS, undefined, cores);
    const before = server.cpuMs();
    const load = await closedLoop(server.url, connections, SECONDS, undefined, cores);
    const cpuUs = (1000 * (server.cpuMs() - before)) / (load.perSecond * SECONDS);
    const coresAlone = (threads * 1e6) / cpuUs;
    return { ...load, cpuUs, coresAlone, memoryMB: server.memoryMB() };
  } finally {
    await server.stop();
  }
}

function report(samples: ReadonlyMap<Case, readonly Sample[]>): string {
  const base = samples.get('one core, one thread') ?? [];
  // Beside load that has a core of its own, too: what takes turns with it finds more requests waiting, each of which costs less.
  const oneThread = samples.get('two cores, one thread') ?? [];
  const head = [
    ...['server and load on', 'req/s', 'req/s, of the first', 'p99 ms', 'p99, of the first'],
    ...['server CPU µs per request', 'CPU, of the first'],
    ...['req/s, load counted out', 'of one thread on two cores'],
    ...['memory (PSS), MB', 'memory, of the first'],
  ];
  const rows = [...samples].map(([name, of]) => [
    name,
    ...compared(of, base, 'perSecond', 0),
    ...compared(of, base, 'p99Ms', 1),
    ...compared(of, base, 'cpuUs', 1),
    ...compared(of, oneThread, 'coresAlone', 0),
    ...compared(of, base, 'memoryMB', 0),
  ]);
  return `One row of iris over 64 connections unless it says otherwise, by serving threads; medians of ${ROUNDS} rounds, ratios within each round:\n\n${table(head, rows)}`;
}

if (import.meta.main) {
  buildOurs();
  process.stdout.write(await threadsReport(6400));
}
