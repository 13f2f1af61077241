// The calls without a client: one client with the default options, made at the first call, so that importing this
// package reads nothing and cannot fail.
import { createClient, type MlApiClient } from './client.ts';

let client: MlApiClient | undefined;

function defaultClient(): MlApiClient {
  client ??= createClient();
  return client;
}

/**
 * Predicts one row, a batch, or named tensors, on the default server. Safe to repeat, and so retried.
 *
 * ```ts
 * const { prediction } = await predict({ inputs: [5.1, 3.5, 1.4, 0.2] });
 * ```
 * @throws MlApiError of the class that says what failed
 */
export const predict: MlApiClient['predict'] = async (parameters, options) =>
  defaultClient().predict(parameters, options);

/** Runs a model of the default server on typed arrays, by the Open Inference Protocol. */
export const infer: MlApiClient['infer'] = async (parameters, options) =>
  defaultClient().infer(parameters, options);

/** The default server's model: its name, version, signature and how it is served. */
export const getModel: MlApiClient['getModel'] = async (options) =>
  defaultClient().getModel(options);

/** The default server's contract: OpenAPI 3.1, specialised to its model. */
export const getContract: MlApiClient['getContract'] = async (options) =>
  defaultClient().getContract(options);

/** Whether the default server takes requests now. */
export const isReady: MlApiClient['isReady'] = async (options) => defaultClient().isReady(options);
