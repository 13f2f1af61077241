// What Node's HTTP parser refuses, or would answer without a body: broken requests, and clients that take too long. They are
// answered in the documented form, and their connection is closed, since nobody knows where the next request would begin.
import { type IncomingMessage, type Server, type ServerResponse, STATUS_CODES } from 'node:http';
import type { Duplex } from 'node:stream';
import { sendPlain } from './last-resort.ts';
import { ProblemException, problemBody } from './problem.ts';

const CLOSE = { headers: { Connection: 'close' } };

/** Node's codes: https://nodejs.org/api/http.html#event-clienterror */
const known: Readonly<Record<string, ProblemException>> = {
  ERR_HTTP_REQUEST_TIMEOUT: new ProblemException(
    'request-timeout',
    'The request did not come in time. Send its headers and its body at once.',
  ),
  HPE_HEADER_OVERFLOW: new ProblemException(
    'headers-too-large',
    'The headers are larger than 16 KiB. Send fewer or shorter ones.',
  ),
};
const malformed = new ProblemException(
  'malformed-request',
  'The request is not HTTP/1.1 as RFC 9112 defines it.',
);
const noHost = new ProblemException(
  'malformed-request',
  'The header Host is missing, which HTTP/1.1 requires.',
  CLOSE,
);
const expectation = new ProblemException(
  'expectation-failed',
  'The header Expect has a value that is not supported; expected 100-continue.',
  CLOSE,
);

/** Makes a server answer what it would refuse by itself. */
export function answerBrokenRequests(server: Server): void {
  server.on('clientError', onBareConnection);
  server.on('checkExpectation', (req, res) => sendPlain(req, res, expectation));
}

/** Answers a request without a Host header. @returns whether it did */
export function refuseMissingHost(req: IncomingMessage, res: ServerResponse): boolean {
  if (req.headers.host !== undefined || req.httpVersion !== '1.1') return false;
  sendPlain(req, res, noHost);
  return true;
}

function onBareConnection(error: NodeJS.ErrnoException, socket: Duplex): void {
  if (error.code === 'ECONNRESET' || !socket.writable || isAnswering(socket))
    return void socket.destroy();
  const problem = known[error.code ?? ''] ?? malformed;
  const body = JSON.stringify(problemBody(problem, ''));
  const { status } = problem;
  socket.end(
    `HTTP/1.1 ${status} ${STATUS_CODES[status]}\r\nContent-Type: application/problem+json\r\nContent-Length: ${Buffer.byteLength(body)}\r\nConnection: close\r\n\r\n${body}`,
  );
}

/** Whether a response is under way, of which this would become a part, or that of an earlier request is still to come. */
function isAnswering(socket: Duplex): boolean {
  const response = '_httpMessage' in socket ? socket._httpMessage : undefined; // Node's own, of the request being answered
  if (typeof response !== 'object' || response === null) return false;
  const { headersSent = false, req }: Partial<ServerResponse> = response;
  return headersSent || req?.complete === true;
}
