// How many threads serve requests.
import { platform } from 'node:os';
import type { Resources } from '../../../runtime/resources.ts';
import type { Serving } from '../../../serving/load/choose.ts';
import { UsageError } from '../../../util/command-error.ts';

/** Memory that there should be for each thread, in bytes; for small models, each takes a quarter of it. */
const BYTES_PER_THREAD = 256 * 1024 * 1024;

/** Most that may be asked for. */
export const MOST_THREADS = 64;

/** More are started only where that is asked for: someone's own machine may have dozens of CPUs. */
const MOST = 4;

/** Settings, by the names of their environment variables. */
interface ThreadSettings {
  /** 0 where nobody says. */
  readonly SERVING_THREADS: number;
  readonly MODEL_RELOAD_SECONDS: number;
  readonly OPERATOR_KEYS_FILE: string | undefined;
}

/**
 * Models that may change are served by one thread: others would change at other moments, or not at all.
 * @returns how many there may be
 * @throws UsageError where as many as are wanted cannot serve together
 */
export function mostThreads(settings: ThreadSettings, { cpus, memoryBytes }: Resources): number {
  const wanted = settings.SERVING_THREADS;
  const changing = whatChanges(settings);
  if (wanted > 1 && changing !== undefined)
    throw new UsageError(
      `SERVING_THREADS is ${wanted}, and ${changing} is set; expected one of them: models that may change while they are served are served by one thread.`,
    );
  const canShare = platform() === 'linux'; // https://nodejs.org/api/net.html#serverlistenoptions-callback
  if (wanted > 1 && !canShare)
    throw new UsageError(
      `SERVING_THREADS is ${wanted}; expected 1 on ${platform()}, which cannot share connections among threads. Start several servers instead.`,
    );
  if (wanted > 0) return wanted;
  if (changing !== undefined) return 1;
  const most = Math.min(MOST, Math.floor(cpus), Math.floor(memoryBytes / BYTES_PER_THREAD));
  return canShare ? Math.max(1, most) : 1;
}

/** The variable by which models may change while they are served. */
function whatChanges(settings: ThreadSettings): keyof ThreadSettings | undefined {
  if (settings.MODEL_RELOAD_SECONDS > 0) return 'MODEL_RELOAD_SECONDS';
  return settings.OPERATOR_KEYS_FILE === undefined ? undefined : 'OPERATOR_KEYS_FILE';
}

/** Whether reading and writing are most of what models' calls take: heavy ones have worker threads, and fill the CPUs with these. */
export function areLight(
  models: readonly { readonly serving: Pick<Serving, 'engine' | 'providers'> }[],
): boolean {
  return models.every(
    ({ serving: { engine, providers } }) =>
      engine.kind === 'inline' && providers.usable.every((provider) => provider === 'cpu'),
  );
}
