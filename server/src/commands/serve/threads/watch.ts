// Watches over another thread: probes come to one of the threads, and it is the others that may stand still.
import type { Logger } from 'pino';
import type { ProcessState } from './state.ts';

/**
 * How long a thread may do nothing but one thing, in seconds, until only a restart helps: about as long as a kubelet, by the chart's
 * liveness probe, gives a process.
 */
const PATIENCE_S = 30;

/**
 * @param thread that is watched
 * @param respond asks it for anything
 * @returns what is to be called every second. Its calls are counted, not the time: a process may be frozen.
 */
export function watch(
  thread: number,
  respond: () => Promise<unknown>,
  state: ProcessState,
  log: Logger,
): () => void {
  let silentFor = 0;
  const responded = () => {
    silentFor = 0;
    state.tell(thread, false);
  };
  return () => {
    if (silentFor++ === 0) respond().then(responded, () => {}); // it has ended
    if (silentFor !== PATIENCE_S) return;
    log.error({ thread }, 'a serving thread does not respond');
    state.tell(thread, true);
  };
}
