// `npm run bench:grpc`: one row of iris by ModelInfer over gRPC, from ml-api, KServe's Python server and MLServer.
//
//   npm run bench:grpc -- [--rounds N] [--seconds N]
//
// The servers are on core 0, the load on core 1; rounds are interleaved, and each begins with another server.
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { cpus, tmpdir } from 'node:os';
import path from 'node:path';
import { parseArgs } from 'node:util';
import protobuf from 'protobufjs';
import { run } from '../../model/python.ts';
import { irisByMlserver, kserve } from './python-peers.ts';
import { median, medianRatio } from './quantile.ts';
import { buildOurs, ours, type Peer, root, type Served, startServed } from './servers.ts';
import { table } from './table.ts';

const here = import.meta.dirname;
const CALLERS = 64;
const WARM_UP_SECONDS = 3; // until V8 has compiled what is hot

interface Sample {
  readonly perSecond: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
  /** What a call costs the server: the least that others on the machine disturb. */
  readonly cpuUs: number;
  /** The share of its core that the load took. */
  readonly busy: number;
}

/** What the load counts. */
type Called = Omit<Sample, 'cpuUs'> & { readonly calls: number };

const messages = new protobuf.Root();
messages.resolvePath = (_from, name) => path.join(root, 'proto', name);
messages.loadSync('grpc_service.proto', { keepCase: true });
const ModelInferRequest = messages.lookupType('inference.ModelInferRequest');
const ModelInferResponse = messages.lookupType('inference.ModelInferResponse');

const row = [5.1, 3.5, 1.4, 0.2];
/** As tritonclient sends it: the elements behind one another. */
const request = ModelInferRequest.encode(
  ModelInferRequest.fromObject({
    model_name: 'iris',
    inputs: [{ name: 'inputs', datatype: 'FP32', shape: [1, 4] }],
    raw_input_contents: [new Uint8Array(Float32Array.from(row).buffer)],
  }),
).finish();

/** Measures, and tells in a table. */
export async function grpcReport(port: number, rounds: number, seconds: number): Promise<string> {
  const work = mkdtempSync(path.join(tmpdir(), 'bench-grpc-'));
  try {
    const load = path.join(work, 'grpc-load');
    run(
      'go',
      ['build', '-C', path.join(here, 'grpc-load'), '-mod=readonly', '-o', load, '.'],
      'Go 1.26 or newer is needed for the load.',
    );
    const all = [mlApi(), kserve(), irisByMlserver(work)];
    const samples = new Map<Peer, Sample[]>(all.map(({ peer }) => [peer, []]));
    for (let round = 0; round < rounds; round++)
      for (let i = 0; i < all.length; i++) {
        const one = all[(i + round) % all.length];
        if (one === undefined) continue;
        process.stderr.write(`gRPC, round ${round + 1} of ${rounds}: ${one.peer.name}\n`);
        samples.get(one.peer)?.push(await measure(one, load, port, seconds));
        port += 2;
      }
    return report(samples, rounds, seconds);
  } finally {
    rmSync(work, { recursive: true });
  }
}

function mlApi(): Served {
  const model = path.join(root, 'model/v1');
  return { peer: ours, env: { MODEL_DIR: model, GRPC_PORT: '$GRPC_PORT' } };
}

async function measure(
  served: Served,
  load: string,
  port: number,
  seconds: number,
): Promise<Sample> {
  const { peer } = served;
  const grpcPort = port + 1;
  const server = await startServed(served, port, grpcPort);
  try {
    call(load, peer, grpcPort, WARM_UP_SECONDS);
    const before = server.cpuMs();
    const { calls, ...measured } = call(load, peer, grpcPort, seconds);
    // Each caller connects by a call that is not counted.
    return { ...measured, cpuUs: (1000 * (server.cpuMs() - before)) / (calls + CALLERS) };
  } finally {
    await server.stop();
  }
}

/** @throws Error where a call fails, or predicts something else than the model does */
function call(load: string, { name }: Peer, port: number, seconds: number): Called {
  const args = [
    '-address',
    `127.0.0.1:${port}`,
    '-callers',
    `${CALLERS}`,
    '-seconds',
    `${seconds}`,
  ];
  const { status, stdout, stderr } = spawnSync('taskset', ['-c', '1', load, ...args], {
    input: request,
    encoding: 'utf8',
  });
  if (status !== 0) throw new Error(`${name}: ${stderr}`);
  const { responses, ...called }: Called & { responses: string[] } = JSON.parse(stdout);
  const expected = golden();
  for (const response of responses) {
    const { label, probabilities } = predictionIn(Buffer.from(response, 'base64'));
    const isRight =
      label === expected.label &&
      probabilities.length === expected.probabilities.length &&
      probabilities.every((one, i) => Math.abs(one - (expected.probabilities[i] ?? 2)) < 1e-5);
    if (!isRight)
      throw new Error(`${name} predicts ${JSON.stringify({ label, probabilities })} for [${row}]`);
  }
  return called;
}

interface Predicted {
  readonly label: number;
  readonly probabilities: readonly number[];
}

/** What scikit-learn predicts for the row, by the model's golden predictions. */
function golden(): Predicted {
  const { inputs, prediction, probabilities } = JSON.parse(
    readFileSync(path.join(root, 'model/v1/golden.json'), 'utf8'),
  );
  const at = inputs.findIndex((one: number[]) => String(one) === String(row));
  return { label: prediction[at], probabilities: probabilities[at] };
}

interface Output {
  readonly name: string;
  readonly contents: {
    readonly int64_contents: readonly string[];
    readonly fp32_contents: readonly number[];
  } | null;
}

/** Elements come behind one another or in fields, as a server likes. */
function predictionIn(response: Buffer): Predicted {
  const message = ModelInferResponse.toObject(ModelInferResponse.decode(response), {
    defaults: true,
    longs: String,
  });
  const outputs: readonly Output[] = message['outputs'];
  const raw: readonly Uint8Array[] = message['raw_output_contents'];
  const elements = (name: string, read: (bytes: ArrayBuffer) => Iterable<number | bigint>) => {
    const at = outputs.findIndex((output) => output.name === name);
    const bytes = raw[at];
    const { int64_contents = [], fp32_contents = [] } = outputs[at]?.contents ?? {};
    const found = bytes
      ? read(Uint8Array.from(bytes).buffer)
      : [...int64_contents, ...fp32_contents];
    return Array.from(found, Number);
  };
  const [label = Number.NaN] = elements('label', (bytes) => new BigInt64Array(bytes));
  return { label, probabilities: elements('probabilities', (bytes) => new Float32Array(bytes)) };
}

function report(
  samples: ReadonlyMap<Peer, readonly Sample[]>,
  rounds: number,
  seconds: number,
): string {
  const of = (peer: Peer, field: keyof Sample) =>
    (samples.get(peer) ?? []).map((sample) => sample[field]);
  const head = [
    ...['server', 'calls/s', 'ml-api is', 'p50 ms', 'p99 ms', 'CPU µs per call', 'of ml-api'],
    'the load took of its core',
  ];
  const rows = [...samples.keys()].map((peer) => [
    peer.name,
    Math.round(median(of(peer, 'perSecond'))).toLocaleString('en'),
    `${medianRatio(of(ours, 'perSecond'), of(peer, 'perSecond')).toFixed(2)} ×`,
    median(of(peer, 'p50Ms')).toFixed(1),
    median(of(peer, 'p99Ms')).toFixed(1),
    median(of(peer, 'cpuUs')).toFixed(0),
    `${medianRatio(of(peer, 'cpuUs'), of(ours, 'cpuUs')).toFixed(2)} ×`,
    `${(100 * median(of(peer, 'busy'))).toFixed(0)} %`,
  ]);
  return `One row of iris by ModelInfer over gRPC, ${CALLERS} callers with a connection each; ${rounds} rounds of ${seconds} s, medians, ratios within each round:\n\n${table(head, rows)}`;
}

if (import.meta.main) {
  if (cpus().length < 2)
    throw new Error('two cores are needed: one for the servers, one for the load');
  const { values } = parseArgs({
    options: {
      rounds: { type: 'string', default: '5' },
      seconds: { type: 'string', default: '4' },
    },
  });
  buildOurs();
  process.stdout.write(await grpcReport(6500, Number(values.rounds), Number(values.seconds)));
}
