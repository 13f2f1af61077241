// Whatever has happened to a request on its way, it is refused in the documented form or answered right.
import fc from 'fast-check';
import { describe, it } from 'vitest';
import { expectNoCanary, expectOutputs, expectRefusal } from './judge.ts';
import { type ModelPlan, models, showModel } from './models.ts';
import { type Mutation, mutate, mutationLists } from './mutations.ts';
import { read } from './read.ts';
import {
  canaries,
  type RequestPlan,
  requestsTo,
  showRequest,
  type WireRequest,
  writeRequest,
} from './requests.ts';
import { type Served, serve } from './serve.ts';
import { check, timeoutOf } from './settings.ts';

const RUNS = 40;
/** What a wave of small requests may take of memory: far less than a large claim would. */
const MEMORY_BYTES = 300 * 1024 * 1024;
const WAVE = 20;

interface Mutant {
  readonly plan: RequestPlan;
  readonly mutations: readonly Mutation[];
}
interface Case {
  readonly model: ModelPlan;
  readonly mutants: readonly Mutant[];
}

const servable = models.filter((model) =>
  [...model.inputs, ...model.outputs].every(({ name }) => name !== '__proto__'),
);

const cases = servable.chain((model) =>
  fc.record<Case>({
    model: fc.constant(model),
    mutants: fc.array(fc.record<Mutant>({ plan: requestsTo(model), mutations: mutationLists }), {
      minLength: 1,
      maxLength: 60,
      size: 'max',
    }),
  }),
);

describe('a request that was changed on its way', () => {
  it(
    'is refused in the documented form, or answered right where it still means something',
    () =>
      check(
        fc.asyncProperty(cases, ({ model, mutants }) =>
          serve(
            model,
            { ENGINE: 'inline', MAX_ROWS: '100' },
            async (served) => {
              for (let i = 0; i < mutants.length; i += WAVE)
                await expectEachHandled(served, mutants.slice(i, i + WAVE));
              const metrics = await fetch(`${served.running.url}/metrics`);
              const log = JSON.stringify(served.running.logs);
              expectNoCanary({ log, metrics: await metrics.text() }, canaries);
            },
            (why) => {
              throw new Error(`the predictor did not start: ${why}`);
            },
          ),
        ),
        { runs: RUNS, show: ([one]) => showCase(one) },
      ),
    timeoutOf(RUNS),
  );
});

async function expectEachHandled(served: Served, mutants: readonly Mutant[]): Promise<void> {
  const { model } = served.running.served.serving;
  const sent = mutants.map(({ plan, mutations }) =>
    mutate(plan.route, writtenFor(served, plan), model.name, mutations),
  );
  const before = process.resourceUsage().maxRSS * 1024;
  const responses = await Promise.all(sent.map((request) => served.send(request)));
  const grown = Math.max(
    process.resourceUsage().maxRSS * 1024 - before,
    process.memoryUsage().arrayBuffers,
  );
  if (grown > MEMORY_BYTES)
    throw new Error(`small requests took ${Math.round(grown / 1024 / 1024)} MiB of memory`);
  for (const [i, request] of sent.entries()) {
    const [mutant, response] = [mutants[i], responses[i]];
    if (mutant === undefined || response === undefined) throw new Error('a response is missing');
    const { route } = mutant.plan;
    const meant = read(route, request, model);
    const outputs = meant && (await served.reference.run(meant));
    try {
      if (response.status === 200 && outputs) expectOutputs(route, response, outputs, model);
      else if (response.status === 200) throw new Error('answered with 200, and means nothing');
      // What still means something may fail in the model.
      else if (response.status === 500 && outputs) expectOutputs(route, response, outputs, model);
      else
        expectRefusal(
          route,
          response,
          (status) => (status >= 400 && status < 500) || (status === 500 && meant !== undefined),
        );
    } catch (error) {
      const why = error instanceof Error ? error.message : error;
      const got = `${response.status} ${response.body.toString().slice(0, 400)}`;
      throw new Error(`${why}\nasked: ${showWire(request)}\ngot: ${got}`);
    }
  }
}

function writtenFor({ running, reference }: Served, plan: RequestPlan) {
  const hasRows = running.served.model.rowMode !== 'none';
  return writeRequest(plan, reference.inputNames, hasRows);
}

function showWire({ path, headers, body }: WireRequest): string {
  const text = JSON.stringify(body.toString('latin1'));
  return `${path} ${JSON.stringify(headers)} ${text.length > 500 ? `${text.slice(0, 500)}… (${body.length} bytes)` : text}`;
}

function showCase({ model, mutants }: Case): string {
  return [
    showModel(model),
    ...mutants.map(
      ({ plan, mutations }) =>
        `${showRequest(plan)}\n    ${mutations.map(({ name }) => name).join('\n    ')}`,
    ),
  ].join('\n');
}
