// What /predict and the Open Inference Protocol do alike: run the work of a request, and tell of what became of it.
import type { NextFunction, RequestHandler, Response } from 'express';
import { unequalSizes } from '../model/inputs.ts';
import type { Model } from '../model/model.ts';
import { labelOf, predictionOf } from '../model/prediction.ts';
import type { Metrics } from '../observe/metrics.ts';
import type { Answer } from '../serving/queue/job.ts';
import { CancelledError, DeadlineError, OverloadedError } from '../serving/queue/queue-errors.ts';
import type { InputError } from '../tensor/input-error.ts';
import { NonFiniteOutputError } from '../tensor/to-json.ts';
import type { Outputs, Work } from '../tensor/work.ts';
import type { Context } from './context.ts';
import { exchangeOf } from './http/exchange.ts';
import { ProblemException } from './http/problem.ts';

/**
 * Runs work for a request.
 * @param done gets what came of it; whatever it throws is the model's failure
 * @param next gets why nothing came of it
 */
type Run = (res: Response, next: NextFunction, work: Work, done: (answer: Answer) => void) => void;

export function runOf({ batcher, serving }: Context): Run {
  return (res, next, work, done) => {
    const exchange = exchangeOf(res);
    exchange.rows = work.rows;
    exchange.cancel = batcher.submit(work, (error, answer) => {
      if (error instanceof CancelledError) return;
      if (answer === undefined)
        return next(unequalSizesIn(serving.model, work, error) ?? modelFailure(error));
      exchange.queueMs = answer.queueMs;
      exchange.inferenceMs = answer.inferenceMs;
      try {
        done(answer);
      } catch (failure) {
        next(modelFailure(failure));
      }
    });
  };
}

/** Middleware that refuses requests before their bodies are read, where they would be refused after it. */
export function refuseOverload({ batcher }: Context): RequestHandler {
  return (_req, _res, next) => next(batcher.overload());
}

/** Sizes that the client got wrong, where they may be why the model failed. */
function unequalSizesIn(model: Model, { feeds }: Work, error: unknown): InputError | undefined {
  return isOfQueue(error) ? undefined : unequalSizes(model, feeds);
}

function isOfQueue(error: unknown): boolean {
  return error instanceof OverloadedError || error instanceof DeadlineError;
}

/** Errors of the queue speak for themselves; everything else is the model's. */
function modelFailure(error: unknown): unknown {
  if (isOfQueue(error)) return error;
  return new ProblemException(
    'model-failure',
    error instanceof NonFiniteOutputError
      ? error.message
      : "The model could not be run on these inputs. The server's log has the cause under this request id.",
    { cause: error },
  );
}

/** Counts the predicted classes. */
export function countPredictions(model: Model, outputs: Outputs, metrics: Metrics): void {
  if (model.task !== 'classification') return;
  for (const one of predictionOf(model, outputs)) metrics.predicted(labelOf(model, one));
}

/** The header Server-Timing, of milliseconds: https://www.w3.org/TR/server-timing */
export function timing(queueMs: number, inferenceMs: number): string {
  return `queue;dur=${queueMs.toFixed(3)}, inference;dur=${inferenceMs.toFixed(3)}`;
}
