// `npm run bench:shadow`: what a shadow costs the champion, whatever the challenger does. The champion runs on core 0, the
// load and the challenger on core 1. Each round begins with another case, and runs twice without a shadow: that shows how
// much of a difference is noise.
import { createServer, type RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';
import path from 'node:path';
import { freePort } from '../../server/test/free-port.ts';
import { closedLoop } from './load.ts';
import { median, medianRatio } from './quantile.ts';
import { buildOurs, ours as champion, root, startPeer } from './servers.ts';
import { table } from './table.ts';

const ROUNDS = 7;
const WARM_UP_SECONDS = 3; // until V8 has compiled what is hot
const SECONDS = 4;
const CONNECTIONS = 64;

buildOurs();

const v2 = { MODEL_DIR: path.join(root, 'model/v2'), LOG_LEVEL: 'silent' };
const working = await startPeer(champion, 6100, v2, '1');
const failing = await faulty((_req, res) => res.writeHead(500).end('no'));
const hanging = await faulty(() => {});
const cases: Readonly<Record<string, Record<string, string>>> = {
  'no shadow': {},
  'no shadow, again': {},
  'a challenger that works': { SHADOW: `v2@${working.url}` },
  'one that answers 500': { SHADOW: `v2@${failing}` },
  'one that hangs': { SHADOW: `v2@${hanging}` },
  'one that is dead': { SHADOW: `v2@http://127.0.0.1:${await freePort()}` },
};
const samples = new Map(
  Object.keys(cases).map((name) => [name, { perSecond: [] as number[], p99: [] as number[] }]),
);
let port = 6101;
for (let round = 1; round <= ROUNDS; round++)
  for (const [name, env] of rotated(Object.entries(cases), round)) {
    process.stderr.write(`round ${round} of ${ROUNDS}: ${name}\n`);
    const server = await startPeer(champion, port++, env);
    try {
      await closedLoop(server.url, CONNECTIONS, WARM_UP_SECONDS);
      const { perSecond, p99Ms } = await closedLoop(server.url, CONNECTIONS, SECONDS);
      samples.get(name)?.perSecond.push(perSecond);
      samples.get(name)?.p99.push(p99Ms);
    } finally {
      await server.stop();
    }
  }
await working.stop();

const off = samples.get('no shadow') ?? { perSecond: [], p99: [] };
const head = ['challenger', 'champion req/s', 'to no shadow', 'champion p99 ms', 'to no shadow'];
const rows = [...samples].map(([name, { perSecond, p99 }]) => [
  name,
  Math.round(median(perSecond)).toLocaleString('en'),
  medianRatio(perSecond, off.perSecond).toFixed(3),
  median(p99).toFixed(2),
  medianRatio(p99, off.p99).toFixed(3),
]);
process.stdout.write(table(head, rows));
process.exit(); // the faulty challengers still listen

function rotated<T>(all: readonly T[], by: number): T[] {
  const start = by % all.length;
  return [...all.slice(start), ...all.slice(0, start)];
}

async function faulty(handle: RequestListener): Promise<string> {
  const server = createServer(handle).listen(0, '127.0.0.1');
  await new Promise((resolve) => server.once('listening', resolve));
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}
