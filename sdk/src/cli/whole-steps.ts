// A signal must not end the command in the middle of a step: half of what it writes would stay behind.

const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;

let listens = false;

/**
 * From now on, a signal ends the process only once what it is doing synchronously is done.
 * That is for good: a signal that has come in the meantime would be lost if nobody listened any more.
 */
export function endBetweenSteps(): void {
  if (!listens) for (const signal of SIGNALS) process.on(signal, end);
  listens = true;
}

/** Ends the process as the signal would have. */
function end(signal: NodeJS.Signals): void {
  for (const one of SIGNALS) process.off(one, end);
  process.kill(process.pid, signal);
}
