// POST /predict: validate, queue, run, answer.
import type { RequestHandler } from 'express';
import { encodeInputs, inputsOfRow } from '../../model/inputs.ts';
import { labelOf, toPrediction } from '../../model/prediction.ts';
import type { Context } from '../context.ts';
import { credentialsIn } from '../http/api-keys.ts';
import { readJson } from '../http/body.ts';
import { exchangeOf, identityHeaders } from '../http/exchange.ts';
import { refuseOverload, runOf, timing } from '../run.ts';

export function predict(context: Context): RequestHandler[] {
  const { serving, contract, metrics, config, shadow } = context;
  const { model } = serving;
  const headersFor = identityHeaders(context);
  const run = runOf(context);
  const handle: RequestHandler = (req, res, next) => {
    const body = contract.validatePredict(req.body);
    run(res, next, encodeInputs(model, body.inputs), ({ outputs, queueMs, inferenceMs }) => {
      const prediction = toPrediction(model, outputs, body);
      if (model.task === 'classification')
        for (const one of prediction.prediction) metrics.predicted(labelOf(model, one));
      const text = JSON.stringify(prediction);
      // All headers in one call: setting them one by one would cost more than running a small model.
      const headers = headersFor(exchangeOf(res));
      headers.push('Content-Type', 'application/json; charset=utf-8');
      headers.push('Content-Length', String(Buffer.byteLength(text)));
      headers.push('Server-Timing', timing(queueMs, inferenceMs));
      res.writeHead(200, headers).end(text);
      if (!shadow?.samples()) return;
      shadow.offer({
        asked: {
          requestId: exchangeOf(res).id,
          inputs: body.inputs,
          credentials: credentialsIn(req.headers),
        },
        answered: () => toPrediction(model, outputs, { probabilities: true }),
        rowOf: (row) => inputsOfRow(model, body.inputs, row),
        milliseconds: queueMs + inferenceMs,
      });
    });
  };
  return [refuseOverload(context), readJson(config.MAX_BODY_BYTES), handle];
}
