// Whether a model can take the place of another under its clients' eyes.
import type { TensorSpec } from '../runtime/signature.ts';
import type { Model } from './model.ts';

/**
 * Clients were written for one model's contract: for its name, and for what it takes and gives.
 * @returns how the next model breaks it; undefined where whoever asked the one can ask the other
 */
export function incompatibility(before: Model, next: Model): string | undefined {
  const parts: [string, (model: Model) => unknown][] = [
    ['name', ({ name }) => name],
    ['task', ({ task }) => task],
    ['inputs', ({ signature }) => signature.inputs.map(formOf)],
    ['outputs', ({ signature }) => signature.outputs.map(formOf)],
    ['prediction', ({ prediction }) => prediction.name],
    ['probabilities', ({ probabilities }) => probabilities?.name],
    ['labels', ({ labels }) => labels],
    ['names of the features', ({ features }) => features?.map(({ name }) => name)],
  ];
  for (const [what, of] of parts) {
    const [one, other] = [JSON.stringify(of(before)), JSON.stringify(of(next))];
    if (one !== other) return `its ${what} would be ${short(other)} instead of ${short(one)}`;
  }
  return undefined;
}

function formOf({ name, datatype, shape }: TensorSpec) {
  return [name, datatype, shape.map((size) => (typeof size === 'number' ? size : -1))];
}

function short(json: string | undefined): string {
  if (json === undefined) return 'none';
  return json.length > 200 ? `${json.slice(0, 200)}…` : json;
}
