// The challenger in the champion's shadow: it gets a sample of the calls after they were answered, by whatever protocol they
// came, and what it predicts is compared. Whatever it does, fail, hang or flood, the champion's callers do not notice: nothing waits for
// it, and how many requests it gets, at once and a second, is bounded.

import { type Agreement, compare, type Predictions } from '../../model/agreement.ts';
import { inputsOfRow, inputsToJson } from '../../model/inputs.ts';
import { type Prediction, type Result, toPrediction } from '../../model/prediction.ts';
import type { Call, CallObserver, Metadata } from '../../serving/call.ts';
import type { JsonValue } from '../../tensor/to-json.ts';
import { limiter, type Tally } from '../../util/rate-limit.ts';
import { TimeBudget } from '../../util/time-budget.ts';
import { createChallenger } from './challenger.ts';
import { Disagreements, type ShadowReport } from './report.ts';
import { type ChallengerResponse, SHADOWED } from './request.ts';

export interface ShadowOptions {
  /** The name of the model whose calls are shadowed, and its version. */
  readonly model: string;
  readonly champion: string;
  readonly challenger: { readonly version: string; readonly url: string };
  readonly tallies: ShadowTallies;
  /** Share of the requests, and most a second. */
  readonly share: number;
  readonly perSecond: number;
  readonly maxInFlight: number;
  readonly timeoutMs: number;
  readonly tolerance: number;
  /** Disagreements that are kept with their inputs, at most; see KEPT_BYTES, too. */
  readonly keep: number;
  /** Told of every request that was sampled. */
  readonly onCompared: (compared: Compared) => void;
}

/** Where the threads of a process count what is limited. */
export interface ShadowTallies {
  /** Requests that the sample took. */
  readonly sampled: Tally;
  /** Requests in flight, at its only place. */
  readonly inFlight: Int32Array;
}

/** What became of one shadowed request. */
export interface Compared {
  readonly outcome: Outcome;
  readonly agreement?: Agreement;
  /** Challenger's time of queue and run minus the champion's, in seconds. */
  readonly latencyDifference?: number;
}

export const OUTCOMES = ['agreed', 'disagreed', 'failed', 'timed_out', 'dropped'] as const;
export type Outcome = (typeof OUTCOMES)[number];

/** A subscriber that shadows a sample of the calls. */
export interface Shadow extends Pick<CallObserver, 'accepted' | 'succeeded' | 'failed'> {
  report(): ShadowReport;
  /** Forgets the requests in flight. */
  close(): void;
}

/** What is on its way to the challenger may be this large as JSON, in characters. */
const MAX_IN_FLIGHT_BYTES = 16 * 1024 * 1024;

/**
 * The share of the main thread's time that shadowing may take, and what may be saved up of it, in milliseconds. A hundred small calls a
 * second take 1 %; to write one of a megabyte takes a tenth of a second.
 */
const TIME_SHARE = 0.05;
const TIME_SAVED_MS = 1000;

export function createShadow(options: ShadowOptions): Shadow {
  const { champion, challenger, share, tallies, maxInFlight, tolerance, keep, onCompared } =
    options;
  const admit = limiter(options.perSecond, tallies.sampled);
  const connection = createChallenger(challenger.url, options.timeoutMs);
  const requests = { agreed: 0, disagreed: 0, failed: 0, timed_out: 0, dropped: 0 };
  const rows = { agreed: 0, disagreed: 0 };
  const kept = new Disagreements(keep);
  let firstFailure: string | undefined;
  /** The inputs of the calls that the sample took, as long as they are under way. */
  const sampled = new Map<Call, unknown>();
  const budget = new TimeBudget(TIME_SHARE, TIME_SAVED_MS);
  /** Of this thread. */
  let inFlight = 0;
  let bytesInFlight = 0;

  const enter = (): boolean => {
    const isOne = Atomics.add(tallies.inFlight, 0, 1) < maxInFlight;
    if (isOne) inFlight++;
    else Atomics.sub(tallies.inFlight, 0, 1);
    return isOne;
  };
  const leave = (requests: number): void => {
    Atomics.sub(tallies.inFlight, 0, requests);
    inFlight -= requests;
  };

  const tell = (compared: Compared) => {
    requests[compared.outcome]++;
    onCompared(compared);
  };

  /** @returns undefined where JSON cannot carry what the champion predicts */
  const write = (inputs: unknown, result: Result) => {
    try {
      const mine = toPrediction(result, { probabilities: true });
      const more = mine.probabilities !== undefined && { probabilities: true };
      return { mine, body: JSON.stringify({ inputs, ...more }) };
    } catch {
      return undefined;
    }
  };

  const shadow = async (call: Call, inputs: unknown, result: Result) => {
    const written = budget.spend(() => write(inputs, result));
    if (written === undefined || bytesInFlight + written.body.length > MAX_IN_FLIGHT_BYTES)
      return tell({ outcome: 'dropped' });
    const { mine, body } = written;
    bytesInFlight += body.length;
    const theirs = await connection
      .request({
        requestId: call.id,
        body,
        credentials: credentialsIn(call.metadata),
        rows: mine.prediction.length,
      })
      .finally(() => {
        bytesInFlight -= body.length;
      });
    budget.spend(() => judge(call, inputs, result, mine, theirs));
  };

  const judge = (
    call: Call,
    inputs: unknown,
    result: Result,
    mine: Prediction,
    theirs: ChallengerResponse,
  ) => {
    if (theirs.kind !== 'predicted') {
      firstFailure ??= theirs.why;
      return tell({ outcome: theirs.kind });
    }
    const agreement = compare(mine, theirs, tolerance);
    rows.disagreed += agreement.different.length;
    rows.agreed += agreement.rows - agreement.different.length;
    // Of a request with more than can be kept, the last: they would displace the others.
    for (const row of keep === 0 ? [] : agreement.different.slice(-keep))
      kept.add({
        at: new Date().toISOString(),
        requestId: call.id,
        inputs: inputsOfRow(result.model, inputs, row),
        champion: predictionOfRow(row, mine),
        challenger: predictionOfRow(row, theirs),
      });
    tell({
      outcome: agreement.different.length === 0 ? 'agreed' : 'disagreed',
      agreement,
      ...(theirs.milliseconds !== undefined && {
        latencyDifference: (theirs.milliseconds - timeOf(call)) / 1000,
      }),
    });
  };

  return {
    accepted({ call, model, work, inputs }) {
      if (model.name !== options.model || model.version !== champion) return;
      if (call.metadata[SHADOWED] !== undefined) return;
      if (share < 1 && Math.random() >= share) return;
      if (admit() === undefined) return;
      if (budget.isSpent) return tell({ outcome: 'dropped' });
      try {
        sampled.set(call, inputs ?? budget.spend(() => inputsToJson(model, work.feeds)));
      } catch {
        tell({ outcome: 'dropped' }); // infinite or no numbers, which JSON cannot carry
      }
    },
    failed({ call }) {
      sampled.delete(call);
    },
    succeeded({ call }, result) {
      if (!sampled.has(call)) return;
      const inputs = sampled.get(call);
      sampled.delete(call);
      if (!enter()) return tell({ outcome: 'dropped' });
      // After the response is on its way, and after the requests that came meanwhile.
      setImmediate(() =>
        shadow(call, inputs, result)
          .catch((error: unknown) => {
            firstFailure ??= error instanceof Error ? error.message : String(error);
            tell({ outcome: 'failed' });
          })
          .finally(() => leave(1)),
      );
    },
    report() {
      return {
        champion,
        challenger: challenger.version,
        requests,
        rows,
        firstFailure,
        keeps: keep,
        disagreements: kept.newestFirst(),
      };
    },
    close() {
      connection.close();
      leave(inFlight); // they get no response
    },
  };
}

/** Milliseconds that a call waited and ran. */
function timeOf({ queueMs = 0, inferenceMs = 0 }: Call): number {
  return queueMs + inferenceMs;
}

/** The headers that carry the caller's key: the challenger, of the same release, needs it too. */
function credentialsIn(metadata: Metadata): Record<string, string> {
  const { 'x-api-key': own, authorization } = metadata;
  return {
    ...(typeof own === 'string' && { 'X-API-Key': own }),
    ...(typeof authorization === 'string' && { Authorization: authorization }),
  };
}

function predictionOfRow(row: number, { prediction, probabilities }: Predictions) {
  const ofRow = Array.isArray(probabilities) ? probabilities[row] : undefined;
  return {
    prediction: written(prediction[row] ?? []),
    ...(ofRow !== undefined && { probabilities: ofRow }),
  };
}

/** A value of a prediction as JSON.stringify writes it, with all digits. */
function written(value: JsonValue | bigint): JsonValue {
  if (typeof value === 'bigint') return JSON.rawJSON(String(value));
  return Array.isArray(value) ? value.map(written) : value;
}
