// Whatever is asked together, each request is answered as if it had been asked alone.
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Model } from '../../src/model/model.ts';
import { expectNoCanary, expectOutputs, expectRefusal } from './judge.ts';
import { isPerRow, type ModelPlan, models, showModel } from './models.ts';
import type { Dimension } from './onnx.ts';
import type { NamedTensors } from './reference.ts';
import {
  canaries,
  canBeCarried,
  type RequestPlan,
  requestsTo,
  showRequest,
  wireRequest,
  writeRequest,
} from './requests.ts';
import { type Served, serve } from './serve.ts';
import { check, timeoutOf } from './settings.ts';

const RUNS = 60;

interface Case {
  readonly model: ModelPlan;
  readonly env: Readonly<Record<string, string>>;
  readonly requests: readonly RequestPlan[];
}

const cases = models.chain((model) =>
  fc.record<Case>({
    model: fc.constant(model),
    env: fc.record({
      BATCHING: fc.constantFrom('auto', 'on'),
      ENGINE: fc.oneof(
        { weight: 4, arbitrary: fc.constant('inline') },
        { weight: 1, arbitrary: fc.constant('workers') },
      ),
      WORKERS: fc.constant('2'),
      BATCH_MAX_ROWS: fc.constantFrom('64', '8', '2'),
    }),
    requests: fc.array(requestsTo(model), { minLength: 1, maxLength: 60, size: 'max' }),
  }),
);

describe('requests that are asked together', () => {
  it(
    'are each answered bit for bit as onnxruntime answers them alone',
    async () => {
      let shared = false;
      await check(
        fc.asyncProperty(cases, async ({ model, env, requests }) => {
          const ask = async (served: Served) => {
            await expectEachAlone(served, requests);
            if (!served.running.served.serving.batching) return;
            shared ||= (await runsOf(served)) < requests.length;
          };
          await serve(model, env, ask, async (why) => {
            if (!mayRefuse(model, why)) throw new Error(`the predictor did not start: ${why}`);
            if (why.startsWith('BATCHING is on'))
              await serve(model, { ...env, BATCHING: 'auto' }, ask, (otherWhy) => {
                if (!mayRefuse(model, otherWhy)) throw new Error(`did not start: ${otherWhy}`);
              });
          });
        }),
        { runs: RUNS, show: ([one]) => showCase(one) },
      );
      // They were put together indeed, wherever pieces and those run again alone do not hide it.
      expect(shared).toBe(true);
    },
    timeoutOf(RUNS),
  );
});

async function expectEachAlone(served: Served, requests: readonly RequestPlan[]): Promise<void> {
  const { running, reference } = served;
  const { model } = running.served.serving;
  const sent = requests.map((plan) =>
    wireRequest(
      plan.route,
      writeRequest(plan, reference.inputNames, model.rowMode !== 'none'),
      model.name,
    ),
  );
  const responses = await Promise.all(sent.map((request) => served.send(request)));
  for (const [i, { route, tensors }] of requests.entries()) {
    const response = responses[i];
    if (response === undefined) throw new Error(`request ${i} has no response`);
    const outputs = canBeCarried(tensors) ? await reference.run(tensors) : undefined;
    try {
      if (outputs) expectOutputs(route, response, outputs, model);
      else expectRefusal(route, response, (status) => failuresOf(model, tensors).includes(status));
    } catch (error) {
      throw new Error(`request ${i}: ${error instanceof Error ? error.message : error}`);
    }
  }
  const metrics = await fetch(`${running.url}/metrics`);
  expectNoCanary({ log: JSON.stringify(running.logs), metrics: await metrics.text() }, canaries);
}

/** The statuses of a request that fails: the model's fault, or the client's where its sizes contradict the model's names. */
function failuresOf({ signature }: Model, tensors: NamedTensors): readonly number[] {
  if (!canBeCarried(tensors)) return [400, 422];
  const named = signature.inputs.flatMap(({ name, shape }) =>
    shape.map((size, axis) => `${size}=${tensors.get(name)?.dims[axis]}`),
  );
  const names = signature.inputs.flatMap(({ shape }) => shape.map(String));
  return new Set(named).size === new Set(names).size ? [500] : [500, 400, 422];
}

/** Runs of the model so far. */
async function runsOf({ running }: Served): Promise<number> {
  const metrics = await (await fetch(`${running.url}/metrics`)).text();
  return Number(/^ml_api_batch_rows_count\{.*\} (\d+)$/m.exec(metrics)?.[1]);
}

/** What a start may refuse: to batch what cannot be batched, and a name that onnxruntime-node itself cannot run. */
function mayRefuse(model: ModelPlan, why: string): boolean {
  if (why.startsWith('BATCHING is on'))
    return (
      !isPerRow(model) ||
      model.outputs.some(({ does }) => does === 'divide' || does === 'sum') ||
      model.inputs.some(({ shape }) => typeof (shape[0] ?? 0) === 'number') ||
      (model.inputs.length > 1 && model.inputs.some(({ shape }) => !isNamed(shape[0])))
    );
  const all = [...model.inputs, ...model.outputs];
  return all.some(({ name }) => name === '__proto__') && why.includes('"__proto__"');
}

/** Whether two inputs of this dimension have the same rows: ONNX says so by a name. */
function isNamed(size: Dimension | undefined): boolean {
  return typeof size === 'object' && size.named !== '' && size.named !== '?';
}

function showCase({ model, env, requests }: Case): string {
  return [JSON.stringify(env), showModel(model), ...requests.map(showRequest)].join('\n');
}
