// One of the two servers that are compared: what it is, what it answers, and how fast.
import { createClient, type MlApiClient } from '../../client.ts';
import { AuthenticationError, MlApiError } from '../../errors.ts';
import type { Model, Prediction, TensorValue } from '../../generated/types.gen.js';
import { addressIn } from '../address.ts';
import { CliError } from '../cli-error.ts';
import type { Row } from './rows.ts';

/** What a server answered to one row. */
export type Answer =
  | {
      readonly ok: true;
      /** The class's name, where the model has names; else its number or the value. */
      readonly prediction: TensorValue;
      /** Of every class; absent where the model gives none. */
      readonly probabilities?: readonly number[];
      readonly milliseconds: number;
    }
  | { readonly ok: false; readonly error: string };

export interface Side {
  readonly url: string;
  readonly model: Model;
  ask(row: Row): Promise<Answer>;
}

/**
 * @param option the option that gave the address, for messages
 * @param apiKey sent with every request, where there is one
 * @throws UsageError for an address that is none; CliError where no predictor answers at it
 */
export async function openSide(
  option: string,
  url: string,
  apiKey: string | undefined,
): Promise<Side> {
  const baseUrl = addressIn(option, url, 'http://ml.local/v1');
  let client: MlApiClient;
  let model: Model;
  let fields: readonly string[];
  try {
    client = createClient({
      baseUrl,
      retries: 0, // a failure is a figure of the comparison
      onContractChange: () => {},
      ...(apiKey !== undefined && { apiKey }),
    });
    model = await client.getModel();
    fields = requestFields(await client.getContract());
  } catch (error) {
    if (!(error instanceof MlApiError)) throw error;
    const key =
      error instanceof AuthenticationError ? ' Name a file with the key by --api-key-file.' : '';
    throw new CliError(`${option}: ${url} cannot be asked for its model. ${error.message}${key}`);
  }
  const wanted = {
    ...(fields.includes('labels') && { labels: true }),
    ...(fields.includes('probabilities') && { probabilities: true }),
  };
  return {
    url,
    model,
    async ask({ inputs }) {
      const began = performance.now();
      try {
        const answer = await client.predict({ inputs, ...wanted });
        return { ok: true, ...oneRow(answer), milliseconds: performance.now() - began };
      } catch (error) {
        if (!(error instanceof MlApiError)) throw error;
        return { ok: false, error: error.message };
      }
    },
  };
}

/** The response to one row: a batch of several in one line of the file is compared as a whole. */
function oneRow({ labels, prediction, probabilities }: Prediction) {
  const answers: TensorValue = labels ?? prediction;
  const [only] = answers;
  return {
    prediction: answers.length === 1 && only !== undefined ? only : answers,
    ...(probabilities && { probabilities: probabilities.flat() }),
  };
}

/** The names of what a request of this server may hold. */
function requestFields(contract: unknown): string[] {
  const way = 'paths /predict post requestBody content application/json schema properties';
  let place = contract;
  for (const name of way.split(' ')) {
    place = typeof place === 'object' && place !== null ? Reflect.get(place, name) : undefined;
  }
  return typeof place === 'object' && place !== null ? Object.keys(place) : [];
}
