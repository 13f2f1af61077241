// What a batch of images costs beside the run of the model: binary and JSON tensors, ours and MLServer's. The model is
// PP-OCR's text detector; one request at a time, servers and the raw run on core 0, the requests from core 1, in interleaved
// rounds. `node test/bench/infer.ts` alone.
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { Agent, request } from 'node:http';
import os from 'node:os';
import path from 'node:path';
import { fetchForeignModel } from '../models/fetch.ts';
import { foreignModel } from '../models/models.ts';
import { mlserver } from './mlserver.ts';
import { median, medianRatio } from './quantile.ts';
import { ours as ourServer, type Served, startServed } from './servers.ts';

const here = import.meta.dirname;
const shape = [4, 3, 160, 160];
const MODEL = 'text-detector';
const ROUNDS = 3;
const WARM_UP = 40; // until V8 has compiled what is hot
const MEASURED = 30;

/** Milliseconds by what was measured; the first is what the others are compared with. */
type Measured = Readonly<Record<string, number>>;

/** A request, ready to be sent. */
interface Call {
  readonly headers: Readonly<Record<string, string | number>>;
  readonly body: Buffer;
}

/** Measures, and tells in a table. */
export async function inferReport(port: number): Promise<string> {
  const directory = fetchForeignModel(foreignModel(MODEL));
  const images = Float32Array.from({ length: shape.reduce((a, b) => a * b) }, (_, i) =>
    Math.sin(i),
  );
  const work = mkdtempSync(path.join(os.tmpdir(), 'bench-infer-'));
  try {
    const bytes = path.join(work, 'images');
    writeFileSync(bytes, Buffer.from(images.buffer));
    const calls = { binary: binaryCall(images), json: jsonCall(images) };
    const servers = { ours: oursServing(directory), theirs: theirsServing(work, directory) };
    pinToCore1();
    const rounds: Measured[] = [];
    for (let round = 0; round < ROUNDS; round++) {
      const raw = rawRun(path.join(directory, 'model.onnx'), bytes);
      const parse = median(times(MEASURED, () => JSON.parse(calls.json.body.toString())));
      const ours = await measure(servers.ours, port++, calls);
      const theirs = await measure(servers.theirs, port++, { json: calls.json });
      rounds.push({
        'the run alone (onnxruntime-node)': raw,
        'ml-api, binary': ours.binary,
        'ml-api, JSON': ours.json,
        'JSON.parse of that body alone': parse,
        'MLServer, JSON (it takes no binary)': theirs.json,
      });
    }
    return table(rounds);
  } finally {
    rmSync(work, { recursive: true });
  }
}

/** This process sends the requests, and must not take from the servers' core. */
function pinToCore1(): void {
  execFileSync('taskset', ['-a', '-c', '-p', '1', String(process.pid)]);
}

function rawRun(model: string, bytes: string): number {
  const program = [path.join(here, 'raw-run.ts'), model, bytes, JSON.stringify(shape), 'x'];
  const printed = execFileSync('taskset', ['-c', '0', process.execPath, ...program]);
  return Number(printed);
}

function binaryCall(images: Float32Array): Call {
  const head = Buffer.from(
    JSON.stringify({
      parameters: { binary_data_output: true },
      inputs: [
        { name: 'x', datatype: 'FP32', shape, parameters: { binary_data_size: images.byteLength } },
      ],
    }),
  );
  const headers = {
    'Content-Type': 'application/octet-stream',
    'Inference-Header-Content-Length': head.length,
  };
  return { headers, body: Buffer.concat([head, Buffer.from(images.buffer)]) };
}

function jsonCall(images: Float32Array): Call {
  const input = { name: 'x', datatype: 'FP32', shape, data: Array.from(images) };
  return {
    headers: { 'Content-Type': 'application/json' },
    body: Buffer.from(JSON.stringify({ inputs: [input] })),
  };
}

function oursServing(directory: string): Served {
  return {
    peer: ourServer,
    env: {
      MODEL_DIR: directory,
      WORKERS: '1',
      LOG_LEVEL: 'silent',
      MAX_BODY_BYTES: String(64 * 1024 ** 2),
    },
  };
}

/** It is to have one thread, as its neighbour has one worker. */
function theirsServing(work: string, directory: string): Served {
  const { peer, env } = mlserver(work, path.join(directory, 'model.onnx'), MODEL);
  return { peer, env: { ...env, OMP_NUM_THREADS: '1' } };
}

/** The median duration of each call, in milliseconds. */
async function measure<Name extends string>(
  served: Served,
  port: number,
  calls: Readonly<Record<Name, Call>>,
): Promise<Record<Name, number>> {
  const server = await startServed(served, port);
  const agent = new Agent({ keepAlive: true });
  const result = {} as Record<Name, number>;
  try {
    for (const name in calls) {
      const durations: number[] = [];
      for (let i = 0; i < WARM_UP + MEASURED; i++) {
        const startedAt = performance.now();
        await send(`${server.url}/v2/models/${MODEL}/infer`, agent, calls[name]);
        if (i >= WARM_UP) durations.push(performance.now() - startedAt);
      }
      result[name] = median(durations);
    }
    return result;
  } finally {
    agent.destroy();
    await server.stop();
  }
}

function send(url: string, agent: Agent, { headers, body }: Call): Promise<void> {
  return new Promise((resolve, reject) => {
    const options = {
      method: 'POST',
      agent,
      headers: { ...headers, 'Content-Length': body.length },
    };
    request(url, options, (response) => {
      let size = 0;
      response.on('data', (chunk: Buffer) => {
        size += chunk.length;
      });
      response.on('end', () => {
        if (response.statusCode === 200 && size > 0) resolve();
        else reject(new Error(`${url} answered ${response.statusCode}`));
      });
    })
      .on('error', reject)
      .end(body);
  });
}

function times(count: number, run: () => unknown): number[] {
  return Array.from({ length: count }, () => {
    const startedAt = performance.now();
    run();
    return performance.now() - startedAt;
  });
}

function table(rounds: readonly Measured[]): string {
  const [first = {}] = rounds;
  const [base = ''] = Object.keys(first);
  const of = (name: string) => rounds.map((round) => round[name] ?? Number.NaN);
  const lines = Object.keys(first).map(
    (name) =>
      `| ${name} | ${median(of(name)).toFixed(1)} | ${medianRatio(of(name), of(base)).toFixed(2)} × |`,
  );
  return `A batch of images, ${JSON.stringify(shape)} float32, one request at a time; medians of ${ROUNDS} rounds, each the median of ${MEASURED}:

| | ms | of the run |
| --- | --- | --- |
${lines.join('\n')}
`;
}

if (import.meta.main) process.stdout.write(await inferReport(5990));
