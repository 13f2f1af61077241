/**
 * Client of TensorFlow Serving's REST API: https://www.tensorflow.org/tfx/serving/api_rest
 *
 * ```ts
 * import { createTfServingClient } from '@org/ml-sdk/tfserving';
 * const { predict } = createTfServingClient({ baseUrl: 'http://localhost:8501', model: 'half_plus_two' });
 * const { predictions } = await predict({ instances: [1, 2, 5] }); // [2.5, 3, 4.5]
 * ```
 * @packageDocumentation
 */

import type { CallOptions } from './client.ts';
import { ConfigurationError } from './errors.ts';
import { jsonCalls } from './json-calls.ts';
import { resolveOptions, type ServerOptions } from './options.ts';
import { isListOf, isObject } from './response-check.ts';

/** How a client is made; what it shares with `createClient` means the same. Default `baseUrl`: `http://localhost:8501`. */
export interface TfServingOptions extends ServerOptions {
  /** The model's name at the server. */
  readonly model: string;
  /** The number of the model's version. Default: the latest, or that of `modelLabel`. */
  readonly modelVersion?: number | undefined;
  /** A label that the server's configuration gives to a version, such as `canary`. */
  readonly modelLabel?: string | undefined;
}

/** A tensor as nested lists, in which strings of bytes are `{ b64: … }`. */
export type TfValue = number | boolean | string | Bytes | readonly TfValue[];
/** Bytes in Base64. */
export interface Bytes {
  readonly b64: string;
}

/** Row by row: each instance is one row's value, or an object of all its named inputs. */
export interface RowRequest {
  readonly instances: readonly (TfValue | Readonly<Record<string, TfValue>>)[];
  /** Default: `serving_default`. */
  readonly signatureName?: string | undefined;
}
/** One element a row: the only output's value, or an object of all named outputs. */
export interface RowResponse {
  readonly predictions: readonly (TfValue | Readonly<Record<string, TfValue>>)[];
}

/** Column by column: each input as one tensor of all rows; the only input's may stand alone. */
export interface ColumnRequest {
  readonly inputs: TfValue | Readonly<Record<string, TfValue>>;
  /** Default: `serving_default`. */
  readonly signatureName?: string | undefined;
}
/** The only output as one tensor, or an object of all named outputs. */
export interface ColumnResponse {
  readonly outputs: TfValue | Readonly<Record<string, TfValue>>;
}

/** One version of the model, and whether it serves. */
export interface VersionStatus {
  readonly version: string;
  readonly state: 'UNKNOWN' | 'START' | 'LOADING' | 'AVAILABLE' | 'UNLOADING' | 'END';
  readonly status: { readonly error_code: string; readonly error_message: string };
}

/** The calls; all throw an MlApiError when they fail, and the signal's reason when they are aborted. */
export interface TfServingClient {
  /** Predicts, row by row or column by column. Safe to repeat, and so retried. */
  predict(request: RowRequest, options?: CallOptions): Promise<RowResponse>;
  predict(request: ColumnRequest, options?: CallOptions): Promise<ColumnResponse>;
  /** The model's versions that the server knows. */
  getStatus(options?: CallOptions): Promise<readonly VersionStatus[]>;
  /** Whether a version that was asked for can be predicted with now. */
  isReady(options?: CallOptions): Promise<boolean>;
}

/** @throws ConfigurationError for an option that cannot be used */
export function createTfServingClient(options: TfServingOptions): TfServingClient {
  const own = ['model', 'modelVersion', 'modelLabel'];
  const call = jsonCalls(resolveOptions(options, 'http://localhost:8501', own), problemIn);
  const path = pathOf(options);
  const getStatus: TfServingClient['getStatus'] = async (callOptions) => {
    const body = (await call(path, undefined, callOptions)) as Statuses;
    return body.model_version_status;
  };
  return {
    // The overloads promise the response that the API documents for each form of request.
    async predict({ signatureName, ...values }: RowRequest | ColumnRequest, callOptions) {
      const body = JSON.stringify({
        ...(signatureName !== undefined && { signature_name: signatureName }),
        ...values,
      });
      return (await call(`${path}:predict`, body, callOptions)) as RowResponse & ColumnResponse;
    },
    getStatus,
    async isReady(callOptions) {
      const statuses = await getStatus(callOptions);
      return statuses.some(({ state }) => state === 'AVAILABLE');
    },
  };
}

/** Bytes, such as an image's, as the API takes them. */
export function bytes(content: Uint8Array): Bytes {
  let text = '';
  for (const byte of content) text += String.fromCharCode(byte);
  return { b64: btoa(text) };
}

/** What is not as the API documents it, as far as the types rely on it. */
function problemIn(url: string, body: unknown): string | undefined {
  const fields = isObject(body) ? body : {};
  const isGood = url.endsWith(':predict')
    ? Array.isArray(fields['predictions']) || fields['outputs'] !== undefined
    : isListOf('object', fields['model_version_status']);
  return isGood ? undefined : 'which is not as TensorFlow Serving sends it. Check the base URL';
}

interface Statuses {
  readonly model_version_status: readonly VersionStatus[];
}

function pathOf({ model, modelVersion, modelLabel }: TfServingOptions): string {
  if (model === '') throw new ConfigurationError('model', 'expected a model\'s name, got ""');
  if (modelVersion !== undefined && modelLabel !== undefined)
    throw new ConfigurationError('modelLabel', 'set either it or modelVersion, not both');
  if (modelVersion !== undefined && !(Number.isInteger(modelVersion) && modelVersion >= 0))
    throw new ConfigurationError(
      'modelVersion',
      `expected a whole number, 0 or more, got ${modelVersion}`,
    );
  const path = `/v1/models/${encodeURIComponent(model)}`;
  if (modelVersion !== undefined) return `${path}/versions/${modelVersion}`;
  return modelLabel === undefined ? path : `${path}/labels/${encodeURIComponent(modelLabel)}`;
}
