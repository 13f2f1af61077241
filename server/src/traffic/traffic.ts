// How versions share the traffic at this moment: what is split, what is shadowed, and which versions there are. It may change
// while the process goes on; who uses it reads it anew for each request.
import { isDeepStrictEqual } from 'node:util';
import type { Model } from '../model/model.ts';
import type { AcceptedCall, CallObserver } from '../serving/call.ts';
import { CommandError } from '../util/command-error.ts';
import type { ShadowCounts } from './shadow/metrics.ts';
import {
  createShadow,
  type Shadow,
  type ShadowOptions,
  type ShadowTallies,
} from './shadow/shadow.ts';
import type { VersionShare } from './split.ts';

/** Settings, by the names of their environment variables. */
export interface ShadowSettings {
  /** The version that is shadowed; undefined where none is. */
  readonly SHADOW: ShadowOptions['challenger'] | undefined;
  readonly SHADOW_SHARE: number;
  readonly SHADOW_RATE: number;
  readonly SHADOW_MAX_IN_FLIGHT: number;
  readonly SHADOW_TIMEOUT_MS: number;
  readonly SHADOW_TOLERANCE: number;
  readonly SHADOW_KEEP: number;
}

/** Settings, by the names of their environment variables. */
export interface SplitSettings {
  /** Undefined where no versions share the requests. */
  readonly SPLIT: readonly VersionShare[] | undefined;
  readonly SPLIT_USER_HEADER: string;
  readonly SPLIT_USER_COOKIE: string | undefined;
  readonly SPLIT_PIN_HEADER: string;
  readonly SPLIT_SALT: string;
}

export interface TrafficSettings extends ShadowSettings, SplitSettings {
  /** The versions that the host serves, each below its name. */
  readonly VERSIONS: readonly string[] | undefined;
}

/** A subscriber that shadows the calls that are to be. */
export class Traffic implements Pick<CallObserver, 'accepted' | 'succeeded' | 'failed'> {
  readonly #model: Pick<Model, 'name' | 'version'>;
  readonly #version: string;
  readonly #tallies: ShadowTallies;
  readonly #counts: ShadowCounts;
  #settings: TrafficSettings;
  #shadow: Shadow | undefined;

  /**
   * @param model whose calls are shadowed
   * @param version of the process, among those that share the requests
   * @param tallies where the threads of the process count what is limited
   * @param counts what becomes of the requests that are shadowed
   * @throws CommandError
   */
  constructor(
    settings: TrafficSettings,
    model: Pick<Model, 'name' | 'version'>,
    version: string,
    tallies: ShadowTallies,
    counts: ShadowCounts,
  ) {
    checkSplit(settings, version);
    this.#model = model;
    this.#version = version;
    this.#tallies = tallies;
    this.#counts = counts;
    this.#settings = settings;
    this.#shadow = this.#shadowBy(settings);
  }

  get settings(): TrafficSettings {
    return this.#settings;
  }

  /** What compares another version's predictions; undefined where none is shadowed. */
  get shadow(): Pick<Shadow, 'report'> | undefined {
    return this.#shadow;
  }

  /**
   * Goes on by other settings. A shadow whose settings are the same goes on, too.
   * @throws CommandError when they do not fit the version that is served; then nothing has changed
   */
  change(settings: TrafficSettings): void {
    checkSplit(settings, this.#version);
    if (!isDeepStrictEqual(shadowOf(settings), shadowOf(this.#settings))) {
      const before = this.#settings.SHADOW?.version;
      this.#shadow?.close();
      if (before !== undefined && before !== settings.SHADOW?.version) this.#counts.end(before);
      this.#shadow = this.#shadowBy(settings);
    }
    this.#settings = settings;
  }

  accepted(call: AcceptedCall): void {
    this.#shadow?.accepted(call);
  }

  succeeded(...about: Parameters<CallObserver['succeeded']>): void {
    this.#shadow?.succeeded(...about);
  }

  failed(...about: Parameters<CallObserver['failed']>): void {
    this.#shadow?.failed(...about);
  }

  close(): void {
    this.#shadow?.close();
  }

  #shadowBy(settings: TrafficSettings): Shadow | undefined {
    const { SHADOW: challenger } = settings;
    if (challenger === undefined) return undefined;
    this.#counts.begin(challenger.version);
    const shadow = createShadow({
      model: this.#model.name,
      champion: this.#model.version,
      challenger,
      tallies: this.#tallies,
      share: settings.SHADOW_SHARE,
      perSecond: settings.SHADOW_RATE,
      maxInFlight: settings.SHADOW_MAX_IN_FLIGHT,
      timeoutMs: settings.SHADOW_TIMEOUT_MS,
      tolerance: settings.SHADOW_TOLERANCE,
      keep: settings.SHADOW_KEEP,
      onCompared: (compared) => {
        // What still comes of one that has ended is nobody's any more.
        if (this.#shadow === shadow) this.#counts.count(challenger.version, compared);
      },
    });
    return shadow;
  }
}

function shadowOf(settings: ShadowSettings) {
  return Object.entries(settings).filter(([name]) => name.startsWith('SHADOW'));
}

/** @throws CommandError when SPLIT does not name the server's own version as such */
function checkSplit({ SPLIT }: SplitSettings, version: string): void {
  const own = SPLIT?.find(({ url }) => url === undefined);
  if (own !== undefined && own.version !== version)
    throw new CommandError(
      `SPLIT: ${own.version} has no URL, which says that it is this server, but this server serves ${version}. Give ${own.version} its URL, and ${version} none.`,
    );
}
