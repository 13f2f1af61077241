// The models of a process, by name and version.
import { quote } from '../util/quote.ts';
import { NotFoundError, NotServedError } from './errors.ts';
import type { ServedModel } from './served-model.ts';
import { type Slot, UNLOADED } from './slot.ts';

/** Models that an error names; there may be hundreds. */
const NAMED = 10;

export class Registry {
  /** Each model's by version, the latest last. */
  readonly #byName = new Map<string, Slot[]>();
  /** All of them, since every response asks whether one has failed. */
  #slots: readonly Slot[] = [];
  readonly #mainName: string;

  /** @param mainName the name of the main model */
  constructor(slots: readonly Slot[], mainName: string) {
    this.#mainName = mainName;
    for (const slot of slots) this.add(slot);
  }

  add(slot: Slot): void {
    const versions = [...(this.#byName.get(slot.name) ?? []), slot];
    versions.sort((one, other) => Number(one.version) - Number(other.version));
    this.#byName.set(slot.name, versions);
    this.#slots = [...this.#byName.values()].flat();
  }

  remove(slot: Slot): void {
    const others = (this.#byName.get(slot.name) ?? []).filter((one) => one !== slot);
    if (others.length > 0) this.#byName.set(slot.name, others);
    else this.#byName.delete(slot.name);
    this.#slots = [...this.#byName.values()].flat();
  }

  get mainName(): string {
    return this.#mainName;
  }

  /** The model of calls that name none. */
  get main(): ServedModel {
    return this.find(undefined, undefined);
  }

  get slots(): readonly Slot[] {
    return this.#slots;
  }

  get served(): readonly ServedModel[] {
    return this.slots.flatMap(({ served }) => served ?? []);
  }

  /**
   * @param name the main model's where it is undefined
   * @param version the latest that is served where it is undefined
   * @throws NotFoundError that says what there is, NotServedError that says why it is not served
   */
  find(name = this.#mainName, version: string | undefined): ServedModel {
    const versions = this.#byName.get(name) ?? [];
    const last = versions.at(-1)?.served; // what nearly every call is about
    if (version === undefined && last !== undefined) return last;
    const slot = slotIn(versions, version);
    if (slot === undefined)
      throw new NotFoundError(
        `There is no model ${quote(name)}${version === undefined || versions.length === 0 ? '' : ` of version ${quote(version)}`} here`,
        `this server has ${this.#all()}`,
      );
    if (slot.served === undefined)
      throw new NotServedError(
        `The model ${quote(name)} is not served: ${slot.reason}${slot.reason === UNLOADED ? ' Whoever runs the server can load it again: POST /v2/repository/models/NAME/load.' : ''}`,
      );
    return slot.served;
  }

  /** What `find` gives; undefined where it throws. */
  servedBy(name = this.#mainName, version: string | undefined): ServedModel | undefined {
    return slotIn(this.#byName.get(name) ?? [], version)?.served;
  }

  slotOf(served: ServedModel): Slot | undefined {
    return this.slots.find((slot) => slot.served === served);
  }

  /** The versions of a model that are served, the latest last. */
  versionsOf(name: string): readonly string[] {
    const versions = this.#byName.get(name) ?? [];
    return versions.filter(({ served }) => served).map(({ version }) => version);
  }

  /** Why a model can no longer do all its work, where one cannot. */
  failure(): string | undefined {
    for (const { served } of this.#slots) {
      const reason = served?.failure();
      if (reason !== undefined) return reason;
    }
    return undefined;
  }

  #all(): string {
    const models = [...this.#byName].map(([name, versions]) => {
      const known = versions.map(({ version }) => version).filter((version) => version !== '');
      const ofVersion = known.length === 0 ? '' : ` of version ${known.map(quote).join(' and ')}`;
      return quote(name) + ofVersion;
    });
    const more = models.length - NAMED;
    return `${models.slice(0, NAMED).join(', ')}${more > 0 ? `, and ${more} more` : ''}`;
  }
}

function slotIn(versions: readonly Slot[], version: string | undefined): Slot | undefined {
  return version === undefined ? latest(versions) : withVersion(versions, version);
}

/** The latest that is served, or the latest there is. */
function latest(versions: readonly Slot[]): Slot | undefined {
  return versions.findLast(({ served }) => served !== undefined) ?? versions.at(-1);
}

function withVersion(versions: readonly Slot[], version: string): Slot | undefined {
  return versions.find((one) => one.version === version);
}
