// The batcher, with requests that come, go and fail in any order: each ends once, with its own rows or its own error, and
// no run holds what must not be together.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Engine } from '../../src/runtime/engine.ts';
import { createInlineEngine } from '../../src/runtime/inline.ts';
import { CancelledError, OverloadedError } from '../../src/serving/errors.ts';
import { type Batcher, createBatcher } from '../../src/serving/queue/batcher.ts';
import type { Tensors } from '../../src/tensor/tensor.ts';
import type { Outputs } from '../../src/tensor/work.ts';
import { writeModel } from './onnx.ts';
import { check, timeoutOf } from './settings.ts';

const RUNS = 150;
const QUEUE_MAX_ROWS = 30;
/** The model fails on this value: it looks its input up in a table of ten. */
const POISON = 99;

/** What happens, one after the other. */
type Step =
  | { readonly kind: 'submit'; readonly values: readonly number[]; readonly width: number }
  | { readonly kind: 'cancel'; readonly which: number }
  /** The event loop turns, so that requests that have come are taken. */
  | { readonly kind: 'turn' }
  /** A run that is held ends: well, or because the engine fails whatever it was given. */
  | { readonly kind: 'end a run'; readonly which: number; readonly well: boolean };

interface Case {
  readonly batching: boolean;
  readonly batchMaxRows: number;
  readonly concurrency: number;
  /** Callbacks that throw harm nobody else. */
  readonly throws: boolean;
  readonly steps: readonly Step[];
}

const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.record({
      kind: fc.constant('submit' as const),
      values: fc.array(
        fc.oneof(
          { weight: 12, arbitrary: fc.nat(9) },
          { weight: 1, arbitrary: fc.constant(POISON) },
        ),
        { minLength: 1, maxLength: 12 },
      ),
      width: fc.integer({ min: 1, max: 2 }),
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({ kind: fc.constant('cancel' as const), which: fc.nat(30) }),
  },
  { weight: 3, arbitrary: fc.constant({ kind: 'turn' as const }) },
  {
    weight: 3,
    arbitrary: fc.record({
      kind: fc.constant('end a run' as const),
      which: fc.nat(3),
      well: fc.oneof({ weight: 6, arbitrary: fc.constant(true) }, fc.constant(false)),
    }),
  },
);

const cases = fc.record<Case>({
  batching: fc.oneof({ weight: 4, arbitrary: fc.constant(true) }, fc.constant(false)),
  batchMaxRows: fc.constantFrom(4, 1, 8, 64),
  concurrency: fc.integer({ min: 1, max: 3 }),
  throws: fc.boolean(),
  steps: fc.array(step, { maxLength: 60, size: 'max' }),
});

describe('the batcher', () => {
  const folder = mkdtempSync(path.join(tmpdir(), 'batcher-'));
  let model: Engine;
  beforeAll(async () => {
    const file = path.join(folder, 'model.onnx');
    const table = Float32Array.from({ length: 10 }, (_, i) => i * i + 0.5);
    writeFileSync(
      file,
      writeModel({
        inputs: [{ name: 'x', datatype: 'int64', shape: [{ named: 'batch' }, 'unnamed'] }],
        outputs: [{ name: 'y', datatype: 'float32', shape: undefined }],
        nodes: [{ op: 'Gather', inputs: ['table', 'x'], outputs: ['y'] }],
        initializers: [{ name: 'table', dims: [10], data: table }],
      }),
    );
    model = await createInlineEngine(file, { executionProviders: ['cpu'], intraOpThreads: 1 });
  });
  afterAll(async () => {
    await model.close();
    rmSync(folder, { recursive: true });
  });

  it(
    'ends each request once, with its own rows or its own error, whatever else comes, goes and fails',
    () =>
      check(
        fc.asyncProperty(cases, (one) => play(model, one)),
        { runs: RUNS, show: ([one]) => JSON.stringify(one, undefined, 1) },
      ),
    timeoutOf(RUNS),
  );
});

interface Request {
  readonly values: readonly number[];
  readonly width: number;
  readonly cancel: () => void;
  readonly ends: { readonly error: Error | undefined; readonly outputs: Outputs | undefined }[];
  cancelled: boolean;
}

async function play(model: Engine, one: Case): Promise<void> {
  const engine = held(model, one);
  const faults: unknown[] = [];
  const batcher = createBatcher(engine, {
    batching: one.batching,
    batchMaxRows: one.batchMaxRows,
    queueMaxRows: QUEUE_MAX_ROWS,
    queueMaxBytes: () => 1_000_000,
    timeoutMs: 3_600_000,
    pace: undefined,
    onRun: () => {},
    onFault: (error) => faults.push(error),
  });
  const requests: Request[] = [];
  try {
    for (const step of one.steps) {
      switch (step.kind) {
        case 'submit':
          requests.push(submit(batcher, step, one.throws));
          break;
        case 'cancel':
          giveUp(requests[step.which % Math.max(1, requests.length)]);
          break;
        case 'turn':
          await turn();
          break;
        case 'end a run':
          engine.end(step.which, step.well);
          await turn();
          break;
      }
      expect(batcher.queuedRows).toBeGreaterThanOrEqual(0);
      expect(batcher.queuedRows).toBeLessThanOrEqual(QUEUE_MAX_ROWS + 12);
    }
    // Whatever is left is worked off: more turns than there can be runs.
    for (let i = 0; i < 4000 && requests.some(({ ends }) => ends.length === 0); i++) {
      engine.end(0, true);
      await turn();
    }
    engine.release();
    await turn();
    for (const request of requests) await expectItsOwn(request, model, engine);
    expect(batcher.queuedRows).toBe(0);
    expectRunsAllowed(engine, one);
    expect(faults).toHaveLength(
      one.throws ? requests.filter(({ ends }) => !isRefused(ends[0]?.error)).length : 0,
    );
  } finally {
    batcher.close();
    engine.release();
  }
}

function submit(
  batcher: Batcher,
  { values, width }: { readonly values: readonly number[]; readonly width: number },
  throws: boolean,
): Request {
  const data = BigInt64Array.from({ length: values.length * width }, (_, i) =>
    BigInt(values[Math.floor(i / width)] ?? 0),
  );
  const ends: Request['ends'] = [];
  const feeds: Tensors = { x: { datatype: 'int64', dims: [values.length, width], data } };
  const cancel = batcher.submit({ feeds, rows: values.length }, undefined, (error, result) => {
    ends.push({ error, outputs: result?.outputs });
    // A refusal is told within the call of submit, whose caller gets what is thrown.
    if (throws && !isRefused(error)) throw new Error('a callback that fails');
  });
  return { values, width, cancel, ends, cancelled: false };
}

function giveUp(request: Request | undefined): void {
  if (request === undefined || request.ends.length > 0) return;
  request.cancelled = true;
  request.cancel();
  request.cancel(); // a second time changes nothing
}

async function expectItsOwn(request: Request, model: Engine, engine: Held): Promise<void> {
  const { values, width, ends, cancelled } = request;
  expect(ends).toHaveLength(1);
  const [end] = ends;
  if (cancelled) return void expect(end?.error).toBeInstanceOf(CancelledError);
  if (isRefused(end?.error)) return;
  if (end?.error !== undefined) {
    // Its own value, or the engine's failure, which hits what is in the run and is told apart by nothing else.
    expect(values.includes(POISON) || engine.failures > 0).toBe(true);
    return;
  }
  expect(values).not.toContain(POISON);
  const data = BigInt64Array.from({ length: values.length * width }, (_, i) =>
    BigInt(values[Math.floor(i / width)] ?? 0),
  );
  const alone = await model.run({ x: { datatype: 'int64', dims: [values.length, width], data } });
  expect(end?.outputs?.get('y')).toEqual(alone['y']);
}

function expectRunsAllowed({ runs, most }: Held, { batching, batchMaxRows, concurrency }: Case) {
  expect(most).toBeLessThanOrEqual(concurrency);
  if (batching) for (const rows of runs) expect(rows).toBeLessThanOrEqual(batchMaxRows);
}

interface Held extends Engine {
  /** The rows of every run so far. */
  readonly runs: readonly number[];
  /** The most runs at one time. */
  readonly most: number;
  /** Runs that failed whatever they were given. */
  readonly failures: number;
  /** Lets one of the runs in progress end. */
  end(which: number, well: boolean): void;
  /** Lets all runs end, from now on. */
  release(): void;
}

/** The real model, each run of which ends when it is told to. */
function held(model: Engine, { concurrency }: Case): Held {
  const waiting: PromiseWithResolvers<boolean>[] = [];
  const runs: number[] = [];
  let most = 0;
  let failures = 0;
  let released = false;
  return {
    ...model,
    concurrency,
    runs,
    get most() {
      return most;
    },
    get failures() {
      return failures;
    },
    async run(feeds) {
      const { promise, ...rest } = Promise.withResolvers<boolean>();
      if (released) rest.resolve(true);
      else waiting.push({ promise, ...rest });
      runs.push(feeds['x']?.dims[0] ?? 0);
      most = Math.max(most, waiting.length);
      if (!(await promise)) {
        failures++;
        throw new Error('the engine fails');
      }
      return model.run(feeds);
    },
    end(which, well) {
      const [run] = waiting.splice(which % Math.max(1, waiting.length), 1);
      run?.resolve(well);
    },
    release() {
      released = true;
      for (const run of waiting.splice(0)) run.resolve(true);
    },
  };
}

const isRefused = (error: Error | undefined) => error instanceof OverloadedError;

/** Lets the batcher start what waits, and what has ended be told. */
async function turn(): Promise<void> {
  for (let i = 0; i < 3; i++) await new Promise((resolve) => setImmediate(resolve));
}
