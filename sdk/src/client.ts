// A client with options of its own.

import { binarySupport } from './binary-support.ts';
import { type CallConfig, through } from './call-config.ts';
import { createConfig, createClient as createGeneratedClient } from './generated/client/index.js';
import * as operations from './generated/sdk.gen.js';
import type { GetContractResponse, Model, PredictData, Prediction } from './generated/types.gen.js';
import { type Inference, type InferParameters, infer } from './infer.ts';
import {
  baseUrlOfModel,
  type MlApiOptions,
  type ModelsOptions,
  resolveOptions,
} from './options.ts';
import { predictions } from './predict.ts';
import { isReady } from './readiness.ts';
import { problemIn } from './response-check.ts';
import { createTransport } from './transport.ts';

/** What a single call can be told. */
export interface CallOptions {
  /** Ends the call; it then throws the signal's reason. */
  readonly signal?: AbortSignal | undefined;
  /** Names the request in the server's log and in errors, retries included. Default: the server makes one. */
  readonly requestId?: string | undefined;
  /** Who asks, in place of the client's `user`. */
  readonly user?: string | undefined;
  /** More headers for this call. */
  readonly headers?: Readonly<Record<string, string>> | undefined;
}

/** What a prediction is asked with: the inputs, and what to answer beside the prediction. */
export type PredictParameters = PredictData['body'];

/**
 * The calls of one server. All but `isReady` throw an MlApiError when they fail, and the signal's reason when they
 * are aborted.
 * @typeParam Parameters what `predict` takes; narrower in a client that was generated from a running server
 * @typeParam Result what `predict` gives
 */
export interface MlApiClient<Parameters = PredictParameters, Result = Prediction> {
  /** Predicts one row, a batch, or named tensors. Safe to repeat, and so retried. */
  predict(parameters: Parameters, options?: CallOptions): Promise<Result>;
  /**
   * Runs a model on typed arrays by the Open Inference Protocol: for images, embeddings, and for servers that speak nothing
   * else, such as Triton and MLServer. The first call asks the server whether it takes tensors in binary. Safe to repeat,
   * and so retried.
   */
  infer(parameters: InferParameters, options?: CallOptions): Promise<Inference>;
  /** The model's name, version, signature and how it is served. */
  getModel(options?: CallOptions): Promise<Model>;
  /** The server's contract: OpenAPI 3.1, specialised to its model. */
  getContract(options?: CallOptions): Promise<GetContractResponse>;
  /** Whether the server takes requests now: one attempt, false when it cannot be reached. */
  isReady(options?: Pick<CallOptions, 'signal'>): Promise<boolean>;
}

/**
 * A client for one server and version, for any model. Clients share nothing.
 * @throws ConfigurationError for an option that cannot be used
 */
export function createClient(options: MlApiOptions = {}): MlApiClient {
  return createTypedClient(options);
}

/**
 * A client whose types are those of one model; the code that `ml-sdk generate` writes calls this.
 * @param defaultUrl where the server is when neither the options, nor `ML_API_URL`, nor a page says it
 * @throws ConfigurationError for an option that cannot be used
 */
export function createTypedClient<
  Parameters extends PredictParameters = PredictParameters,
  Result extends Prediction = Prediction,
>(options: MlApiOptions, defaultUrl?: string): MlApiClient<Parameters, Result> {
  const settings = resolveOptions(options, defaultUrl);
  const client = createGeneratedClient(
    createConfig({
      baseUrl: settings.baseUrl,
      headers: settings.headers,
      fetch: createTransport(settings, problemIn),
      parseAs: 'json',
      throwOnError: true,
    }),
  );
  const takesBinary = binarySupport(client);
  const predict = predictions(client);
  return {
    async predict(parameters, call) {
      const prediction = await predict(parameters, callConfig(call));
      // The narrower type is the served contract's; that the server still serves it, its hash says.
      return prediction as Result;
    },
    async infer(parameters, call) {
      const config = callConfig(call);
      return infer(client, parameters, await takesBinary(config), config);
    },
    getModel: (call) => operations.getModel(undefined, through(client, callConfig(call))),
    getContract: (call) => operations.getContract(through(client, callConfig(call))),
    isReady: (call) => isReady(settings, call?.signal),
  };
}

/** A model of a server with several, as it was when its client was generated. */
export interface KnownModel {
  readonly name: string;
  /** The address of the server, below which the model is. */
  readonly server: string;
  readonly contractHash: string;
}

/**
 * A client of one model of several, whose types are that model's; the code that `ml-sdk generate --all` writes calls this.
 * @param options of all models: `baseUrl` is the server's
 * @throws ConfigurationError for an option that cannot be used
 */
export function createModelClient<
  Parameters extends PredictParameters = PredictParameters,
  Result extends Prediction = Prediction,
>(
  options: ModelsOptions,
  { name, server, contractHash }: KnownModel,
): MlApiClient<Parameters, Result> {
  return createTypedClient({
    ...options,
    baseUrl: baseUrlOfModel(options, server, name),
    version: undefined, // its path is in the address
    contractHash,
  });
}

function callConfig({ signal, requestId, user, headers }: CallOptions = {}): CallConfig {
  return {
    ...(signal && { signal }),
    headers: {
      ...headers,
      ...(requestId !== undefined && { 'X-Request-Id': requestId }),
      ...(user !== undefined && { 'ML-User': user }),
    },
  };
}
