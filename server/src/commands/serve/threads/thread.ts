// A thread that serves requests, as the parts of its predictor see it. Each has a predictor of its own, with sessions, queues and
// counts; what is asked about all of the process, they ask each other.
import type { CountedMetrics } from '../../../observe/metrics.ts';
import type { ModelStatistics, VersionOfModel } from '../../../observe/statistics.ts';
import type { State } from '../../../serving/lifecycle.ts';
import type { ShadowReport } from '../../../traffic/shadow/report.ts';
import { CallError } from '../../../util/call-error.ts';
import type { ProcessState } from './state.ts';

/** What a thread tells of its own predictor, or does to it. */
export interface Own {
  metrics(): Promise<CountedMetrics>;
  statistics(models: readonly VersionOfModel[]): readonly ModelStatistics[];
  /** Undefined where no version is shadowed. */
  disagreements(): ShadowReport | undefined;
  state(): State;
}

export type Told<Name extends keyof Own> = Awaited<ReturnType<Own[Name]>>;

/** Asks one thread. */
export type Ask = <Name extends keyof Own>(
  name: Name,
  ...args: Parameters<Own[Name]>
) => Promise<Told<Name>>;

/**
 * Asks every thread of the process.
 * @returns what each says, the main thread first; of one that stands still, what it said last
 * @throws SilentError where the main thread stands still
 */
export type AskAll = <Name extends keyof Own>(
  name: Name,
  ...args: Parameters<Own[Name]>
) => Promise<readonly Told<Name>[]>;

/** The main thread, which knows what the others say, stands still. */
export class SilentError extends CallError {
  override readonly name = 'SilentError';
  override readonly code = 'unavailable';

  constructor() {
    super(
      'The main thread, which collects what all serving threads report, does not respond. Try again; if it stays silent for half a minute, the liveness probe fails.',
    );
  }
}

export interface ServingThread {
  readonly state: ProcessState;
  /** Which of the threads it is: the main thread is 1. */
  readonly number: number;
  /** Whether it is the one that was there first. */
  readonly isMain: boolean;
  /** Whether others may listen where it does. */
  readonly sharesPorts: boolean;
  /** The fingerprint of what it is to serve; undefined where it is the first. */
  readonly expected: string | undefined;
  readonly all: AskAll;
  /** Says from now on what it is asked for. */
  answerWith(own: Own): void;
}

/** Answers for a thread. @param own undefined before it serves */
export async function answer<Name extends keyof Own>(
  own: Own | undefined,
  name: Name,
  args: Parameters<Own[Name]>,
): Promise<Told<Name>> {
  if (own === undefined) throw new Error('the thread serves nothing yet');
  return Reflect.apply(own[name], own, args);
}
