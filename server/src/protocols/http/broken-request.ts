// Requests that Node's HTTP parser cannot read, and clients that take too long: they get a problem too, and their connection is
// closed. The responses to the requests before, on the same connection, come first.
import { type IncomingMessage, type ServerResponse, STATUS_CODES } from 'node:http';
import type { Duplex } from 'node:stream';
import { sendPlain } from './last-resort.ts';
import { ProblemException, problemBody } from './problem.ts';
import type { Refusals } from './refusals.ts';

/** How long a client that was refused may go on sending: a connection closed at once could take the response with it. */
const LINGER_MS = 1000;

/** Connections that were refused; the parser tells of each further piece that it cannot read. */
const refused = new WeakSet<Duplex>();

/**
 * Answers what the parser tells of: https://nodejs.org/api/http.html#event-clienterror
 * @param responses those of the connection that are not done, in the order of their requests
 */
export function refuseBroken(
  error: NodeJS.ErrnoException,
  socket: Duplex,
  responses: readonly ServerResponse<IncomingMessage>[],
  refusals: Refusals,
): void {
  if (error.code === 'ECONNRESET' || !socket.writable) return void socket.destroy();
  if (refused.has(socket)) return;
  refused.add(socket);
  const last = responses.at(-1);
  if (last === undefined) return void refuse(socket, problemOf(error, 'request'), refusals);
  if (last.req.complete) {
    // The broken request came after it.
    last.once('close', () => refuse(socket, problemOf(error, 'request'), refusals));
    return;
  }
  if (last.headersSent) {
    // It was answered before its body had come.
    if (last.writableFinished) closeSoon(socket);
    else last.once('close', () => socket.destroy());
    return;
  }
  const problem = problemOf(error, 'body');
  refusals.count(problem.kind);
  last.shouldKeepAlive = false;
  sendPlain(last.req, last, problem);
  last.once('close', () => closeSoon(socket));
}

/** Answers a problem on the bare connection, and closes it. */
export function refuse(socket: Duplex, problem: ProblemException, refusals: Refusals): void {
  if (!socket.writable) return void socket.destroy();
  refusals.count(problem.kind);
  const body = JSON.stringify(problemBody(problem, ''));
  const headers = {
    ...problem.headers,
    'Content-Type': 'application/problem+json',
    'Content-Length': Buffer.byteLength(body),
    Date: new Date().toUTCString(),
    Connection: 'close',
  };
  const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`);
  const { status } = problem;
  socket.write(`HTTP/1.1 ${status} ${STATUS_CODES[status]}\r\n${lines.join('')}\r\n${body}`);
  closeSoon(socket);
}

function closeSoon(socket: Duplex): void {
  socket.end();
  const timer = setTimeout(() => socket.destroy(), LINGER_MS);
  socket.once('close', () => clearTimeout(timer));
}

function problemOf({ code = '' }: NodeJS.ErrnoException, part: 'request' | 'body') {
  if (code === 'ERR_HTTP_REQUEST_TIMEOUT')
    return new ProblemException(
      'request-timeout',
      'The request did not come in time. Send it without pauses, or send fewer rows.',
    );
  if (code === 'HPE_HEADER_OVERFLOW')
    return new ProblemException(
      'headers-too-large',
      `The ${part === 'body' ? 'trailers' : 'request line and headers'} are larger than 16 KiB. Send fewer or shorter ones.`,
    );
  if (part === 'request')
    return new ProblemException('malformed-request', 'The request is not HTTP/1.1: see RFC 9112.');
  return new ProblemException(
    'invalid-encoding',
    code === 'HPE_INVALID_EOF_STATE'
      ? 'The body ended early: the connection was closed before all of it had come.'
      : 'The body is not in the transfer coding that its headers say: see RFC 9112, section 7.1.',
  );
}
