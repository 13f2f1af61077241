// The outputs of a run to the body of an answer.
import type { Outputs } from '../engine/work.ts';
import type { Tensor } from '../tensor/tensor.ts';
import { elementsToJson, type JsonValue, tensorToJson } from '../tensor/to-json.ts';
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

/** @throws NonFiniteOutputError when an output that is asked for is NaN or infinite */
export function toPrediction(model: Model, outputs: Outputs, wanted: Wanted): Prediction {
  const prediction = predictionOf(model, outputs);
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
  return String(prediction);
}

/** The prediction, one element a row. @throws NonFiniteOutputError as toPrediction does */
export function predictionOf(model: Model, outputs: Outputs): JsonValue[] {
  const tensor = outputs.get(model.prediction.name);
  if (scoresAreThePrediction(model)) return largestPlaces(tensor);
  if (model.task !== 'tensor') return elementsToJson(tensor, model.prediction.name); // [rows] or [rows, 1]
  const value = tensorToJson(tensor, model.prediction.name);
  return Array.isArray(value) ? value : [value];
}

/** The place of the largest score of every row; the first of equals, as numpy.argmax. */
function largestPlaces(tensor: Tensor): number[] {
  const width = tensor.dims.at(-1) ?? 1;
  const places: number[] = [];
  for (let start = 0; start < tensor.data.length; start += width) {
    let best = 0;
    for (let i = 1; i < width; i++)
      if (Number(tensor.data[start + i]) > Number(tensor.data[start + best])) best = i;
    places.push(best);
  }
  return places;
}
