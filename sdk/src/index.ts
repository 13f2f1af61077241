/**
 * Typed client of ml-api.
 *
 * ```ts
 * import { predict } from '@org/ml-sdk';
 * const { prediction } = await predict({ inputs: [5.1, 3.5, 1.4, 0.2] });
 * ```
 * @packageDocumentation
 */
export {
  type CallOptions,
  createClient,
  type MlApiClient,
  type PredictParameters,
} from './client.ts';
export { type ClientConfig, clientConfig } from './client-config.ts';
export type { ContractChange } from './contract-watch.ts';
export {
  AuthenticationError,
  BadRequestError,
  ContentTooLargeError,
  ContractMismatchError,
  DeadlineExceededError,
  InvalidInputError,
  MlApiError,
  NetworkError,
  NotFoundError,
  RateLimitError,
  ResponseError,
  ServerError,
  TimeoutError,
  UnavailableError,
} from './errors.ts';
export {
  getContract,
  getLiveness,
  getMetrics,
  getModel,
  getReadiness,
  predict,
} from './generated/sdk.gen.js';
export type {
  Feature,
  Model,
  Prediction,
  Problem,
  ProblemError,
  TensorSpec,
  TensorValue,
} from './generated/types.gen.js';
export type { MlApiOptions } from './options.ts';
