import type { ServedModel } from './served-model.ts';

/** Why nothing serves what an operator unloaded, or what has lost its folder. */
export const UNLOADED = 'it was unloaded.';

/** What clients are told where a model cannot be loaded: the reason may name files of this machine. */
export const UNLOADABLE = 'it cannot be loaded; the log says why.';

/** The place of one version of a model: what serves it at this moment, or why nothing does. */
export class Slot {
  readonly name: string;
  #version: string;
  #served: ServedModel | undefined;
  #since: Date;
  /** Why nothing serves it, or what would replace it was refused, as clients may be told; undefined where all is well. */
  reason: string | undefined;
  /** How often it was replaced, and how often that was refused. */
  replaced = 0;
  refused = 0;

  /** @param served undefined where it could not be loaded */
  constructor(name: string, version: string, served: ServedModel | undefined, reason?: string) {
    this.name = name;
    this.#version = version;
    this.#served = served;
    this.#since = new Date();
    this.reason = reason;
  }

  /** Empty where it is not known, since the model has never been loaded. */
  get version(): string {
    return this.#version;
  }

  get served(): ServedModel | undefined {
    return this.#served;
  }

  /** When it took the calls. */
  get since(): Date {
    return this.#since;
  }

  /** Gives no more calls to anything. @returns what served it, which still has the calls that it took */
  clear(reason: string): ServedModel | undefined {
    const before = this.#served;
    this.#served = undefined;
    this.reason = reason;
    return before;
  }

  /** Gives the calls from now on to another model. @returns the one before, which still has the calls that it took */
  replace(next: ServedModel): ServedModel | undefined {
    const before = this.#served;
    this.#served = next;
    this.#version = next.model.version;
    this.#since = new Date();
    this.reason = undefined;
    this.replaced++;
    return before;
  }
}
