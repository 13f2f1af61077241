// `npm run bench:peers`: one row of iris from ml-api and from products of others, each by its own REST API.
//
//   npm run bench:peers -- [--rounds N] [--seconds N]
//
// The servers are on core 0, the load on core 1; rounds are interleaved, and each begins with another server.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { cpus, tmpdir } from 'node:os';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { closedLoop } from './load.ts';
import { writtenHere } from './machine.ts';
import {
  bentoml,
  irisByMlserver,
  kserve,
  litserve,
  type Product,
  rayServe,
  triton,
} from './python-peers.ts';
import { median, medianRatio } from './quantile.ts';
import { headersOf, irisInfer, irisPredict } from './requests.ts';
import { buildOurs, ours, root, startServed } from './servers.ts';
import { table } from './table.ts';

const WARM_UP_SECONDS = 3; // until V8 has compiled what is hot

interface Sample {
  readonly startMs: number;
  readonly idleMB: number;
  readonly at8: number;
  readonly at64: number;
  readonly p99At64: number;
  /** What a request costs the server: the least that others on the machine disturb. */
  readonly cpuUs: number;
}

type Samples = ReadonlyMap<Product, Sample[]>;

const ownEnv = { MODEL_DIR: path.join(root, 'model/v1') };
const predict: Product = { peer: ours, env: ownEnv, post: irisPredict };
const infer: Product = {
  peer: { ...ours, name: 'ml-api, Open Inference' },
  env: ownEnv,
  post: irisInfer,
};

const { values } = parseArgs({
  options: {
    rounds: { type: 'string', default: '3' },
    seconds: { type: 'string', default: '4' },
  },
});
if (cpus().length < 2)
  throw new Error('two cores are needed: one for the servers, one for the load');
buildOurs();
const work = mkdtempSync(path.join(tmpdir(), 'peers-')); // Ray makes sockets below it, whose paths must be short
try {
  const samples = await measureAll(Number(values.rounds), Number(values.seconds));
  const text = page(samples);
  process.stdout.write(text);
  writeFileSync(path.join(root, 'docs/benchmark-peers.md'), text);
} finally {
  rmSync(work, { recursive: true, force: true });
}

async function measureAll(rounds: number, seconds: number): Promise<Samples> {
  const products = [
    ...[predict, infer, triton(), litserve(), irisByMlserver(work), kserve(), bentoml()],
    rayServe(work),
  ];
  const samples = new Map<Product, Sample[]>(products.map((product) => [product, []]));
  let port = 6700;
  for (let round = 0; round < rounds; round++)
    for (let i = 0; i < products.length; i++) {
      const product = products[(i + round) % products.length];
      if (product === undefined) continue;
      process.stderr.write(`round ${round + 1} of ${rounds}: ${product.peer.name}\n`);
      samples.get(product)?.push(await measure(product, port, seconds));
      port += 2;
    }
  return samples;
}

async function measure(product: Product, port: number, seconds: number): Promise<Sample> {
  const { peer, post } = product;
  const server = await startServed(product, port, port + 1);
  try {
    await expectGolden(server.url, product);
    const idleMB = server.memoryMB();
    await closedLoop(server.url, 64, WARM_UP_SECONDS, post);
    const at8 = await closedLoop(server.url, 8, seconds, post);
    const before = server.cpuMs();
    const at64 = await closedLoop(server.url, 64, seconds, post);
    return {
      startMs: server.startMs,
      idleMB,
      at8: at8.perSecond,
      at64: at64.perSecond,
      p99At64: at64.p99Ms,
      cpuUs: (1000 * (server.cpuMs() - before)) / (at64.perSecond * seconds),
    };
  } catch (error) {
    throw new Error(`${peer.name}: ${error instanceof Error ? error.message : error}`);
  } finally {
    await server.stop();
  }
}

/** A server that is fast and wrong is of no use. */
async function expectGolden(url: string, { post }: Product): Promise<void> {
  const headers = Object.fromEntries(headersOf(post));
  const response = await fetch(url + post.path, { method: 'POST', headers, body: post.body });
  const text = await response.text();
  const { prediction, outputs = [] } = JSON.parse(text);
  const label = prediction ?? outputs.find(({ name }: { name: string }) => name === 'label')?.data;
  if (String(label) !== '0') throw new Error(`predicts ${text}`);
}

function page(samples: Samples): string {
  const of = (product: Product, field: keyof Sample) =>
    (samples.get(product) ?? []).map((sample) => sample[field]);
  const rows = [...samples.keys()].map((product) => {
    const same = product.post === irisInfer ? infer : predict;
    const number = (field: keyof Sample) =>
      Math.round(median(of(product, field))).toLocaleString('en');
    return [
      product.peer.name,
      product.post === irisInfer ? 'Open Inference' : 'its own',
      number('at8'),
      number('at64'),
      `${medianRatio(of(same, 'at64'), of(product, 'at64')).toFixed(1)} ×`,
      median(of(product, 'p99At64')).toFixed(1),
      number('cpuUs'),
      number('startMs'),
      number('idleMB'),
    ];
  });
  const head = [
    ...['server', 'protocol, in JSON', 'req/s, 8 conn.', 'req/s, 64 conn.', 'ml-api is'],
    ...['p99 ms, 64 conn.', 'CPU µs per request', 'start ms', 'idle MB'],
  ];
  return `# Benchmark of other products

${writtenHere('npm run bench:peers')}

Each server runs on core 0 with all its processes, and the load, wrk for ${values.seconds} s, on core 1. The figures are medians of ${values.rounds} interleaved rounds.
Every server predicts one row of the same iris forest of 100 trees with ONNX Runtime, and must predict it right before it is measured. “ml-api is”
compares requests per second at 64 connections within each round, over the same kind of protocol.

${table(head, rows)}
What the table does not say:

- One row of a small model measures what a server adds to the model. With a model that takes milliseconds, all of them come closer.
- All but ml-api run a Python function around ONNX Runtime here, which is how each documents a model of a kind that it has no backend for. Triton's own
  backends, for ONNX and others, need no Python and are likely to be faster; PyPI does not have them. On a GPU, nothing was measured.
- KServe, BentoML and Ray Serve scale over cores and machines by processes, of which one predicts here. Access logs and metrics of the others are off
  where they can be; those of ml-api are on.
- The services are in [test/bench/peers](../test/bench/peers): improve one, and we measure again.
`;
}
