// What goes into a run and what comes out: requests as tensors with rows, put together and taken apart.

import { counted } from '../util/counted.ts';
import { concatenate, rowsOf, type Tensor, type Tensors, tensorsByName } from './tensor.ts';

/** One request to run: the same number of rows in every tensor, or whole tensors that count as one row. */
export interface Work {
  readonly feeds: Tensors;
  readonly rows: number;
}

/** The outputs of a run, of which a request sees its own rows only. */
export class Outputs {
  readonly #run: Tensors;
  readonly #start: number;
  readonly #end: number | undefined;

  /** @param end the row after the last; undefined for all of the run, which then need not have rows */
  constructor(run: Tensors, start = 0, end?: number) {
    this.#run = run;
    this.#start = start;
    this.#end = end;
  }

  get names(): string[] {
    return Object.keys(this.#run);
  }

  get(name: string): Tensor {
    const tensor = this.#run[name];
    if (tensor === undefined) throw new Error(`the model gave no output ${JSON.stringify(name)}`);
    return this.#end === undefined ? tensor : rowsOf(tensor, this.#start, this.#end);
  }
}

/** Puts the tensors of the same name together along their rows. */
export function joinRows(parts: readonly Tensors[]): Tensors {
  const [first] = parts;
  if (first === undefined) throw new RangeError('nothing to put together');
  if (parts.length === 1) return first;
  return mapTensors(first, (tensor, name) => {
    const rest = parts.slice(1).map((part) => {
      const other = part[name];
      if (other === undefined) throw new Error(`a part has no tensor ${JSON.stringify(name)}`);
      return other;
    });
    return concatenate([tensor, ...rest]);
  });
}

/** @throws Error when an output does not have one row for every row of the inputs */
export function checkRows(outputs: Tensors, rows: number): void {
  for (const [name, { dims }] of Object.entries(outputs)) {
    const [own] = dims;
    if (own === rows) continue;
    const has = own === undefined ? 'no rows' : counted(own, 'row');
    throw new Error(
      `output ${JSON.stringify(name)} has ${has} for ${counted(rows, 'row')} of input`,
    );
  }
}

/** The same tensors, each changed. */
export function mapTensors(
  tensors: Tensors,
  change: (tensor: Tensor, name: string) => Tensor,
): Tensors {
  const changed = tensorsByName();
  for (const name in tensors) {
    const tensor = tensors[name];
    if (tensor) changed[name] = change(tensor, name);
  }
  return changed;
}
