import type { Model } from '../model/model.ts';
import type { Call } from '../serving/call.ts';

/** One request and its response, in whatever protocol, as the log and the metrics tell of it once it has ended. */
export interface Exchange {
  readonly id: string;
  /** The trace that the request belongs to, where the client said so. */
  readonly traceId: string | undefined;
  readonly method: string;
  /** What was asked for: one of a bounded set, unlike the paths that clients send. */
  readonly route: string;
  /** Whether it is one of those that come every few seconds for ever. */
  readonly isProbe: boolean;
  /** As HTTP has it. */
  readonly status: number;
  readonly durationMs: number;
  /** The model that it is about, where it is about one. */
  readonly model: Model | undefined;
  /** What it asked of a model, where it did. */
  readonly call: Call | undefined;
  /** The version that it was passed on to, and that counts it as its own. */
  readonly forwardedTo: string | undefined;
  /** Why it failed; whether its cause is a fault of the server, whose message may quote anything. */
  readonly problem:
    | { readonly kind: string; readonly cause?: unknown; readonly isFault: boolean }
    | undefined;
}
