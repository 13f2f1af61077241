// Asks the challenger what the champion was asked.
import type { JsonValue } from '../tensor/to-json.ts';
import type { Answered } from './agreement.ts';

/** A request, as the challenger gets it. */
export interface Asked {
  readonly requestId: string;
  readonly inputs: unknown;
  /** The caller's, where one was needed: the challenger needs it, too. */
  readonly credentials: Readonly<Record<string, string>>;
}

/** What came of asking. */
export type Reply =
  | (Answered & { readonly kind: 'answered'; readonly milliseconds: number | undefined })
  | { readonly kind: 'failed' | 'timed_out'; readonly why: string };

interface Challenger {
  ask(asked: Asked, probabilities: boolean): Promise<Reply>;
  close(): void;
}

/** @param url base URL of the challenger */
export function createChallenger(url: string, timeoutMs: number): Challenger {
  const closing = new AbortController();
  return {
    async ask({ requestId, inputs, credentials }, probabilities) {
      const timer = AbortSignal.timeout(timeoutMs);
      try {
        const response = await fetch(`${url}/predict`, {
          method: 'POST',
          redirect: 'error',
          headers: {
            'Content-Type': 'application/json',
            'X-Request-Id': requestId,
            ...credentials,
          },
          body: JSON.stringify({ inputs, ...(probabilities && { probabilities }) }),
          signal: AbortSignal.any([closing.signal, timer]),
        });
        const text = await response.text();
        if (!response.ok) return failed(`${url} answered ${response.status}: ${shorten(text)}`);
        const body: unknown = JSON.parse(text);
        if (!isPrediction(body)) return failed(`${url} gave no prediction: ${shorten(text)}`);
        const milliseconds = serverTime(response.headers.get('Server-Timing'));
        return { kind: 'answered', ...body, milliseconds };
      } catch (error) {
        if (timer.aborted)
          return { kind: 'timed_out', why: `${url} did not answer within ${timeoutMs} ms` };
        return failed(`${url}: ${whyNot(error)}`);
      }
    },
    close: () => closing.abort(),
  };
}

function failed(why: string): Reply {
  return { kind: 'failed', why };
}

function isPrediction(body: unknown): body is { prediction: JsonValue[] } {
  return body instanceof Object && 'prediction' in body && Array.isArray(body.prediction);
}

/** The sum of the times that a Server-Timing header tells, in milliseconds: what of the wait was the server's. */
function serverTime(header: string | null): number | undefined {
  const times = [...(header ?? '').matchAll(/;dur=([\d.]+)/g)].map(([, time]) => Number(time));
  return times.length === 0 ? undefined : times.reduce((sum, time) => sum + time);
}

/** fetch says only "fetch failed"; its cause says why. */
function whyNot(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  return error.cause instanceof Error ? error.cause.message : error.message;
}

function shorten(text: string): string {
  return text.length > 300 ? `${text.slice(0, 299)}…` : text;
}
