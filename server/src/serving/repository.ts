// Models that are loaded and unloaded while the process serves others.
import { quote } from '../util/quote.ts';
import { Turns } from '../util/turns.ts';
import { NotFoundError, NotServedError, RefusedError } from './errors.ts';
import type { ModelPlace } from './load/models-dir.ts';
import type { Registry } from './registry.ts';
import type { Reload } from './reload/reload.ts';
import { watch } from './reload/watch.ts';
import type { Slot } from './slot.ts';

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
export async function closeAll(hosted: Iterable<Hosted>): Promise<void> {
  for (const { slot, reload } of hosted) {
    await reload.close();
    await slot.clear('the server stops.')?.close();
  }
}

type Named = Pick<ModelPlace, 'name' | 'directory'>;

function directoriesOf(places: readonly Named[]): string {
  return places
    .map(({ directory }) => directory)
    .sort()
    .join('\n');
}

export class Repository {
  readonly #options: RepositoryOptions;
  readonly #hosted: Map<string, Hosted>;
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
    const { models, places, open } = this.#options;
    const found = await places();
    const wanted = found.filter((place) => place.name === name);
    if (wanted.length === 0)
      throw new NotFoundError(`There is no model in the folder ${quote(name)} of MODELS_DIR.`);
    const directories = wanted.map(({ directory }) => directory);
    for (const { directory, reload } of this.#of(name))
      if (!directories.includes(directory)) await reload.unload();
    for (const place of wanted) {
      const known = this.#hosted.get(place.directory);
      if (known !== undefined) {
        await known.reload.check();
        continue;
      }
      const next = await open(place, found);
      this.#hosted.set(place.directory, next);
      models.add(next.slot);
    }
    const reasons = this.#of(name)
      .filter(({ directory, slot }) => directories.includes(directory) && slot.reason !== undefined)
      .map(({ slot }) => slot.reason);
    if (reasons.length > 0)
      throw new NotServedError(
        `What the folder ${quote(name)} holds is not served: ${reasons.join(' ')}`,
      );
  }

  async #unload(name: string): Promise<void> {
    const { mainName } = this.#options.models;
    const hosted = this.#of(name);
    if (hosted.length === 0) throw new NotFoundError(`There is no model ${quote(name)} here.`);
    if (name === mainName)
      throw new RefusedError(
        `The model ${quote(name)} is not unloaded: /predict serves it. Start the server with another DEFAULT_MODEL first.`,
      );
    for (const { reload } of hosted) await reload.unload();
  }

  /** Serves what comes, and no longer what goes: whole folders; what changes in one is its reload's. */
  async #watch(everyMs: number): Promise<void> {
    let known: readonly Named[] = [...this.#hosted.values()].map(
      ({ slot: { name }, directory }) => ({ name, directory }),
    );
    const { places, models } = this.#options;
    // What cannot be read is as it was: the reload of each model tells of it.
    const placesNow = () => places().catch(() => known);
    const look = async () => directoriesOf(await placesNow());
    const follow = async () => {
      const found = await placesNow();
      const names = new Set([...known, ...found].map(({ name }) => name));
      for (const name of names) {
        const isName = (place: Named) => place.name === name;
        if (name === undefined) continue;
        if (directoriesOf(known.filter(isName)) === directoriesOf(found.filter(isName))) continue;
        // What cannot be served has told of it, and is tried again when its files change.
        if (found.some(isName)) await this.#load(name).catch(() => {});
        else if (name !== models.mainName) await this.#unload(name).catch(() => {});
      }
      known = found;
      return true;
    };
    const { signal } = this.#stop;
    await watch(directoriesOf(known), look, everyMs, () => this.#turns.take(follow), signal);
  }

  #of(name: string): Hosted[] {
    return [...this.#hosted.values()].filter(({ slot }) => slot.name === name);
  }
}
