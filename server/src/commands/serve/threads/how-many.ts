// How many threads serve requests.
import { platform } from 'node:os';
import type { Resources } from '../../../runtime/resources.ts';
import type { Serving } from '../../../serving/load/choose.ts';
import { CommandError } from '../../../util/command-error.ts';

/** Memory that there should be for each thread, in bytes; for small models, each takes a quarter of it. */
const BYTES_PER_THREAD = 256 * 1024 * 1024;

/** More are started only where that is asked for: someone's own machine may have dozens of CPUs. */
const MOST = 4;

/**
 * @param wanted 0 where nobody says
 * @returns how many there may be
 * @throws CommandError where threads cannot listen at one port
 */
export function mostThreads(wanted: number, { cpus, memoryBytes }: Resources): number {
  const canShare = platform() === 'linux'; // https://nodejs.org/api/net.html#serverlistenoptions-callback
  if (wanted > 1 && !canShare)
    throw new CommandError(
      `SERVING_THREADS is ${wanted}; expected 1 on ${platform()}, which cannot share connections among threads. Start several servers instead.`,
    );
  if (wanted > 0) return wanted;
  const most = Math.min(MOST, Math.floor(cpus), Math.floor(memoryBytes / BYTES_PER_THREAD));
  return canShare ? Math.max(1, most) : 1;
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
