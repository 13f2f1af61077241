// POST /predict: validate, queue, run, answer.
import type { RequestHandler, Response } from 'express';
import type { Context } from '../context.ts';
import { type Answer, CancelledError, DeadlineError, QueueFullError } from '../engine/batcher.ts';
import { readJson } from '../http/body.ts';
import { exchangeOf } from '../http/exchange.ts';
import { ProblemException } from '../http/problem.ts';
import { labelOf, toPrediction } from '../model/answer.ts';
import { encodeInputs } from '../model/inputs.ts';
import { NonFiniteOutputError } from '../tensor/to-json.ts';

export function predict(context: Context): RequestHandler[] {
  const { serving, contract, batcher, metrics, config } = context;
  const { model } = serving;
  const handle: RequestHandler = (req, res, next) => {
    const body = contract.validatePredict(req.body);
    const work = encodeInputs(model, body.inputs);
    const exchange = exchangeOf(res);
    exchange.rows = work.rows;
    const cancel = batcher.submit(work, (error, answer) => {
      if (error instanceof CancelledError) return;
      if (error !== undefined || answer === undefined) return next(modelFailure(error));
      exchange.queueMs = answer.queueMs;
      exchange.inferenceMs = answer.inferenceMs;
      try {
        const prediction = toPrediction(model, answer.outputs, body);
        if (model.task === 'classification')
          for (const one of prediction.prediction) metrics.predicted(labelOf(model, one));
        send(res, answer, JSON.stringify(prediction));
      } catch (failure) {
        next(modelFailure(failure));
      }
    });
    res.once('close', cancel); // a client that went away takes its request out of the queue
  };
  return [readJson(config.MAX_BODY_BYTES), handle];
}

function send(res: Response, { queueMs, inferenceMs }: Answer, body: string): void {
  res.setHeader('Content-Type', 'application/json; charset=utf-8');
  res.setHeader('Content-Length', Buffer.byteLength(body));
  res.setHeader(
    'Server-Timing',
    `queue;dur=${queueMs.toFixed(3)}, inference;dur=${inferenceMs.toFixed(3)}`,
  );
  res.end(body);
}

/** Errors of the queue speak for themselves; everything else is the model's. */
function modelFailure(error: unknown): unknown {
  if (error instanceof QueueFullError || error instanceof DeadlineError) return error;
  return new ProblemException(
    'model-failure',
    error instanceof NonFiniteOutputError
      ? error.message
      : "The model could not be run on these inputs. The server's log has the cause under this request id.",
    { cause: error },
  );
}
