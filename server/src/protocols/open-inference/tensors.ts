// What an inference request must be in every form of the protocol: its inputs are those of the model, of its datatypes and shapes,
// and it asks for what there is.
import type { Model } from '../../model/model.ts';
import { isFree, type TensorSpec } from '../../runtime/signature.ts';
import type { TensorData } from '../../tensor/datatype.ts';
import { protocolName } from '../../tensor/protocol-names.ts';
import type { Tensor, Tensors } from '../../tensor/tensor.ts';
import type { Work } from '../../tensor/work.ts';
import { CallError } from '../../util/call-error.ts';
import { counted } from '../../util/counted.ts';
import { quote } from '../../util/quote.ts';

/** A request that does not fit the model. */
export class RequestError extends CallError {
  override readonly name = 'RequestError';
  override readonly code = 'invalid-input';
}

export function refusal(sentence: string): RequestError {
  return new RequestError(sentence);
}

/** Inputs by name. */
export type InputSpecs = ReadonlyMap<string, TensorSpec>;

export function inputSpecs({ signature }: Model): InputSpecs {
  return new Map(signature.inputs.map((spec) => [spec.name, spec]));
}

/** What a request says of an input, beside its elements. */
export interface InputHead {
  readonly name: string;
  readonly datatype: string;
  readonly shape: readonly number[];
}

/**
 * What the model says of an input.
 * @param feeds the inputs before it
 * @throws RequestError for one that there is not, that is given twice, or whose elements are elsewhere
 */
export function specFor(
  { name, parameters }: { readonly name: string; readonly parameters: object },
  specs: InputSpecs,
  feeds: Tensors,
): TensorSpec {
  const spec = specs.get(name);
  if (spec === undefined)
    throw refusal(
      `there is no input ${quote(name)}; the model takes ${[...specs.keys()].map(quote).join(', ')}`,
    );
  if (name in feeds) throw refusal(`input ${quote(name)} is given twice`);
  if ('shared_memory_region' in parameters)
    throw refusal(
      `input ${quote(name)}: shared memory is not supported; send the data in the body`,
    );
  return spec;
}

/**
 * @param read makes as many elements; what it throws begins with "expected". A shape is only a claim: it must not take memory
 * before it has seen that so many are there
 * @throws RequestError for another datatype or shape than the model's, or for what `read` says
 */
export function tensorFor(
  { name, shape, datatype }: InputHead,
  spec: TensorSpec,
  read: (length: number) => TensorData,
): Tensor {
  const expected = protocolName(spec.datatype);
  if (datatype !== expected)
    throw refusal(`input ${quote(name)}: expected the datatype ${expected}, got ${datatype}`);
  if (!fits(shape, spec.shape))
    throw refusal(
      `input ${quote(name)}: expected the shape ${showShape(spec)}, got ${shape.length > spec.shape.length ? `${shape.length} sizes` : JSON.stringify(shape)}`,
    );
  const length = shape.reduce((product, size) => product * size, 1);
  return { datatype: spec.datatype, dims: shape, data: attempt(name, () => read(length)) };
}

/** @throws RequestError when an input is missing */
export function requireAll(specs: InputSpecs, feeds: Tensors): void {
  for (const name of specs.keys())
    if (!(name in feeds)) throw refusal(`input ${quote(name)} is missing`);
}

/**
 * The outputs that are asked for.
 * @param each makes what is noted of one
 * @throws RequestError for one that there is not, that is requested twice, or in a form that there is not
 */
export function wantedOutputs<
  Asked extends { readonly name: string; readonly parameters?: object },
  Wanted,
>(asked: readonly Asked[], model: Model, each: (output: Asked) => Wanted): Wanted[] {
  const known = new Set(model.signature.outputs.map(({ name }) => name));
  const wanted = new Set<string>();
  return asked.map((output) => {
    const { name, parameters = {} } = output;
    // A response that repeats a tensor could be of any size.
    if (wanted.has(name)) throw refusal(`output ${quote(name)} is requested twice`);
    wanted.add(name);
    if (!known.has(name))
      throw refusal(
        `there is no output ${quote(name)}; the model gives ${[...known].map(quote).join(', ')}`,
      );
    for (const extension of ['classification', 'shared_memory_region'])
      if (extension in parameters)
        throw refusal(
          `output ${quote(name)}: the parameter "${extension}" is not supported; ask for the tensor`,
        );
    return each(output);
  });
}

/** @throws RequestError for more rows than a request may have */
export function limited(work: Work, maxRows: number): Work {
  if (work.rows > maxRows)
    throw refusal(
      `expected at most ${counted(maxRows, 'row')}, got ${work.rows}: send them in several requests`,
    );
  return work;
}

/** @throws RequestError that says what `read` did, and of which input */
export function attempt(name: string, read: () => TensorData): TensorData {
  try {
    return read();
  } catch (error) {
    throw refusal(`input ${quote(name)}: ${error instanceof Error ? error.message : error}`);
  }
}

export function showShape({ shape }: TensorSpec): string {
  return JSON.stringify(shape.map((size) => (isFree(size) ? -1 : size)));
}

/** A free size may be anything but 0: no model is asked to run on nothing. */
function fits(shape: readonly number[], expected: TensorSpec['shape']): boolean {
  return (
    shape.length === expected.length &&
    shape.every((size, axis) => (isFree(expected[axis]) ? size > 0 : size === expected[axis]))
  );
}
