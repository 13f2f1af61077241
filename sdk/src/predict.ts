// Predictions: the generated operation, whose numbers are what the model gave, or it fails.
import { type CallConfig, through } from './call-config.ts';
import type { PredictParameters } from './client.ts';
import {
  ConfigurationError,
  InvalidResponseError,
  ResponseError,
  UnsafeIntegerError,
} from './errors.ts';
import type { Client } from './generated/client/index.js';
import { getModel, predict } from './generated/sdk.gen.js';
import type { Prediction } from './generated/types.gen.js';
import { checkNames } from './known-names.ts';
import { hasLongInteger, roundedIntegers } from './long-integers.ts';

export type Predict = (parameters: PredictParameters, call: CallConfig) => Promise<Prediction>;

/** @returns a function that throws an UnsafeIntegerError where a number would not be what the model gave, and a ConfigurationError for parameters that there are not */
export function predictions(client: Client): Predict {
  let gives64Bits: boolean | undefined;
  return async (parameters, call) => {
    checkParameters(parameters);
    const options = Object.assign(through(client, call), { parseAs: 'text' } as const);
    // The transport has seen that it is JSON; the operation's own parser would leave no text to look at.
    const text: unknown = await predict(parameters, options);
    const prediction: Prediction = JSON.parse(String(text));
    if (!hasLongInteger(prediction)) return prediction;
    const rounded = roundedIntegers(String(text));
    if (rounded.length === 0) return prediction;
    // A float has no more digits than tell it from others; what has more is a 64-bit integer.
    let integer = rounded.find((digits) => String(Number(digits)) !== digits);
    if (integer === undefined) {
      gives64Bits ??= await has64BitOutput(client, call);
      if (gives64Bits) [integer] = rounded;
    }
    if (integer === undefined) return prediction;
    throw new UnsafeIntegerError(integer, 'infer gives 64-bit integers as bigint');
  };
}

/** Where the model is not told, it is taken for one. */
async function has64BitOutput(client: Client, call: CallConfig): Promise<boolean> {
  try {
    const { outputs } = await getModel(undefined, through(client, call));
    return outputs.some(({ datatype }) => datatype === 'int64' || datatype === 'uint64');
  } catch (error) {
    if (error instanceof ResponseError || error instanceof InvalidResponseError) return true;
    throw error;
  }
}

const PARAMETERS: Readonly<Record<keyof PredictParameters, true>> = {
  inputs: true,
  probabilities: true,
  labels: true,
  outputs: true,
};

/** Without a type checker, the operation would leave out what it does not know. */
function checkParameters(parameters: unknown): void {
  const given: Partial<PredictParameters> = Object(parameters);
  const isIndexed =
    typeof parameters !== 'object' || Array.isArray(given) || ArrayBuffer.isView(given);
  if (!isIndexed) checkNames(given, Object.keys(PARAMETERS));
  if (given.inputs === undefined)
    throw new ConfigurationError('inputs', 'expected predict({ inputs: … })');
}
