// What is served: the model's signature and its manifest, put together and checked against each other.
// Everything that depends on the model, such as its contract and the shape of an answer, follows from this.
import { ModelLoadError } from '../runtime/session.ts';
import {
  isFree,
  type RowMode,
  rowModeOf,
  type Signature,
  type TensorSpec,
} from '../runtime/signature.ts';
import { isFloat } from '../tensor/datatype.ts';
import { counted } from '../util/counted.ts';
import type { Feature, Manifest, Task } from './manifest.ts';

export interface Model {
  readonly name: string;
  readonly version: string;
  readonly task: Task;
  readonly signature: Signature;
  readonly rowMode: RowMode;
  /** The output that becomes `prediction`. */
  readonly prediction: TensorSpec;
  /** The output with the probability of every class; only of classification models, and not of all. */
  readonly probabilities: TensorSpec | undefined;
  readonly features: readonly Feature[] | undefined;
  readonly labels: readonly string[] | undefined;
  readonly manifest: Manifest;
}

/** What the server was told to say of the model, over what model.json says. */
export interface Naming {
  readonly name: string | undefined;
  readonly version: string | undefined;
}

/** @throws ModelLoadError when the manifest contradicts the signature; `file` is named in the message */
export function describeModel(
  signature: Signature,
  manifest: Manifest,
  naming: Naming,
  file: string,
): Model {
  const outputs = new Map(signature.outputs.map((output) => [output.name, output]));
  const find = (field: 'prediction' | 'probabilities') => {
    const name = manifest[field];
    if (name === undefined) return undefined;
    const output = outputs.get(name);
    if (output === undefined)
      throw contradiction(
        file,
        field,
        name,
        `the model's outputs are ${list([...outputs.keys()])}`,
      );
    return output;
  };
  const classes = find('prediction') ?? signature.outputs.find(looksLikeClasses);
  const probabilities =
    find('probabilities') ??
    (classes && looksLikeClasses(classes)
      ? signature.outputs.find(looksLikeProbabilities)
      : undefined);
  const task = manifest.task ?? guessTask(classes, probabilities, signature);
  const prediction = classes ?? probabilities ?? signature.outputs[0];
  if (prediction === undefined) throw new ModelLoadError(`${file}: the model has no output.`);

  const model: Model = {
    name: naming.name ?? manifest.name ?? 'model',
    version: naming.version ?? manifest.version ?? 'v1',
    task,
    signature,
    rowMode: rowModeOf(signature),
    prediction,
    probabilities: task === 'classification' ? probabilities : undefined,
    features: manifest.features,
    labels: manifest.labels,
    manifest,
  };
  checkFeatures(model, file);
  checkClasses(model, file);
  checkOnePerRow(model, file);
  return model;
}

/** The number of features of a row, when rows are flat and their width is fixed. */
export function rowWidth(model: Model): number | undefined {
  const [input, second] = model.signature.inputs;
  if (input === undefined || second !== undefined || model.rowMode === 'none') return undefined;
  const [, width, more] = input.shape;
  return more === undefined && typeof width === 'number' && !isFree(width) ? width : undefined;
}

/** The number of classes, when the model or its labels say it. */
export function classCount(model: Model): number | undefined {
  const width = (model.probabilities ?? model.prediction).shape.at(-1);
  if (scoresAreThePrediction(model) || model.probabilities !== undefined)
    if (typeof width === 'number' && !isFree(width)) return width;
  return model.labels?.length;
}

/** Whether the class must be found as the place of the largest score: the model has no output with classes. */
export function scoresAreThePrediction(model: Model): boolean {
  return model.task === 'classification' && isFloat(model.prediction.datatype);
}

function checkFeatures(model: Model, file: string): void {
  const { features } = model;
  if (features === undefined) return;
  const width = rowWidth(model);
  if (width === undefined) {
    const [input] = model.signature.inputs;
    throw contradiction(
      file,
      'features',
      counted(features.length, 'feature'),
      `a row of this model is not a flat list of known length (${input?.name}: ${JSON.stringify(input?.shape)})`,
    );
  }
  if (width !== features.length)
    throw contradiction(
      file,
      'features',
      counted(features.length, 'feature'),
      `the model takes ${width}`,
    );
}

function checkClasses(model: Model, file: string): void {
  const { labels, task, manifest } = model;
  if (task !== 'classification') {
    for (const field of ['labels', 'probabilities'] as const)
      if (manifest[field] !== undefined)
        throw contradiction(file, field, 'given', `the task is ${task}, which has no classes`);
    return;
  }
  const scores = scoresAreThePrediction(model) ? model.prediction : model.probabilities;
  const width = scores?.shape.at(-1);
  if (labels && typeof width === 'number' && !isFree(width) && width !== labels.length)
    throw contradiction(
      file,
      'labels',
      counted(labels.length, 'label'),
      `output ${JSON.stringify(scores?.name)} has ${width} classes`,
    );
}

/** Predictions of these tasks are one element per row; scores are, by their largest. */
function checkOnePerRow(model: Model, file: string): void {
  const { task, prediction } = model;
  if (task === 'tensor' || scoresAreThePrediction(model)) return;
  const [, ...more] = prediction.shape;
  if (more.every((size) => size === 1 || isFree(size))) return;
  throw contradiction(
    file,
    'task',
    JSON.stringify(task),
    `its output ${JSON.stringify(prediction.name)} has the shape ${JSON.stringify(prediction.shape)}, which is more than one element per row; use the task "tensor", or name another output as "prediction"`,
  );
}

function guessTask(
  classes: TensorSpec | undefined,
  probabilities: TensorSpec | undefined,
  signature: Signature,
): Task {
  if (classes && probabilities) return 'classification';
  const [only, second] = signature.outputs;
  if (only === undefined || second !== undefined || !isFloat(only.datatype)) return 'tensor';
  const [rows, width, more] = only.shape;
  const oneNumberARow = isFree(rows) && (width === undefined || width === 1) && more === undefined;
  return oneNumberARow && rowModeOf(signature) === 'many' ? 'regression' : 'tensor';
}

/** One class a row, as classifiers of skl2onnx and its relatives give it. */
function looksLikeClasses(output: TensorSpec): boolean {
  return (
    (output.datatype === 'int64' || output.datatype === 'string') &&
    output.shape.length === 1 &&
    isFree(output.shape[0])
  );
}

function looksLikeProbabilities(output: TensorSpec): boolean {
  return isFloat(output.datatype) && output.shape.length === 2 && isFree(output.shape[0]);
}

function contradiction(file: string, field: string, says: string, but: string): ModelLoadError {
  return new ModelLoadError(`${file} contradicts the model: "${field}" says ${says}, but ${but}.`);
}

function list(names: readonly string[]): string {
  return names.map((name) => JSON.stringify(name)).join(', ');
}
