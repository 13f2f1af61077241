// POST /predict.
import type { ErrorRequestHandler, RequestHandler } from 'express';
import type { Registry } from '../../serving/registry.ts';
import { readJson } from '../http/body.ts';
import { exchangeOf, type IdentityHeaders } from '../http/exchange.ts';
import { Gate, modelOf, respond, timing } from '../http/model-call.ts';

export function predict(
  models: Registry,
  headersFor: IdentityHeaders,
  answerError: ErrorRequestHandler,
  maxBodyBytes: number,
): RequestHandler[] {
  const gate = new Gate(models, answerError);
  const handle: RequestHandler = (req, res, next) => {
    const exchange = exchangeOf(res);
    const served = modelOf(models, req, res);
    const call = exchange.begin();
    const response = served.predict(req.body, call);
    gate.took(req, served, call);
    respond(response, next, (prediction) => {
      const text = JSON.stringify(prediction);
      // All headers in one call: setting them one by one would cost more than running a small model.
      const headers = headersFor(exchange);
      headers.push('Content-Type', 'application/json; charset=utf-8');
      headers.push('Content-Length', String(Buffer.byteLength(text)));
      headers.push('Server-Timing', timing(call));
      res.writeHead(200, headers).end(text);
    });
  };
  return [gate.byHead, readJson(maxBodyBytes, gate.byBody), handle];
}
