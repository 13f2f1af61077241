// What the traffic is made of: kinds of exchanges, each with what it sends and what must come back.
import { type Agent, type IncomingHttpHeaders, request } from 'node:http';
import { connect } from 'node:net';

export interface Sent {
  readonly method: 'GET' | 'POST' | 'DELETE';
  readonly path: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: Buffer | string;
  /** Whether the body goes in chunks, without its length ahead. */
  readonly chunked?: boolean;
}

export interface Received {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: Buffer;
}

/** A request that is answered: with this status, or with 503 where the server has too much to do. */
export interface Answered {
  readonly name: string;
  /** How often it comes, beside the others. */
  readonly weight: number;
  readonly status: number;
  send(): Sent;
  /** What is wrong with the response; undefined where nothing is. */
  check?(received: Received, sent: Sent): string | undefined;
  /** Whether the server may cut the connection before it has read the body, so that the client may miss the response. */
  readonly mayBeCut?: boolean;
}

/** A client that goes away: these bytes, a moment, and the end of the connection. */
export interface Abandoned {
  readonly name: string;
  readonly weight: number;
  readonly bytes: Buffer;
  readonly waitMs: number;
  /** How it ends: with RST, or in good form. */
  readonly reset: boolean;
}

export type Kind = Answered | Abandoned;

export function exchange(port: number, agent: Agent, sent: Sent): Promise<Received> {
  const { method, path, headers = {}, body, chunked = false } = sent;
  const length = body === undefined || chunked ? {} : { 'Content-Length': Buffer.byteLength(body) };
  return new Promise((resolve, reject) => {
    const outgoing = request(
      { host: '127.0.0.1', port, agent, method, path, headers: { ...headers, ...length } },
      (response) => {
        const chunks: Buffer[] = [];
        response.on('data', (chunk: Buffer) => chunks.push(chunk));
        response.once('error', reject);
        response.once('end', () =>
          resolve({
            status: response.statusCode ?? 0,
            headers: response.headers,
            body: Buffer.concat(chunks),
          }),
        );
      },
    );
    outgoing.once('error', reject);
    if (chunked && body !== undefined) {
      const bytes = Buffer.from(body);
      outgoing.write(bytes.subarray(0, bytes.length / 2));
      outgoing.end(bytes.subarray(bytes.length / 2));
    } else outgoing.end(body);
  });
}

export function abandon(port: number, { bytes, waitMs, reset }: Abandoned): Promise<void> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1', () => {
      socket.write(bytes, () => {
        setTimeout(() => {
          if (reset) socket.resetAndDestroy();
          else socket.end();
        }, waitMs);
      });
    });
    socket.resume(); // an end in good form is complete when the server has ended, too
    socket.on('error', () => {});
    socket.once('close', () => resolve());
  });
}

export function post(
  path: string,
  body: unknown,
  headers: Readonly<Record<string, string>> = {},
): Sent {
  const content = Buffer.isBuffer(body) || typeof body === 'string' ? body : JSON.stringify(body);
  return {
    method: 'POST',
    path,
    headers: { 'Content-Type': 'application/json', ...headers },
    body: content,
  };
}

/** JSON with binary tensors after it. */
export function postBinary(path: string, json: object, ...tensors: readonly Buffer[]): Sent {
  const head = Buffer.from(JSON.stringify(json));
  return post(path, Buffer.concat([head, ...tensors]), {
    'Content-Type': 'application/octet-stream',
    'Inference-Header-Content-Length': String(head.length),
  });
}

/** The JSON of a binary response, and the bytes after it. */
export function readBinary({ headers, body }: Received) {
  const at = Number(headers['inference-header-content-length']);
  return { json: JSON.parse(body.toString('utf8', 0, at)), bytes: body.subarray(at) };
}

export function rawPost(path: string, length: number, part: string): Buffer {
  return Buffer.from(
    `POST ${path} HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\nContent-Length: ${length}\r\n\r\n${part}`,
  );
}
