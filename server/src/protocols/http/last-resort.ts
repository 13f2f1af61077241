// What is answered when all else has failed: no response but the documented forms, whatever throws, wherever.
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Logger } from 'pino';
import { withoutMessage } from '../../observe/log.ts';
import { requestIdFor } from '../request-id.ts';
import { openInferenceErrorBody, ProblemException, problemBody } from './problem.ts';

/** Answers an error that could not be answered as usual. Never throws. */
export function answerLastResort(
  log: Logger,
): (error: unknown, req: IncomingMessage, res: ServerResponse) => void {
  return (error, req, res) => {
    try {
      answer(log, error, req, res);
    } catch {
      res.destroy();
    }
  };
}

function answer(log: Logger, error: unknown, req: IncomingMessage, res: ServerResponse): void {
  if (error instanceof ProblemException && !res.headersSent) return void sendPlain(req, res, error);
  log.error({ err: withoutMessage(error) }, 'an error could not be answered as usual');
  if (res.writableEnded) return; // the response is complete
  if (res.headersSent) return void res.destroy(); // a response that breaks off must not look whole
  for (const name of res.getHeaderNames()) res.removeHeader(name);
  sendPlain(req, res, new ProblemException('internal-error', 'The server has a fault.'));
}

/** Answers a problem without Express and without anything that it knows of the request. */
export function sendPlain(
  req: IncomingMessage,
  res: ServerResponse,
  problem: ProblemException,
): void {
  const id = requestIdFor(req.headers);
  const [type, body] = isOpenInference(req.url ?? '')
    ? ['application/json', openInferenceErrorBody(problem)]
    : ['application/problem+json', problemBody(problem, id)];
  const text = JSON.stringify(body);
  const headers = {
    ...problem.headers,
    'X-Request-Id': id,
    'Content-Type': type,
    'Content-Length': Buffer.byteLength(text),
  };
  res.writeHead(problem.status, headers).end(text);
}

/** What a version whose base path is `/v2` has below it that is not the protocol's. */
const OWN =
  /\/v2\/(predict|model|livez|readyz|startupz|metrics|shadow\/disagreements|openapi\.(json|yaml))$/;

/** Whether a path is the protocol's, at the root or below a base path. */
export function isOpenInference(url: string): boolean {
  const [path = ''] = url.split('?');
  return /\/v2(\/|$)/.test(path) && !OWN.test(path);
}
