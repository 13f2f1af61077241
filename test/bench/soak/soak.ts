// `npm run bench:soak`: mixed traffic, good and bad, on real servers for half an hour. Memory and handles must not grow after
// the warm-up, no prediction may be wrong, and nothing that a client sent may be seen in a log or a metric.
//
//   npm run bench:soak -- [--minutes N]    ends with "N passed, N failed"
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { freePort } from '../../../server/test/free-port.ts';
import { grows, growthOf } from './growth.ts';
import { irisTraffic } from './iris.ts';
import type { Kind } from './kind.ts';
import { disconnects, refusals } from './refusals.ts';
import { type Measure, measures, type Served, serve } from './served.ts';
import { type Outcome, traffic } from './traffic.ts';
import { twoShapesTraffic } from './two-shapes.ts';

const { values: options } = parseArgs({
  options: { minutes: { type: 'string', default: '30' } },
});
const MINUTES = Number(options.minutes);
if (!(MINUTES >= 1)) throw new Error(`expected --minutes from 1 on, got ${options.minutes}`);
/** Until V8 has compiled what is hot and has grown its heap: a third of the time, at most three minutes. */
const WARM_UP_MINUTES = Math.min(3, MINUTES / 3);
/**
 * What has grown is sampled anew for as long, at most so many times: a leak grows on, and a warm-up ends, which on a slow machine takes a
 * server more than its time.
 */
const MOST_TRIES = 3;
/**
 * V8 collects its old heap every few seconds to minutes, and what is kept drowns in what is not collected yet. A long run has
 * enough of these times; in a short one the heap is collected every so many samples.
 */
const COLLECT_EVERY = MINUTES < 10 ? 2 : undefined;
const models = path.resolve(import.meta.dirname, '../../../server/test/models');

interface Subject {
  readonly name: string;
  readonly env: Readonly<Record<string, string>>;
  readonly kinds: readonly Kind[];
}

const everything: readonly Kind[] = [...irisTraffic, ...refusals, ...disconnects];
const subjects: readonly Subject[] = [
  { name: 'iris on a worker', env: { ENGINE: 'workers', WORKERS: '1' }, kinds: everything },
  { name: 'iris inline', env: { ENGINE: 'inline' }, kinds: everything },
  {
    name: 'two inputs',
    env: { MODEL_DIR: path.join(models, 'two-shapes'), BATCHING: 'on', MODEL_NAME: 'two-shapes' },
    kinds: twoShapesTraffic,
  },
];

let passed = 0;
let failed = 0;

const found = await Promise.all(subjects.map(soak));
for (const [i, { name, kinds }] of subjects.entries()) {
  const one = found[i];
  if (one !== undefined) judge(name, kinds, one);
}
process.stdout.write(`\n${passed} passed, ${failed} failed\n`);
process.exitCode = failed === 0 ? 0 : 1;

interface Soaked {
  readonly served: Served;
  readonly outcome: Outcome;
  /** Minutes of traffic before what was sampled last. */
  readonly warmUp: number;
  readonly exitCode: number | null;
}

async function soak({ env, kinds }: Subject): Promise<Soaked> {
  const served = await serve(await freePort(), env, '0', COLLECT_EVERY !== undefined);
  let until = performance.now() + MINUTES * 60_000;
  const running = traffic(served.port, kinds, () => performance.now() >= until);
  let warmUp = WARM_UP_MINUTES;
  await sleep(warmUp * 60_000);
  await sampleUntil(served, until - 1000);
  for (let tries = 1; tries < MOST_TRIES && growing(served).length > 0; tries++) {
    served.forget();
    warmUp += MINUTES - WARM_UP_MINUTES;
    until += (MINUTES - WARM_UP_MINUTES) * 60_000;
    await sampleUntil(served, until - 1000);
  }
  const outcome = await running;
  return { served, outcome, warmUp, exitCode: await served.stop() };
}

async function sampleUntil(served: Served, until: number): Promise<void> {
  for (let i = 0; performance.now() < until; i++) {
    const startedAt = performance.now();
    if (COLLECT_EVERY !== undefined && i % COLLECT_EVERY === 0) await served.collect();
    await served.sample();
    await sleep(Math.max(0, 1000 - (performance.now() - startedAt)));
  }
}

/** What grows more than it may, as complaints. */
function growing({ samples }: Served): string[] {
  return (Object.keys(measures) as Measure[]).flatMap((name) => {
    const { unit, allowed } = measures[name];
    const growth = growthOf(samples[name]);
    return grows(growth, allowed) ? [`${name} grew by ${growth.by.toFixed(1)} ${unit}`] : [];
  });
}

function judge(
  subject: string,
  kinds: readonly Kind[],
  { served, outcome, warmUp, exitCode }: Soaked,
) {
  process.stdout.write(
    `\n${subject}: ${outcome.exchanges.toLocaleString('en')} exchanges of ${kinds.length} kinds in ${(warmUp + MINUTES - WARM_UP_MINUTES).toFixed(1)} minutes, ${outcome.refused} of them 503, ${served.logLines.toLocaleString('en')} log lines; growth after ${warmUp.toFixed(1)} minutes:\n\n`,
  );
  process.stdout.write(
    '| | at first | growth | its 99 % interval | allowed |\n| --- | --- | --- | --- | --- |\n',
  );
  for (const name of Object.keys(measures) as Measure[]) {
    const { unit, allowed } = measures[name];
    const growth = growthOf(served.samples[name]);
    const [from, by, low, high] = [growth.from, growth.by, growth.low, growth.high].map((value) =>
      value.toFixed(1),
    );
    process.stdout.write(
      `| ${name}${unit && `, ${unit}`} | ${from} | ${by} | ${low} to ${high} | ${allowed} |\n`,
    );
  }
  process.stdout.write('\n');
  const unseen = kinds.filter(({ name }) => !outcome.seen.has(name)).map(({ name }) => name);
  check('nothing grows', growing(served));
  check('no response is a 5xx but 503', outcome.serverErrors);
  check('every prediction is right', outcome.wrongPredictions);
  check('every request gets the status that it should', outcome.wrongStatuses);
  check('no response is missing', outcome.broken);
  check('no value of a client is in the log or the metrics', served.leaks);
  check('every kind of traffic came', unseen);
  check('the server ends by SIGTERM with 0', exitCode === 0 ? [] : [`it ended with ${exitCode}`]);
}

function check(sentence: string, complaints: readonly string[]): void {
  if (complaints.length === 0) passed++;
  else failed++;
  process.stdout.write(`${complaints.length === 0 ? 'ok  ' : 'FAIL'} ${sentence}\n`);
  for (const complaint of complaints.slice(0, 5)) process.stdout.write(`     ${complaint}\n`);
  if (complaints.length > 5) process.stdout.write(`     and ${complaints.length - 5} more\n`);
}
