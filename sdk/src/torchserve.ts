/**
 * Client of TorchServe's inference API: https://pytorch.org/serve/inference_api.html. Its project is archived.
 *
 * ```ts
 * import { createTorchServeClient } from '@org/ml-sdk/torchserve';
 * const { predict } = createTorchServeClient({ baseUrl: 'http://localhost:8080', model: 'densenet161' });
 * const scores = await predict(await readFile('kitten.jpg'));
 * ```
 * @packageDocumentation
 */

import type { CallOptions } from './client.ts';
import { ConfigurationError, ResponseError } from './errors.ts';
import { jsonCalls } from './json-calls.ts';
import { resolveOptions, type ServerOptions } from './options.ts';
import { isObject } from './response-check.ts';

/** How a client is made; what it shares with `createClient` means the same. Default `baseUrl`: `http://localhost:8080`. */
export interface TorchServeOptions extends ServerOptions {
  /** The model's name at the server. */
  readonly model: string;
  /** The model's version, such as `1.0`. Default: the model's default version. */
  readonly modelVersion?: string | undefined;
}

/** The calls; all throw an MlApiError when they fail, and the signal's reason when they are aborted. */
export interface TorchServeClient {
  /**
   * Predicts with what the model's handler takes, bytes (an image, a text file) or a value that is sent as JSON, and gives
   * the JSON of its response. A response that is not JSON is thrown as an InvalidResponseError. Safe to repeat, and so retried.
   */
  predict(input: unknown, options?: CallOptions): Promise<unknown>;
  /** Whether the server says that all its models have a worker: one that has none is not ready, and no error. */
  isReady(options?: CallOptions): Promise<boolean>;
}

/** @throws ConfigurationError for an option that cannot be used */
export function createTorchServeClient(options: TorchServeOptions): TorchServeClient {
  const { model, modelVersion } = options;
  if (model === '') throw new ConfigurationError('model', 'expected a model\'s name, got ""');
  const settings = resolveOptions(options, 'http://localhost:8080', ['model', 'modelVersion']);
  const call = jsonCalls(settings);
  const ping = jsonCalls({ ...settings, retries: 0 }); // asking again would hide the response
  const path = ['predictions', model, ...(modelVersion === undefined ? [] : [modelVersion])]
    .map((part) => `/${encodeURIComponent(part)}`)
    .join('');
  return {
    // A copy, because what backs a Buffer is often shared.
    predict: (input, callOptions) =>
      call(
        path,
        input instanceof Uint8Array ? Uint8Array.from(input) : JSON.stringify(input),
        callOptions,
      ),
    async isReady(callOptions) {
      try {
        const body = await ping('/ping', undefined, callOptions);
        return isObject(body) && body['status'] === 'Healthy';
      } catch (error) {
        if (error instanceof ResponseError && error.status >= 500) return false;
        throw error;
      }
    },
  };
}
