// `npm run bench:clients`: the same prediction as different clients ask for it, beside /predict as the smallest request asks.
//
//   npm run bench:clients -- [--server FOLDER]
//
// FOLDER is another build of the server, by `node server/build.ts FOLDER`, such as that of an earlier commit: its /predict is
// measured, too.
import path from 'node:path';
import { parseArgs } from 'node:util';
import { closedLoop, openLoop } from './load.ts';
import { irisInfer, irisPredict, type Post } from './requests.ts';
import { buildOurs, builtAt, ours, type Peer, startPeer } from './servers.ts';
import { compared, table } from './table.ts';

const ROUNDS = 7;
const SECONDS = 4;
const WARM_UP_SECONDS = 3; // until V8 has compiled what is hot
const CONNECTIONS = 64;
const OPEN_RATE = 2000;

interface Case {
  readonly post: Post;
  readonly peer: Peer;
}

interface Sample {
  readonly perSecond: number;
  readonly p99Ms: number;
  readonly openP99Ms: number;
}

const cases: Readonly<Record<string, Case>> = {
  '/predict': { post: irisPredict, peer: ours },
  '/predict, again': { post: irisPredict, peer: ours },
  "/predict with the headers of Go's client": {
    post: {
      ...irisPredict,
      headers: { 'User-Agent': 'Go-http-client/1.1', 'Accept-Encoding': 'gzip' },
    },
    peer: ours,
  },
  'Open Inference Protocol': { post: irisInfer, peer: ours },
};

/** Each case in a process of its own, so that V8 has specialised its code for it alone; each round begins with another. */
export async function clientsReport(firstPort: number, another?: Peer): Promise<string> {
  const all = Object.entries(cases);
  if (another) all.push(['/predict of the other build', { post: irisPredict, peer: another }]);
  const samples = new Map<string, Sample[]>(all.map(([name]) => [name, []]));
  let port = firstPort;
  for (let round = 0; round < ROUNDS; round++)
    for (let i = 0; i < all.length; i++) {
      const [name, one] = all[(i + round) % all.length] ?? [];
      if (name === undefined || one === undefined) continue;
      process.stderr.write(`clients, round ${round + 1} of ${ROUNDS}: ${name}\n`);
      samples.get(name)?.push(await measure(one, port++));
    }
  return report(samples);
}

async function measure({ post, peer }: Case, port: number): Promise<Sample> {
  const server = await startPeer(peer, port);
  try {
    await closedLoop(server.url, CONNECTIONS, WARM_UP_SECONDS, post);
    const { perSecond, p99Ms } = await closedLoop(server.url, CONNECTIONS, SECONDS, post);
    const open = await openLoop(server.url, OPEN_RATE, SECONDS, post);
    if (open.successes < 1) throw new Error(`${open.successes} of the requests were answered well`);
    return { perSecond, p99Ms, openP99Ms: open.p99Ms };
  } finally {
    await server.stop();
  }
}

function report(samples: ReadonlyMap<string, readonly Sample[]>): string {
  const base = samples.get('/predict') ?? [];
  const head = [
    ...['request', `req/s, ${CONNECTIONS} conn.`, 'req/s, of /predict'],
    ...[
      'p99 ms',
      'p99, of /predict',
      `p99 ms at ${OPEN_RATE}/s`,
      `p99 at ${OPEN_RATE}/s, of /predict`,
    ],
  ];
  const rows = [...samples].map(([name, of]) => [
    name,
    ...compared(of, base, 'perSecond', 0),
    ...compared(of, base, 'p99Ms', 1),
    ...compared(of, base, 'openP99Ms', 1),
  ]);
  return `One row of iris, as different clients ask for it; medians of ${ROUNDS} rounds, ratios within each round:\n\n${table(head, rows)}`;
}

if (import.meta.main) {
  const { values } = parseArgs({ options: { server: { type: 'string' } } });
  buildOurs();
  const another = values.server === undefined ? undefined : builtAt(path.resolve(values.server));
  process.stdout.write(await clientsReport(6300, another));
}
