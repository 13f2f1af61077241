// What is undone where somebody stops the command: a half of it must not stay behind.

const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;

const undoings = new Set<() => void>();
let listens = false;

/**
 * Has something undone when a signal ends the process.
 * @param undo must be done at once, since nothing is waited for; told of before there is anything to undo
 * @returns what is called once there is nothing to undo any more
 */
export function undoneWhenStopped(undo: () => void): () => void {
  // For good: a signal that has come while this thread was busy is lost once nobody listens any more.
  if (!listens) for (const signal of SIGNALS) process.on(signal, stop);
  listens = true;
  undoings.add(undo);
  return () => void undoings.delete(undo);
}

/** Ends the process as the signal would have. */
function stop(signal: NodeJS.Signals): void {
  for (const undo of undoings) {
    try {
      undo();
    } catch {
      // The others are undone all the same.
    }
  }
  for (const one of SIGNALS) process.off(one, stop);
  process.kill(process.pid, signal);
}
