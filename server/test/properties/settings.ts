// How long the properties are tried, and from which seed: FAST_CHECK_RUNS and FAST_CHECK_SEED set them, so that a
// longer run tries more and a failure is found again. Without them all machines try the same cases, so that what fails in CI is
// what the change broke.
import fc from 'fast-check';

const seed = Number(process.env['FAST_CHECK_SEED'] ?? 20_261_127);
const wantedRuns = process.env['FAST_CHECK_RUNS'];
/** The most that a run takes, about, in milliseconds: with it a run that hangs fails with its seed. */
const MS_PER_RUN = 10_000;

/** Checks a property; a failure names the seed and the smallest case found. */
export async function check<T>(
  property: fc.IAsyncProperty<T>,
  settings: { readonly runs: number; readonly show: (value: T) => string },
): Promise<void> {
  const runs = runsOf(settings.runs);
  const details = await fc.check(property, {
    seed,
    numRuns: runs,
    interruptAfterTimeLimit: 0.8 * timeoutOf(settings.runs),
    markInterruptAsFailure: true,
  });
  if (!details.failed) return;
  const { counterexample, counterexamplePath, numShrinks, errorInstance } = details;
  const why = errorInstance instanceof Error ? errorInstance.message : String(errorInstance);
  throw new Error(
    `${why}\n\nThe smallest case found (after ${numShrinks} smaller ones):\n${counterexample ? settings.show(counterexample) : 'none: the run was interrupted'}\n\nAgain: FAST_CHECK_SEED=${seed} FAST_CHECK_RUNS=${runs} (path ${counterexamplePath})`,
    { cause: errorInstance },
  );
}

/** The time that a test of a property may take. */
export function timeoutOf(runs: number): number {
  return Math.max(120_000, runsOf(runs) * MS_PER_RUN);
}

function runsOf(runs: number): number {
  return wantedRuns === undefined ? runs : Number(wantedRuns);
}

console.info(`Properties: FAST_CHECK_SEED=${seed}`);
