// Models that are loaded and unloaded while the process serves others.
import { quote } from '../util/quote.ts';
import { Turns } from '../util/turns.ts';
import { NotFoundError, NotServedError, RefusedError } from './errors.ts';
import type { ModelPlace } from './load/models-dir.ts';
import type { Registry } from './registry.ts';
import { stateOf } from './reload/files.ts';
import type { Reload } from './reload/reload.ts';
import { watch } from './reload/watch.ts';
import { type Slot, UNLOADED } from './slot.ts';

/** A version of a model, where its files are, and what puts others into its place. */
export interface Hosted {
  readonly slot: Slot;
  readonly directory: string;
  readonly reload: Reload;
}

export interface RepositoryOptions {
  readonly models: Registry;
  /** What was loaded at the start. */
  readonly hosted: readonly Hosted[];
  /** Where models are at this moment. */
  places(): Promise<readonly ModelPlace[]>;
  /** Milliseconds between two looks for folders that have come or gone; 0: none. */
  readonly everyMs: number;
  /**
   * Loads what is at a place where nothing was before, or notes in its slot why that cannot be.
   * @param places all that there are
   */
  open(place: ModelPlace, places: readonly ModelPlace[]): Promise<Hosted>;
}

/** Ends what they have under way, and frees them. */
export async function closeAll(
  hosted: Iterable<Hosted>,
  reason = 'the server stops.',
): Promise<void> {
  for (const { slot, reload } of hosted) {
    await reload.close();
    await slot.clear(reason)?.close();
  }
}

type Placed = Pick<ModelPlace, 'directory'>;

function directoriesOf(places: readonly Placed[]): string {
  return places
    .map(({ directory }) => directory)
    .sort()
    .join('\n');
}

export class Repository {
  readonly #options: RepositoryOptions;
  readonly #hosted: Map<string, Hosted>;
  /** Names of what an operator unloaded, and nobody has loaded since. */
  readonly #unloaded = new Set<string>();
  /** One thing at a time happens to the models of the directory. */
  readonly #turns = new Turns();
  readonly #stop = new AbortController();
  #watching: Promise<void> | undefined;

  constructor(options: RepositoryOptions) {
    this.#options = options;
    this.#hosted = new Map(options.hosted.map((one) => [one.directory, one]));
    if (options.everyMs > 0) this.#watching = this.#watch(options.everyMs);
  }

  /**
   * Serves what the folder of a model holds now: versions that it has got, and no longer those that it has lost.
   * @throws NotFoundError where there is no such folder, NotServedError that says what cannot be served
   */
  load(name: string): Promise<void> {
    return this.#turns.take(() => this.#load(name));
  }

  /**
   * Serves none of a model's versions any more, until it is loaded again.
   * @throws NotFoundError where there is no such model, RefusedError where calls need it that name none
   */
  unload(name: string): Promise<void> {
    return this.#turns.take(() => this.#unload(name));
  }

  /** Stops looking at directories, and waits for what is being loaded. */
  async close(): Promise<void> {
    this.#stop.abort();
    await Promise.all([this.#watching, this.#turns.ended()]);
    await closeAll(this.#hosted.values());
  }

  async #load(name: string): Promise<void> {
    const found = await this.#options.places();
    const wanted = found.filter((place) => place.name === name);
    if (wanted.length === 0)
      throw new NotFoundError(`There is no model in the folder ${quote(name)} of MODELS_DIR`);
    this.#unloaded.delete(name);
    for (const { directory } of wanted) await this.#hosted.get(directory)?.reload.check();
    await this.#follow(name, found);
    const reasons = this.#of(name).flatMap(({ slot: { reason } }) => reason ?? []);
    if (reasons.length > 0)
      throw new NotServedError(
        `What the folder ${quote(name)} holds is not served: ${reasons.join(' ')}`,
      );
  }

  async #unload(name: string): Promise<void> {
    const { mainName } = this.#options.models;
    const hosted = this.#of(name);
    if (hosted.length === 0) throw new NotFoundError(`There is no model ${quote(name)} here`);
    if (name === mainName)
      throw new RefusedError(
        `The model ${quote(name)} is not unloaded: /predict serves it. Start the server with another DEFAULT_MODEL first.`,
      );
    this.#unloaded.add(name);
    for (const { reload } of hosted) await reload.unload();
  }

  /**
   * Serves the versions of a model that have come, and then forgets those that have gone: calls always find one. Of the model that
   * /predict serves, what is served goes on until another version can be.
   */
  async #follow(name: string, found: readonly ModelPlace[]): Promise<void> {
    const { models, open } = this.#options;
    const wanted = found.filter((place) => place.name === name);
    for (const place of this.#unloaded.has(name) ? [] : wanted) {
      if (this.#hosted.has(place.directory)) continue;
      const next = await open(place, found);
      this.#hosted.set(place.directory, next);
      models.add(next.slot);
    }
    const isWanted = ({ directory }: Placed) => wanted.some((one) => one.directory === directory);
    const hosted = this.#of(name);
    const isServed = hosted.some((one) => isWanted(one) && one.slot.served !== undefined);
    if (name === models.mainName && !isServed) return;
    const gone = hosted.filter((one) => !isWanted(one));
    for (const { directory, slot } of gone) {
      this.#hosted.delete(directory);
      models.remove(slot);
    }
    await closeAll(gone, UNLOADED);
    if (wanted.length === 0) this.#unloaded.delete(name);
  }

  /** Serves what comes, and no longer what goes: whole folders; what changes in one is its reload's. */
  async #watch(everyMs: number): Promise<void> {
    /** What cannot be read is as it was. */
    const placesNow = () => this.#options.places().catch(() => undefined);
    /** What has come counts once it is quiet, as what changes does. */
    const look = async () => {
      const found = await placesNow();
      if (found === undefined) return directoriesOf([...this.#hosted.values()]);
      const fresh = found.filter(({ directory }) => !this.#hosted.has(directory));
      const states = await Promise.all(fresh.map(({ directory }) => stateOf(directory)));
      return [directoriesOf(found), ...states].join('\n');
    };
    const follow = async () => {
      const found = await placesNow();
      if (found === undefined) return true;
      const known = [...this.#hosted.values()].map(({ slot }) => slot.name);
      for (const name of new Set([...known, ...found.map(({ name }) => name)]))
        if (name !== undefined) await this.#follow(name, found);
      return true;
    };
    const known = directoriesOf([...this.#hosted.values()]);
    const { signal } = this.#stop;
    await watch(known, look, everyMs, () => this.#turns.take(follow), signal);
  }

  #of(name: string): Hosted[] {
    return [...this.#hosted.values()].filter(({ slot }) => slot.name === name);
  }
}
