// Models that we did not train: the server answers what Python's onnxruntime does, alone and under concurrency.
import { execFileSync } from 'node:child_process';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { start } from '../../server/test/start.ts';
import { fetchForeignModel, python } from './fetch.ts';
import { foreignModel, foreignModels, type InputPlan } from './models.ts';

/** Node's and Python's onnxruntime are of different releases, whose kernels round differently. */
const TOLERANCE = 2e-5;

describe.each(foreignModels)('$name ($about)', (model) => {
  it('answers as Python onnxruntime does', async () => {
    const directory = fetchForeignModel(model);
    const requests = model.requests.map((request, seed) =>
      Object.fromEntries(
        Object.entries(request).map(([name, plan]) => [name, fill(plan, seed + 1)]),
      ),
    );
    const expected: Outputs[] = JSON.parse(
      execFileSync(python(), [path.join(import.meta.dirname, 'run.py')], {
        input: JSON.stringify({ model: path.join(directory, 'model.onnx'), requests }),
        encoding: 'utf8',
        maxBuffer: 1 << 28,
      }),
    );
    const { predict } = await start({
      MODEL_DIR: directory,
      LOG_LEVEL: 'warn',
      MAX_BODY_BYTES: '10000000',
    });
    const ask = async (request: Record<string, unknown>): Promise<Outputs> => {
      const [only, second] = Object.values(request);
      const { status, body } = await predict({
        inputs: second === undefined ? only : request,
        outputs: true,
      });
      expect([status, body.detail]).toEqual([200, undefined]);
      return body.outputs;
    };
    const alone = [];
    for (const request of requests) alone.push(await ask(request));
    for (const [i, outputs] of alone.entries())
      for (const [name, value] of Object.entries(expected[i] ?? {}))
        expect(largestDifference(outputs[name], value)).toBeLessThanOrEqual(TOLERANCE);

    const many = await Promise.all(Array.from({ length: 6 }, () => Promise.all(requests.map(ask))));
    for (const round of many) expect(round).toEqual(alone);
  });
});

it('the text embedding is that of its published model, padded or not', async () => {
  const model = foreignModel('text-embedding');
  const { predict } = await start({ MODEL_DIR: fetchForeignModel(model), LOG_LEVEL: 'warn' });
  // "This is an example sentence", and what its model card says of it.
  const sentence = [101, 2023, 2003, 2019, 2742, 6251, 102];
  const known = [6.7657e-2, 6.3496e-2, 4.8713e-2];
  for (const padding of [0, 5]) {
    const pad = Array<number>(padding).fill(0);
    const { body } = await predict({
      inputs: {
        input_ids: [...sentence, ...pad],
        attention_mask: [...sentence.map(() => 1), ...pad],
      },
    });
    for (const [i, value] of known.entries()) expect(body.prediction[0][i]).toBeCloseTo(value, 5);
  }
});

type Outputs = Record<string, unknown>;

/** Seeded numbers: the same on every machine. */
function fill({ shape, range, whole }: InputPlan, seed: number): unknown {
  let state = seed;
  const next = (): number => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0; // Numerical Recipes' linear congruential generator
    const value = range[0] + (state / 2 ** 32) * (range[1] - range[0]);
    return whole ? Math.floor(value) : Math.fround(value);
  };
  const nest = ([size, ...inner]: readonly number[]): unknown =>
    size === undefined ? next() : Array.from({ length: size }, () => nest(inner));
  return nest(shape);
}

function largestDifference(actual: unknown, expected: unknown): number {
  if (Array.isArray(expected)) {
    if (!Array.isArray(actual) || actual.length !== expected.length) return Infinity;
    let largest = 0;
    for (const [i, value] of expected.entries())
      largest = Math.max(largest, largestDifference(actual[i], value));
    return largest;
  }
  return Math.abs(Number(actual) - Number(expected));
}
