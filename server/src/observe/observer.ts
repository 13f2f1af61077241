// One place hears of all that happens to calls, and tells everyone who wants to know: metrics, statistics, the log, the shadow.
// Who serves a call does not know them; and what one of them does wrong harms neither the call nor the others.

import type { CallEvents, Listening } from '../serving/call.ts';
import type { Exchange } from './exchange.ts';

export interface Events extends CallEvents {
  /** A response is complete, or its client has gone. */
  exchangeEnded: [exchange: Exchange];
}

export type Observer = Listening<Events>;

export class Observers implements Observer {
  readonly #subscribers: Partial<Observer>[] = [];
  readonly #onFault: (error: unknown) => void;
  readonly accepted = this.#tellerOf('accepted');
  readonly succeeded = this.#tellerOf('succeeded');
  readonly failed = this.#tellerOf('failed');
  readonly ran = this.#tellerOf('ran');
  readonly exchangeEnded = this.#tellerOf('exchangeEnded');

  /** @param onFault told of what a subscriber threw */
  constructor(onFault: (error: unknown) => void) {
    this.#onFault = onFault;
  }

  /** Tells it from now on of the events that it has a method for. */
  add(subscriber: Partial<Observer>): void {
    this.#subscribers.push(subscriber);
  }

  /** @returns what tells of an event whoever wants to know of it */
  #tellerOf<Event extends keyof Events>(event: Event): (...about: Events[Event]) => void {
    return (...about) => {
      for (const subscriber of this.#subscribers) {
        try {
          subscriber[event]?.(...about);
        } catch (error) {
          this.#onFault(error);
        }
      }
    };
  }
}
