// What Node's HTTP parser cannot read, and clients that take too long: answered on the bare connection, which is closed then.
import { STATUS_CODES } from 'node:http';
import type { Duplex } from 'node:stream';

/** Codes of Node's errors: https://nodejs.org/api/http.html#event-clienterror */
const answers: Readonly<Record<string, readonly [status: number, detail: string]>> = {
  ERR_HTTP_REQUEST_TIMEOUT: [408, 'The request did not come in time. Send it whole and at once.'],
  HPE_HEADER_OVERFLOW: [431, 'The headers are larger than 16 KiB. Send fewer or shorter ones.'],
  HPE_CHUNK_EXTENSIONS_OVERFLOW: [413, 'The chunk extensions are larger than 16 KiB.'],
};
const malformed = [400, 'The request is not HTTP/1.1 as RFC 9112 defines it.'] as const;

export function answerBrokenRequest(error: NodeJS.ErrnoException, socket: Duplex): void {
  // Where a response is on its way, another would become a part of it.
  const answering = '_httpMessage' in socket && socket._httpMessage != null;
  if (error.code === 'ECONNRESET' || !socket.writable || answering) return void socket.destroy();
  const [status, detail] = answers[error.code ?? ''] ?? malformed;
  const title = STATUS_CODES[status] ?? '';
  const type = `urn:ml-api:problem:${title.toLowerCase().replaceAll(' ', '-')}`;
  const body = JSON.stringify({ type, title, status, detail, requestId: '' });
  socket.end(
    `HTTP/1.1 ${status} ${title}\r\nContent-Type: application/problem+json\r\nContent-Length: ${Buffer.byteLength(body)}\r\nConnection: close\r\n\r\n${body}`,
  );
}
