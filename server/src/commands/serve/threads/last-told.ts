// What another thread tells of itself, without waiting for one that stands still: what it told last goes on to count, so that no counter
// of the process falls, which Prometheus would take for a restart.
import { endsWithin } from '../../../util/ends-within.ts';
import type { Ask, Own, Told } from './thread.ts';

/** How long a thread may take to tell, in milliseconds: many times what it takes, and a fraction of what those who ask wait. */
export const TELL_WITHIN_MS = 1000;

export class LastTold {
  readonly #ask: Ask;
  /** By what was asked. */
  readonly #told: { readonly [Name in keyof Own]: Map<string, Told<Name>> } = {
    metrics: new Map(),
    statistics: new Map(),
    disagreements: new Map(),
    state: new Map(),
  };
  /** What it has not told in time. */
  #overdue: Promise<void> | undefined;

  /** @param ask asks the thread */
  constructor(ask: Ask) {
    this.#ask = ask;
  }

  /** Whether it stands still. Nothing more is asked of it until it has told what it was asked for. */
  get isSilent(): boolean {
    return this.#overdue !== undefined;
  }

  /** @returns what it tells, or has told last; nothing where it never has */
  async of<Name extends keyof Own>(
    name: Name,
    ...args: Parameters<Own[Name]>
  ): Promise<readonly Told<Name>[]> {
    const told: Map<string, Told<Name>> = this.#told[name];
    const key = JSON.stringify(args);
    if (!this.isSilent) {
      const asked = this.#ask(name, ...args).then((now) => void told.set(key, now));
      if (!(await endsWithin(asked, TELL_WITHIN_MS))) this.#await(asked);
    }
    return [...told].filter(([known]) => known === key).map(([, last]) => last);
  }

  #await(asked: Promise<void>): void {
    this.#overdue = asked;
    const end = () => {
      if (this.#overdue === asked) this.#overdue = undefined;
    };
    asked.then(end, end);
  }
}
