// A client with options of its own.
import { clientConfig } from './client-config.ts';
import { createConfig, createClient as createGeneratedClient } from './generated/client/index.js';
import * as operations from './generated/sdk.gen.js';
import type { GetContractResponse, Model, Prediction } from './generated/types.gen.js';
import type { MlApiOptions } from './options.ts';

/** What a single call can be told. */
export interface CallOptions {
  /** Ends the call; it then throws the signal's reason. */
  readonly signal?: AbortSignal;
  readonly headers?: Readonly<Record<string, string>>;
}

/** What a prediction is asked with: the inputs, and what to answer beside the prediction. */
export type PredictParameters = Parameters<typeof operations.predict>[0];

export interface MlApiClient {
  /** Predicts one row, a batch, or named tensors. Throws an MlApiError. */
  predict(parameters: PredictParameters, options?: CallOptions): Promise<Prediction>;
  /** The model's name, version, signature and how it is served. */
  getModel(options?: CallOptions): Promise<Model>;
  /** The server's contract: OpenAPI 3.1, specialised to its model. */
  getContract(options?: CallOptions): Promise<GetContractResponse>;
  /** Whether the server takes requests. False when it cannot be reached. */
  isReady(options?: CallOptions): Promise<boolean>;
}

/** A client for one server and version. Clients share nothing. */
export function createClient(options: MlApiOptions = {}): MlApiClient {
  const client = createGeneratedClient(createConfig({ ...clientConfig(options) }));
  // A probe is one question: asking again would hide the answer.
  const probe = createGeneratedClient(
    createConfig({ ...clientConfig({ ...options, retries: 0 }) }),
  );
  return {
    predict: (parameters, call) => operations.predict(parameters, { ...call, client }),
    getModel: (call) => operations.getModel(undefined, { ...call, client }),
    getContract: (call) => operations.getContract({ ...call, client }),
    async isReady(call) {
      try {
        await operations.getReadiness({ ...call, client: probe });
        return true;
      } catch {
        call?.signal?.throwIfAborted();
        return false;
      }
    },
  };
}
