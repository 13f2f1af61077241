// Inputs to warm a model up with and to check batching by: the golden rows when there are any, else rows made
// from the features' examples, else rows of made-up values.

import { ModelLoadError } from '../runtime/session.ts';
import { isFree, type TensorSpec } from '../runtime/signature.ts';
import { datatypes, isFloat } from '../tensor/datatype.ts';
import { rowsOf, type Tensor } from '../tensor/tensor.ts';
import { joinRows, mapTensors, type Work } from '../tensor/work.ts';
import type { Golden } from './golden.ts';
import { encodeInputs } from './inputs.ts';
import type { Model } from './model.ts';

export interface Samples {
  /** Single rows (or whole tensors, for a model without rows); at least one. */
  readonly rows: readonly [Work, ...Work[]];
  /** Where they are from, for what is said of them. */
  readonly origin: 'golden.json' | 'the examples of model.json' | 'made-up values';
  /** False when the sizes of free dimensions had to be guessed: then a run's duration says little. */
  readonly representative: boolean;
}

/** At most this many golden rows are used: enough to fill a batch with different ones. */
const MAX_SAMPLES = 64;

export function sampleInputs(model: Model, golden: Golden | undefined): Samples {
  if (golden !== undefined) {
    const [first, ...rest] = goldenRows(model, golden);
    if (first) return { rows: [first, ...rest], origin: 'golden.json', representative: true };
  }
  const representative = model.signature.inputs.every((input) =>
    input.shape.every((size, axis) => !isFree(size) || (axis === 0 && model.rowMode === 'many')),
  );
  const example = exampleRow(model);
  const madeUp = (): Samples => ({
    rows: madeUpRows(model),
    origin: 'made-up values',
    representative,
  });
  if (example === undefined) return madeUp();
  // Rows around the example, so that a batch has different ones; whole numbers may be indexes and stay.
  const [input] = model.signature.inputs;
  const steps = (input && isFloat(input.datatype) ? [0, 0.25, 0.5, -0.25] : [0]).map((step) =>
    encodeInputs(
      model,
      example.map((value) => value * (1 + step)),
    ),
  );
  const [first, ...rest] = steps;
  return first
    ? { rows: [first, ...rest], origin: 'the examples of model.json', representative }
    : madeUp();
}

/** `count` rows in one piece of work, copied from the samples in turn. */
export function batchOf(samples: readonly [Work, ...Work[]], count: number): Work {
  const parts = Array.from(
    { length: count },
    (_, i) => (samples[i % samples.length] ?? samples[0]).feeds,
  );
  const feeds = mapTensors(joinRows(parts), (tensor) => ({ ...tensor, data: tensor.data.slice() }));
  return { feeds, rows: count };
}

function goldenRows(model: Model, { inputs }: Golden): Work[] {
  let whole: Work;
  try {
    whole = encodeInputs(model, inputs);
  } catch (error) {
    const why = error instanceof Error ? error.message : error;
    throw new ModelLoadError(`golden.json does not fit the model: ${why}.`);
  }
  for (const { name, shape } of model.signature.inputs) checkShape(name, shape, whole.feeds[name]);
  if (model.rowMode !== 'many') return [whole];
  return Array.from({ length: Math.min(whole.rows, MAX_SAMPLES) }, (_, row) => ({
    feeds: Object.fromEntries(
      Object.entries(whole.feeds).map(([name, tensor]) => [name, rowsOf(tensor, row, row + 1)]),
    ),
    rows: 1,
  }));
}

/** No contract has looked at these inputs yet. @throws ModelLoadError where a size is another than the model takes */
function checkShape(name: string, shape: TensorSpec['shape'], tensor: Tensor | undefined): void {
  const dims = tensor?.dims ?? [];
  const fits =
    dims.length === shape.length &&
    shape.every((size, axis) => isFree(size) || Number(size) === dims[axis]);
  if (fits) return;
  throw new ModelLoadError(
    `golden.json does not fit the model: its ${JSON.stringify(name)} has the shape [${dims.join(', ')}], and the model takes [${shape.join(', ')}]. Export the model and its golden predictions together.`,
  );
}

/** The features' examples as a row, when every feature has one or the middle of its range. */
export function exampleRow(model: Model): number[] | undefined {
  const values = model.features?.map(
    ({ example, min, max }) =>
      example ?? (min !== undefined && max !== undefined ? (min + max) / 2 : undefined),
  );
  return values?.every((value) => value !== undefined) ? values : undefined;
}

/** Four rows that differ, so that a batch shows whether rows influence each other. */
function madeUpRows(model: Model): [Work, ...Work[]] {
  const row = (seed: number): Work => ({
    feeds: Object.fromEntries(
      model.signature.inputs.map((input) => [input.name, madeUpTensor(input, seed)]),
    ),
    rows: 1,
  });
  return [row(0), row(1), row(2), row(3)];
}

/**
 * Fractions between -1 and 1; whole numbers and booleans of 0 and 1, which most indexes allow; digits as text, which a model may
 * read as numbers. Neighbouring rows differ in every element: else rows that influence each other would not show.
 */
function madeUpTensor({ datatype, shape }: TensorSpec, seed: number): Tensor {
  const dims = shape.map((size) => (typeof size === 'number' && !isFree(size) ? size : 1));
  const length = dims.reduce((product, size) => product * size, 1);
  const data = datatypes[datatype].allocate(length);
  for (let i = 0; i < length; i++) {
    if (Array.isArray(data)) {
      data[i] = String((i + 7 * seed) % 10);
      continue;
    }
    const bit = (i + seed) % 2;
    if (data instanceof BigInt64Array || data instanceof BigUint64Array) data[i] = BigInt(bit);
    else data[i] = isFloat(datatype) ? Math.sin(i + 7 * seed) : bit;
  }
  return { datatype, dims, data };
}
