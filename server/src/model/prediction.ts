// What a model predicts, from the outputs of a run.

import type { Tensor } from '../tensor/tensor.ts';
import {
  elementsToJson,
  type JsonValue,
  NonFiniteOutputError,
  tensorToJson,
  textOf,
} from '../tensor/to-json.ts';
import type { Outputs } from '../tensor/work.ts';
import { type Model, scoresAreThePrediction } from './model.ts';

/** What a request asks for beside the prediction. */
export interface Wanted {
  readonly probabilities?: boolean;
  readonly labels?: boolean;
  readonly outputs?: boolean;
}

export interface Prediction {
  readonly prediction: readonly JsonValue[];
  readonly labels?: readonly string[];
  readonly probabilities?: JsonValue;
  readonly outputs?: Readonly<Record<string, JsonValue>>;
}

/** The outputs that a call gets, and the prediction that they say, which is found once. */
export class Result {
  readonly model: Model;
  readonly outputs: Outputs;
  #prediction: readonly JsonValue[] | undefined;

  constructor(model: Model, outputs: Outputs) {
    this.model = model;
    this.outputs = outputs;
    this.#prediction = undefined;
  }

  /**
   * One element per row.
   * @throws NonFiniteOutputError for values that are not finite, and scores that are NaN; Error for an output that has not one
   * element per row where the task needs it
   */
  get prediction(): readonly JsonValue[] {
    this.#prediction ??= predictionOf(this.model, this.outputs);
    return this.#prediction;
  }
}

/** @throws NonFiniteOutputError when an output that is asked for is NaN or infinite */
export function toPrediction(result: Result, wanted: Wanted): Prediction {
  const { model, outputs, prediction } = result;
  const scores =
    model.probabilities ?? (scoresAreThePrediction(model) ? model.prediction : undefined);
  return {
    prediction,
    ...(wanted.labels && { labels: prediction.map((one) => labelOf(model, one)) }),
    ...(wanted.probabilities &&
      scores && { probabilities: tensorToJson(outputs.get(scores.name), scores.name) }),
    ...(wanted.outputs && {
      outputs: Object.fromEntries(
        outputs.names.map((name) => [name, tensorToJson(outputs.get(name), name)]),
      ),
    }),
  };
}

/** The name of a class: the class itself where the model names its classes, else its label. */
export function labelOf(model: Model, prediction: JsonValue): string {
  if (typeof prediction === 'number') return model.labels?.[prediction] ?? String(prediction);
  return textOf(prediction);
}

function predictionOf(model: Model, outputs: Outputs): JsonValue[] {
  const tensor = outputs.get(model.prediction.name);
  if (scoresAreThePrediction(model)) return argmaxPerRow(tensor, model.prediction.name);
  if (model.task !== 'tensor') {
    if (tensor.data.length !== (tensor.dims[0] ?? 1))
      throw new Error(
        `the output ${JSON.stringify(model.prediction.name)} has the shape [${tensor.dims}], and ${model.task} needs one element per row`,
      );
    return elementsToJson(tensor, model.prediction.name); // [rows] or [rows, 1]
  }
  const value = tensorToJson(tensor, model.prediction.name);
  return Array.isArray(value) ? value : [value];
}

/** The place of the largest score of every row; the first of equals, as numpy.argmax. */
function argmaxPerRow(tensor: Tensor, name: string): number[] {
  const width = tensor.dims.at(-1) ?? 1;
  const places: number[] = [];
  for (let start = 0; start < tensor.data.length; start += width) {
    let best = 0;
    let largest = Number.NEGATIVE_INFINITY;
    for (let i = 0; i < width; i++) {
      const score = Number(tensor.data[start + i]);
      if (Number.isNaN(score))
        throw new NonFiniteOutputError(
          `The model's output ${JSON.stringify(name)} has a score that is NaN, so that no class is the largest.`,
        );
      if (score > largest) {
        largest = score;
        best = i;
      }
    }
    places.push(best);
  }
  return places;
}
