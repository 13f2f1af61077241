// One loaded model, as those who call it see it. A call passes these stages: its inputs are checked and decoded to tensors, it
// waits and is put together with others, it is run, and what it asked for is made of the outputs. Nothing here knows a protocol.
import type { Contract } from '../model/contract/contract.ts';
import { encodeInputs, unequalSizes } from '../model/inputs.ts';
import type { Model } from '../model/model.ts';
import { type Prediction, Result, toPrediction } from '../model/prediction.ts';
import type { Source } from '../sources/record.ts';
import type { Work } from '../tensor/work.ts';
import { CallError } from '../util/call-error.ts';
import type { AcceptedCall, Call, CallObserver } from './call.ts';
import { ModelFailureError, type OverloadedError } from './errors.ts';
import type { Serving } from './load/choose.ts';
import type { Batcher } from './queue/batcher.ts';

export interface ServedModel {
  readonly model: Model;
  /** What calls are checked by. */
  readonly contract: Contract;
  /** How it is run. */
  readonly serving: Serving;
  /** Where it came from; undefined where nothing fetched it, or where its file is another one by now. */
  readonly source: Source | undefined;
  /** Rows that wait for a run, and that may. */
  readonly queuedRows: number;
  readonly queueLimitRows: number;
  /**
   * Why a call of about so many rows would be refused now; undefined when it would not. Cheap: to be asked before a body is read,
   * and again before it is parsed.
   */
  overload(rows: number): OverloadedError | undefined;
  /**
   * Predicts by the contract.
   * @param body what the contract calls a prediction request; it is checked here
   * @throws CallError
   */
  predict(body: unknown, call: Call): Promise<Prediction>;
  /**
   * Runs tensors.
   * @param encode makes of the outputs what is asked for; what it throws is the model's failure
   * @throws CallError
   */
  infer<Response>(work: Work, call: Call, encode: (result: Result) => Response): Promise<Response>;
  /** Why it can no longer do all its work, when it cannot: only a restart helps then. */
  failure(): string | undefined;
  /** Ends the calls that it has, and frees the model. */
  close(): Promise<void>;
}

export interface Parts extends Pick<ServedModel, 'contract' | 'serving' | 'source'> {
  readonly batcher: Batcher;
  readonly observer: CallObserver;
}

export function createServedModel(parts: Parts): ServedModel {
  const { serving, source, contract, batcher, observer } = parts;
  const { model, engine } = serving;

  let underWay = 0;
  let whenIdle: (() => void) | undefined;

  /** All in one callback: each promise more would cost a small prediction a percent. */
  const serve = <Response>(
    accepted: AcceptedCall,
    encode: (result: Result) => Response,
  ): Promise<Response> =>
    new Promise((resolve, reject) => {
      const { call, work } = accepted;
      call.rows = work.rows;
      observer.accepted(accepted);
      underWay++;
      call.onCancel = batcher.submit(work, call.timeoutMs, (error, ran) => {
        try {
          if (ran === undefined) throw reasonOf(error, accepted);
          call.queueMs = ran.queueMs;
          call.inferenceMs = ran.inferenceMs;
          const result = new Result(model, ran.outputs);
          const response = encoded(result, encode);
          observer.succeeded(accepted, result);
          resolve(response);
        } catch (failure) {
          observer.failed(accepted, failure);
          reject(failure);
        } finally {
          if (--underWay === 0) whenIdle?.();
        }
      });
    });

  const accept = (call: Call, work: Work, inputs?: unknown): AcceptedCall => ({
    call,
    model,
    work,
    inputs,
    acceptedAt: performance.now(),
  });

  return {
    model,
    contract,
    serving,
    source,
    get queuedRows() {
      return batcher.queuedRows;
    },
    get queueLimitRows() {
      return batcher.queueLimitRows;
    },
    overload: (rows) => batcher.overload(rows),
    predict(body, call) {
      try {
        const request = contract.validatePredict(body);
        const work = encodeInputs(model, request.inputs);
        return serve(accept(call, work, request.inputs), (result) => toPrediction(result, request));
      } catch (error) {
        return Promise.reject(error);
      }
    },
    infer: (work, call, encode) =>
      serve(accept(call, work), (result) => {
        // Scores that are no numbers are a failure, whatever form they are asked for in.
        if (model.task === 'classification') result.prediction;
        return encode(result);
      }),
    failure: () => engine.failure(),
    async close() {
      // Each ends by its deadline.
      if (underWay > 0) await new Promise<void>((resolve) => (whenIdle = resolve));
      batcher.close();
      await engine.close();
    },
  };
}

function encoded<Response>(result: Result, encode: (result: Result) => Response): Response {
  try {
    return encode(result);
  } catch (cause) {
    throw new ModelFailureError(cause);
  }
}

/** The queue's errors speak for themselves. Others are the model's, unless sizes that the client got wrong may be why. */
function reasonOf(error: Error | undefined, { model, work }: AcceptedCall): CallError {
  if (error instanceof CallError) return error;
  return unequalSizes(model, work.feeds) ?? new ModelFailureError(error);
}
