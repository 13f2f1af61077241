// One request to the challenger, and what came of it.
import type { Predictions } from '../../model/agreement.ts';
import { withoutTrailingSlashes } from '../../net/base-url.ts';
import { reasonOf } from '../../net/connect.ts';
import { type Message, send, textOf } from '../../net/send.ts';
import { shown } from '../../net/shown-url.ts';
import type { JsonReviver, JsonValue } from '../../tensor/to-json.ts';
import { counted } from '../../util/counted.ts';

/** A request, as the challenger gets it. */
export interface ShadowRequest {
  readonly requestId: string;
  /** JSON, as the contract has it. */
  readonly body: string;
  /** The caller's, where one was needed: the challenger needs it, too. */
  readonly credentials: Readonly<Record<string, string>>;
  /** Rows of the inputs: as many predictions must come back. */
  readonly rows: number;
}

/** Marks a request of a shadow, which has none itself: else a shadow that leads back would never end. */
export const SHADOWED = 'ml-shadow';

/** What came of it. */
export type ChallengerResponse =
  | (Predictions & { readonly kind: 'predicted'; readonly milliseconds: number | undefined })
  | Failure;
export interface Failure {
  readonly kind: 'failed' | 'timed_out';
  readonly why: string;
}

/** Bytes of a response that are read at most: a challenger that floods must not fill the champion's memory. */
const MAX_RESPONSE_BYTES = 16 * 1024 * 1024;

/** @param url base URL of the challenger */
export async function request(
  url: string,
  timeoutMs: number,
  { requestId, body, credentials, rows }: ShadowRequest,
): Promise<ChallengerResponse> {
  const name = withoutTrailingSlashes(shown(new URL(url))); // it may hold a password
  const timer = AbortSignal.timeout(timeoutMs);
  try {
    const message: Message = {
      method: 'POST',
      headers: {
        'Content-Type': 'application/json',
        'X-Request-Id': requestId,
        [SHADOWED]: '1',
        ...credentials,
      },
      body: Buffer.from(body),
      signal: timer,
    };
    const reply = await send(new URL(`${url}/predict`), message);
    const text = await textOf(reply, MAX_RESPONSE_BYTES);
    if (text === undefined)
      return failed(
        `${name} answered more than ${MAX_RESPONSE_BYTES} bytes, which is not a prediction`,
      );
    if (reply.statusCode !== 200)
      return failed(`${name} answered ${reply.statusCode}: ${shorten(text)}`);
    const found = JSON.parse(text, withAllDigits);
    if (!isPrediction(found)) return failed(`${name} returned no prediction: ${shorten(text)}`);
    const predictions = found.prediction.length;
    if (predictions !== rows)
      return failed(
        `${name} answered ${counted(predictions, 'prediction')} to ${counted(rows, 'row')}`,
      );
    const milliseconds = serverTime(reply.headers['server-timing']);
    return { kind: 'predicted', ...found, milliseconds };
  } catch (error) {
    if (timer.aborted)
      return { kind: 'timed_out', why: `${name} did not answer within ${timeoutMs} ms` };
    return failed(`${name}: ${reasonOf(error)}`);
  }
}

export function failed(why: string): Failure {
  return { kind: 'failed', why };
}

function isPrediction(body: unknown): body is { prediction: JsonValue[] } {
  return body instanceof Object && 'prediction' in body && Array.isArray(body.prediction);
}

/** Integers that a number cannot hold as bigints, which can be sent to another thread. */
const withAllDigits: JsonReviver = (_key, value, { source }) => {
  const isRounded = typeof value === 'number' && !Number.isSafeInteger(value);
  return isRounded && source !== undefined && /^-?\d+$/.test(source) ? BigInt(source) : value;
};

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
