// Bytes on bare connections, as no HTTP library sends them, to a predictor that is a process of its own; and what must hold
// after each: it lives, predicts right, has given back its connections and its memory, and tells nobody what it was sent.
import { once } from 'node:events';
import { readdirSync } from 'node:fs';
import { connect, type Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, expect } from 'vitest';
import { freePort } from '../free-port.ts';
import { collect, spawnProgram } from '../program.ts';

/** Stands in whatever a test sends, and nowhere in the log and the metrics. */
export const CANARY = 'Jane-Doe-4711';
export const BODY = '{"inputs":[5.1,3.5,1.4,0.2]}';
export const RIGHT = '{"prediction":[0]}';

/** The head of a request to predict, without the empty line. */
export const head = (headers = '', target = '/predict', version = '1.1') =>
  `POST ${target} HTTP/${version}\r\nHost: x\r\nContent-Type: application/json\r\n${headers}`;
/** A request that predicts. */
export const whole = (headers = '', target?: string, version?: string) =>
  `${head(`Content-Length: ${BODY.length}\r\n${headers}`, target, version)}\r\n${BODY}`;
export const inChunks = (rest: string, headers = '', target?: string) =>
  `${head(`Transfer-Encoding: chunked\r\n${headers}`, target)}\r\n${rest}`;
export const CLOSE = 'Connection: close\r\n';
export const LAST = whole(CLOSE);

export interface Received {
  readonly status: number;
  /** By their names in lower case. */
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

interface Sending {
  /** Closes the client's side when all is sent. */
  readonly end?: boolean;
}

export interface Predictor {
  readonly url: string;
  readonly pid: number;
  open(): Promise<Socket>;
  /** Sends bytes, and reads the responses until the server closes the connection; fails where it does not. */
  send(bytes: string | Buffer, sending?: Sending): Promise<Received[]>;
  /** Fails unless it predicts right, and has as many descriptors and about as much memory as when it was started. */
  expectUnharmed(): Promise<void>;
  /** Ends it, and fails where it has told anybody what it was sent. */
  stop(): Promise<void>;
}

/** Memory that is in use after garbage collection may grow so much: compiled code, caches. */
const SLACK_BYTES = 8 * 1024 * 1024;
/** Longer than every time that a test sets. */
const CLOSED_WITHIN_MS = 8000;
/** Lets the process collect its garbage when it is told to. */
const COLLECTING = '--expose-gc --import=data:text/javascript,process.on(%22SIGUSR2%22,()=>gc())';

interface Answers {
  /** What it is sent to see whether it answers right. */
  readonly request?: string;
  /** What it has to say. */
  readonly right?: string;
  /** What it is sent at first, so that it has the memory that serving takes. */
  readonly warmUp?: string;
}

/** A predictor for the tests of a file or a `describe`, which is unharmed after each of them. */
export function predictorFor(...args: Parameters<typeof startPredictor>): () => Predictor {
  let predictor: Predictor;
  beforeAll(async () => {
    predictor = await startPredictor(...args);
  });
  afterEach(() => predictor.expectUnharmed());
  afterAll(() => predictor.stop());
  return () => predictor;
}

/** Starts one; whoever starts it stops it. */
export async function startPredictor(
  env: Readonly<Record<string, string>>,
  { request = LAST, right = RIGHT, warmUp = LAST }: Answers = {},
): Promise<Predictor> {
  const port = await freePort();
  const { child, out, err } = spawnProgram(['serve'], {
    PORT: String(port),
    LOG_RATE: '0',
    SERVING_THREADS: '1', // others would open descriptors and take memory after the first has answered, and collect no garbage
    NODE_OPTIONS: COLLECTING,
    ...env,
  });
  const url = `http://127.0.0.1:${port}`;
  const { pid = 0 } = child;

  const open = async () => {
    const socket = connect({ port, host: '127.0.0.1', allowHalfOpen: true, noDelay: true });
    socket.on('error', () => {}); // the server may close at any time
    await once(socket, 'connect');
    return socket;
  };
  const send = async (bytes: string | Buffer, { end = false }: Sending = {}) => {
    const socket = await open();
    const received = collect(socket.setEncoding('latin1'));
    socket.write(bytes);
    if (end) socket.end();
    const closed = await Promise.race([
      new Promise((resolve) => socket.once('end', resolve).once('close', resolve)),
      sleep(CLOSED_WITHIN_MS, 'no'),
    ]);
    socket.destroy();
    if (closed === 'no') throw new Error(`not closed by the server, which sent: ${received.text}`);
    return readResponses(received.text);
  };
  const descriptors = () => readdirSync(`/proc/${pid}/fd`).length;
  const memory = async () => {
    process.kill(pid, 'SIGUSR2');
    const text = await fetch(`${url}/metrics`).then((response) => response.text());
    const used = /^nodejs_(?:heap_size_used|external_memory)_bytes{.*} (.+)$/gm;
    return [...text.matchAll(used)].reduce((sum, [, bytes]) => sum + Number(bytes), 0);
  };
  const isReady = () =>
    fetch(`${url}/readyz`).then(
      ({ ok }) => ok,
      () => false,
    );
  while (child.exitCode === null && !(await isReady())) await sleep(50);
  expect(err.text).toBe('');
  for (let i = 0; i < 10; i++) await send(warmUp);
  const before = { descriptors: descriptors(), memory: await memory() };
  return {
    url,
    pid,
    open,
    send,
    async expectUnharmed() {
      expect(child.exitCode, err.text).toBe(null);
      const [received] = await send(request);
      expect(received).toMatchObject({ status: 200, body: right });
      const options = { timeout: 15_000 };
      await expect.poll(descriptors, options).toBeLessThanOrEqual(before.descriptors + 2);
      await expect.poll(memory, options).toBeLessThan(before.memory + SLACK_BYTES);
    },
    async stop() {
      const metrics = await fetch(`${url}/metrics`).then((response) => response.text());
      child.kill('SIGTERM');
      await once(child, 'close');
      expect(out.text).toContain('"msg":"stopped"');
      expect(out.text).not.toMatch(/unexpected error|could not be|uncaught/);
      expect(`${out.text}${err.text}${metrics}`).not.toContain(CANARY);
      expect({ code: child.exitCode, stderr: err.text }).toEqual({ code: 0, stderr: '' });
    },
  };
}

/** @throws Error where bytes are not whole responses with nothing between and after them */
export function readResponses(text: string): Received[] {
  const responses: Received[] = [];
  let rest = text;
  while (rest !== '') {
    const [start, status = ''] = /^HTTP\/1\.1 (\d{3}) [^\r\n]*\r\n/.exec(rest) ?? [];
    const end = rest.indexOf('\r\n\r\n');
    if (start === undefined || end < 0)
      throw new Error(`expected a response, got ${JSON.stringify(rest.slice(0, 200))}`);
    const lines = rest.slice(start.length, Math.max(end, start.length)).split('\r\n');
    const headers = Object.fromEntries(
      lines.filter(Boolean).map((line) => {
        const [, name = '', value = ''] = /^([^:]+): (.*)$/.exec(line) ?? [];
        return [name.toLowerCase(), value];
      }),
    );
    const length = Number(headers['content-length'] ?? 0);
    const body = rest.slice(end + 4, end + 4 + length);
    if (body.length < length || headers['transfer-encoding'] !== undefined)
      throw new Error(`the response is not whole: ${JSON.stringify(rest.slice(0, 400))}`);
    rest = rest.slice(end + 4 + length);
    if (!status.startsWith('1')) responses.push({ status: Number(status), headers, body });
  }
  return responses;
}

export const statuses = (responses: readonly Received[]) => responses.map(({ status }) => status);

/** Fails unless a response is an error in the documented form: RFC 9457's, or `{"error"}` below /v2. */
export function expectProblem(response: Received | undefined, status: number): void {
  expect(response?.status).toBe(status);
  const { headers = {}, body = '' } = response ?? {};
  const content: unknown = JSON.parse(body);
  if (headers['content-type'] === 'application/json')
    expect(content).toEqual({ error: expect.stringMatching(/\.$/) });
  else {
    expect(headers['content-type']).toMatch(/^application\/problem\+json(; charset=utf-8)?$/);
    expect(content).toMatchObject({
      type: expect.stringMatching(/^urn:ml-api:problem:[a-z-]+$/),
      title: expect.stringMatching(/./),
      status,
      detail: expect.stringMatching(/\.$/),
      requestId: expect.any(String),
    });
  }
}

/** How many connections a predictor has refused, by reason. */
export async function refusals({ url }: Predictor): Promise<Record<string, number>> {
  const text = await fetch(`${url}/metrics`).then((response) => response.text());
  const series = /^ml_api_connections_refused_total{.*reason="([^"]+)".*} (.+)$/gm;
  return Object.fromEntries(
    [...text.matchAll(series)].map(([, reason = '', count]) => [reason, Number(count)]),
  );
}
