// One question to the challenger, and what came of it.
import type { IncomingMessage } from 'node:http';
import { withoutTrailingSlashes } from '../../net/base-url.ts';
import { reasonOf } from '../../net/connect.ts';
import { type Message, send } from '../../net/send.ts';
import { shown } from '../../net/shown-url.ts';
import type { JsonValue } from '../../tensor/to-json.ts';
import type { Answered } from './agreement.ts';

/** A request, as the challenger gets it. */
export interface Asked {
  readonly requestId: string;
  readonly inputs: unknown;
  /** The caller's, where one was needed: the challenger needs it, too. */
  readonly credentials: Readonly<Record<string, string>>;
}

/** What the reply must have to be compared with the champion's. */
export interface Wanted {
  readonly rows: number;
  readonly probabilities: boolean;
}

/** What came of asking. */
export type Reply =
  | (Answered & { readonly kind: 'answered'; readonly milliseconds: number | undefined })
  | Unanswered;
export interface Unanswered {
  readonly kind: 'failed' | 'timed_out';
  readonly why: string;
}

/** Bytes of an answer that are read at most: a challenger that floods must not fill the champion's memory. */
const MAX_ANSWER_BYTES = 16 * 1024 * 1024;

/** @param url base URL of the challenger */
export async function ask(
  url: string,
  timeoutMs: number,
  { requestId, inputs, credentials }: Asked,
  { rows, probabilities }: Wanted,
): Promise<Reply> {
  const name = withoutTrailingSlashes(shown(new URL(url))); // it may hold a password
  const timer = AbortSignal.timeout(timeoutMs);
  try {
    const message: Message = {
      method: 'POST',
      headers: { 'Content-Type': 'application/json', 'X-Request-Id': requestId, ...credentials },
      body: Buffer.from(JSON.stringify({ inputs, ...(probabilities && { probabilities }) })),
      signal: timer,
    };
    const answer = await send(new URL(`${url}/predict`), message);
    const text = await textOf(answer);
    if (text === undefined)
      return failed(`${name} answered more than ${MAX_ANSWER_BYTES} bytes, which is no prediction`);
    if (answer.statusCode !== 200)
      return failed(`${name} answered ${answer.statusCode}: ${shorten(text)}`);
    const body: unknown = JSON.parse(text);
    if (!isPrediction(body)) return failed(`${name} gave no prediction: ${shorten(text)}`);
    const predictions = body.prediction.length;
    if (predictions !== rows)
      return failed(`${name} answered ${predictions} predictions to ${rows} rows`);
    const milliseconds = serverTime(answer.headers['server-timing']);
    return { kind: 'answered', ...body, milliseconds };
  } catch (error) {
    if (timer.aborted)
      return { kind: 'timed_out', why: `${name} did not answer within ${timeoutMs} ms` };
    return failed(`${name}: ${reasonOf(error)}`);
  }
}

export function failed(why: string): Unanswered {
  return { kind: 'failed', why };
}

/** @returns undefined when there is too much of it */
async function textOf(answer: IncomingMessage): Promise<string | undefined> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of answer as AsyncIterable<Buffer>) {
    bytes += chunk.length;
    if (bytes > MAX_ANSWER_BYTES) return undefined; // leaving the loop ends the connection
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString();
}

function isPrediction(body: unknown): body is { prediction: JsonValue[] } {
  return body instanceof Object && 'prediction' in body && Array.isArray(body.prediction);
}

/** The sum of the times that a Server-Timing header tells, in milliseconds: what of the wait was the server's. */
function serverTime(header: string | string[] | undefined): number | undefined {
  const times = [...String(header ?? '').matchAll(/;dur=([\d.]+)/g)].map(([, time]) =>
    Number(time),
  );
  return times.length === 0 ? undefined : times.reduce((sum, time) => sum + time);
}

function shorten(text: string): string {
  return text.length > 300 ? `${text.slice(0, 299)}…` : text;
}
