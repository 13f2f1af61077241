// `npm run bench:models`: several models in one server. What memory each further one takes, and what one model's callers notice
// while another is asked for many times what it can do.
//
//   npm run bench:models -- [--seconds N] [density] [neighbours]
import { cpSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { attack, type Open, openLoop, type Result } from './load.ts';
import { median } from './quantile.ts';
import { heavyPredict, irisBatch, irisInfer, irisPredict, type Post } from './requests.ts';
import { buildOurs, ours, root, startPeer } from './servers.ts';

const { values: options, positionals } = parseArgs({
  options: { seconds: { type: 'string', default: '8' } },
  allowPositionals: true,
});
const SECONDS = Number(options.seconds);
const COUNTS = [1, 2, 5, 10, 20, 50];
const ROUNDS = 3;
let port = 5895;
/** A second, of the model whose callers are watched. */
const NEIGHBOUR_RATE = 200;

const iris = path.join(root, 'model/v1');
const heavy = path.join(root, 'server/test/models/heavy');

interface Flood {
  readonly name: string;
  readonly model: string;
  readonly post: Post;
  /** Requests a second: about twenty times what the model can answer, or what the load generator can offer. */
  readonly rate: number;
}

const floods: readonly Flood[] = [
  { name: 'heavy, 135 ms a run on a worker', model: heavy, post: heavyPredict, rate: 142 },
  {
    name: 'light, 1,024 rows per request of 19 kB',
    model: iris,
    post: irisBatch(1024),
    rate: 3500,
  },
];

const parts = { density, neighbours };
buildOurs();
for (const [name, measure] of Object.entries(parts))
  if (positionals.length === 0 || positionals.includes(name)) await measure();

async function density(): Promise<void> {
  process.stdout.write(
    '\n| models of the size of iris | memory (PSS), MB | of one | each further, MB | ready after, ms |\n',
  );
  process.stdout.write('| --- | --- | --- | --- | --- |\n');
  let one: number | undefined;
  for (const count of COUNTS) {
    const samples: number[] = [];
    const starts: number[] = [];
    for (let round = 0; round < ROUNDS; round++) {
      const models = Array.from({ length: count }, (_, i) => [`iris-${i}`, iris] as const);
      await withServer(models, 'iris-0', {}, async ({ url, memoryMB, readyMs }) => {
        starts.push(readyMs);
        for (const [name] of models) {
          await send(`${url}/models/${name}/predict`, irisPredict);
          await send(`${url}/v2/models/${name}/infer`, irisInfer);
        }
        await sleep(1000);
        samples.push(memoryMB());
      });
    }
    const memory = median(samples);
    one ??= memory;
    const further = count === 1 ? '–' : ((memory - one) / (count - 1)).toFixed(1);
    process.stdout.write(
      `| ${count} | ${memory.toFixed(0)} | ${(memory / one).toFixed(2)} × | ${further} | ${median(starts).toFixed(0)} |\n`,
    );
  }
}

/** What one round of a flood comes to. */
interface Neighbourhood {
  readonly alone: Open;
  readonly during: Open;
  /** Of the flood, a second. */
  readonly succeeded: number;
}

async function neighbours(): Promise<void> {
  process.stdout.write(
    `\n| flooded | where | p50 / p99 ms of the other at ${NEIGHBOUR_RATE}/s, alone | during the flood | of alone | of another process | succeeded | of the flood, per second |\n| --- | --- | --- | --- | --- | --- | --- | --- |\n`,
  );
  for (const flood of floods) {
    const models = [
      ['quiet', iris],
      ['flooded', flood.model],
    ] as const;
    const settings = { WORKERS: '1' };
    const same: Neighbourhood[] = [];
    const another: Neighbourhood[] = [];
    for (let round = 0; round < ROUNDS; round++)
      await withServer(models, 'quiet', settings, async ({ url }) => {
        same.push(await measureNeighbour(url, url, flood));
        // What no process can keep from its clients: the kernel, the core and the load generator are the flood's, too.
        await withServer(models, 'quiet', settings, async (other) => {
          another.push(await measureNeighbour(url, other.url, flood));
        });
      });
    const base = p99During(another);
    process.stdout.write(neighbourRow(flood, 'same process', same, base));
    process.stdout.write(neighbourRow(flood, 'another process on the same core', another, base));
  }
}

async function measureNeighbour(
  quietUrl: string,
  floodedUrl: string,
  { post, rate }: Flood,
): Promise<Neighbourhood> {
  await openLoop(quietUrl, NEIGHBOUR_RATE, 3, irisPredict); // warms up
  const alone = await openLoop(quietUrl, NEIGHBOUR_RATE, SECONDS, irisPredict);
  const path = '/models/flooded/predict';
  const flood = attack(floodedUrl, rate, SECONDS + 3, { ...post, path });
  await sleep(2000); // until its queue is full
  const during = await openLoop(quietUrl, NEIGHBOUR_RATE, SECONDS, irisPredict);
  const succeeded = (await flood).filter(({ status }: Result) => status === 200).length;
  return { alone, during, succeeded: succeeded / (SECONDS + 3) };
}

function p99During(rounds: readonly Neighbourhood[]): number {
  return median(rounds.map(({ during }) => during.p99Ms));
}

/** Medians of the rounds. */
function neighbourRow(
  { name, rate }: Flood,
  where: string,
  rounds: readonly Neighbourhood[],
  base: number,
): string {
  const of = (value: (round: Neighbourhood) => number) => median(rounds.map(value));
  const during = p99During(rounds);
  const alone = of((round) => round.alone.p99Ms);
  return `| ${name}, ${rate}/s | ${where} | ${of((round) => round.alone.p50Ms).toFixed(1)} / ${alone.toFixed(1)} | ${of((round) => round.during.p50Ms).toFixed(1)} / ${during.toFixed(1)} | ${(during / alone).toFixed(1)} × | ${(during / base).toFixed(1)} × | ${(100 * of((round) => round.during.successes)).toFixed(1)} % | ${of((round) => round.succeeded).toFixed(0)} |\n`;
}

interface Served {
  readonly url: string;
  readonly readyMs: number;
  memoryMB(): number;
}

async function withServer(
  models: readonly (readonly [name: string, directory: string])[],
  main: string,
  env: Readonly<Record<string, string>>,
  measure: (served: Served) => Promise<void>,
): Promise<void> {
  const directory = mkdtempSync(path.join(tmpdir(), 'bench-models-'));
  try {
    for (const [name, model] of models)
      cpSync(model, path.join(directory, name), { recursive: true });
    const startedAt = performance.now();
    const server = await startPeer(ours, port++, {
      MODELS_DIR: directory,
      DEFAULT_MODEL: main,
      LOG_LEVEL: 'silent',
      ...env,
    });
    try {
      await measure({
        url: server.url,
        readyMs: performance.now() - startedAt,
        memoryMB: () => server.memoryMB(),
      });
    } finally {
      await server.stop();
    }
  } finally {
    rmSync(directory, { recursive: true });
  }
}

async function send(url: string, { body }: Post): Promise<void> {
  const headers = { 'Content-Type': 'application/json' };
  const response = await fetch(url, { method: 'POST', headers, body });
  if (response.status !== 200) throw new Error(`${url}: ${response.status}`);
}
