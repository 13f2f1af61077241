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

  /** @param onFault told of what a subscriber threw */
  constructor(onFault: (error: unknown) => void) {
    this.#onFault = onFault;
  }

  /** Tells it from now on of the events that it has a method for. */
  add(subscriber: Partial<Observer>): void {
    this.#subscribers.push(subscriber);
  }

  accepted(...about: Events['accepted']): void {
    this.#tell('accepted', about);
  }

  succeeded(...about: Events['succeeded']): void {
    this.#tell('succeeded', about);
  }

  failed(...about: Events['failed']): void {
    this.#tell('failed', about);
  }

  ran(...about: Events['ran']): void {
    this.#tell('ran', about);
  }

  exchangeEnded(...about: Events['exchangeEnded']): void {
    this.#tell('exchangeEnded', about);
  }

  #tell<Event extends keyof Events>(event: Event, about: Events[Event]): void {
    for (const subscriber of this.#subscribers) {
      try {
        subscriber[event]?.(...about);
      } catch (error) {
        this.#onFault(error);
      }
    }
  }
}
