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
  createModelClient,
  createTypedClient,
  type KnownModel,
  type MlApiClient,
  type PredictParameters,
} from './client.ts';
export type { ContractChange } from './contract-watch.ts';
export { getContract, getModel, infer, isReady, predict } from './default-client.ts';
export {
  AuthenticationError,
  BadRequestError,
  ConfigurationError,
  ContentTooLargeError,
  ContractMismatchError,
  DeadlineExceededError,
  InvalidInputError,
  InvalidResponseError,
  MlApiError,
  NetworkError,
  NotFoundError,
  RateLimitError,
  ResponseError,
  ServerError,
  TimeoutError,
  UnavailableError,
  UnsafeIntegerError,
} from './errors.ts';
export type {
  Feature,
  InferenceDatatype,
  Model,
  Prediction,
  ProblemError,
  TensorSpec,
  TensorValue,
} from './generated/types.gen.js';
export type { Inference, InferParameters } from './infer.ts';
export type { MlApiOptions, ModelsOptions, ResponseOrigin } from './options.ts';
export type { Tensor, TensorData, TensorInput } from './tensor.ts';
