// POST /predict: validate, queue, run, answer.
import type { RequestHandler } from 'express';
import type { Context } from '../context.ts';
import { CancelledError, DeadlineError, QueueFullError } from '../engine/queue-errors.ts';
import { readJson } from '../http/body.ts';
import { exchangeOf, identityHeaders } from '../http/exchange.ts';
import { ProblemException } from '../http/problem.ts';
import { labelOf, toPrediction } from '../model/answer.ts';
import { encodeInputs } from '../model/inputs.ts';
import { NonFiniteOutputError } from '../tensor/to-json.ts';

export function predict(context: Context): RequestHandler[] {
  const { serving, contract, batcher, metrics, config } = context;
  const { model } = serving;
  const headersFor = identityHeaders(context);
  const handle: RequestHandler = (req, res, next) => {
    const body = contract.validatePredict(req.body);
    const work = encodeInputs(model, body.inputs);
    const exchange = exchangeOf(res);
    exchange.rows = work.rows;
    exchange.cancel = batcher.submit(work, (error, answer) => {
      if (error instanceof CancelledError) return;
      if (error !== undefined || answer === undefined) return next(modelFailure(error));
      const { outputs, queueMs, inferenceMs } = answer;
      exchange.queueMs = queueMs;
      exchange.inferenceMs = inferenceMs;
      let text: string;
      try {
        const prediction = toPrediction(model, outputs, body);
        if (model.task === 'classification')
          for (const one of prediction.prediction) metrics.predicted(labelOf(model, one));
        text = JSON.stringify(prediction);
      } catch (failure) {
        return next(modelFailure(failure));
      }
      // All headers in one call: setting them one by one would cost more than running a small model.
      const headers = headersFor(exchange);
      headers.push('Content-Type', 'application/json; charset=utf-8');
      headers.push('Content-Length', String(Buffer.byteLength(text)));
      headers.push(
        'Server-Timing',
        `queue;dur=${queueMs.toFixed(3)}, inference;dur=${inferenceMs.toFixed(3)}`,
      );
      res.writeHead(200, headers).end(text);
    });
  };
  return [readJson(config.MAX_BODY_BYTES), handle];
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
