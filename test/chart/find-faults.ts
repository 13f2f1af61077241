// Looks for faults of the chart in many renderings of drawn values: `node test/chart/find-faults.ts [COUNT [SEED]]`.
import fc from 'fast-check';
import { type Admitter, type Rendering, startAdmitter } from './admit.ts';
import { cases } from './cases.ts';
import { faultsOf } from './faults.ts';

/** A kind of fault, with the smallest values that were found to show it. */
export type Finding = {
  readonly fault: string;
  readonly seen: number;
  readonly smallest: Rendering;
};
export type Search = {
  readonly seed: number;
  readonly accepted: number;
  readonly refused: number;
  readonly findings: readonly Finding[];
};

/** Renderings that wait for the process at a time, which bounds the memory that they take. */
const AT_ONCE = 64;
/** Kinds of fault that are shrunk, and the renderings that each may take. */
const SHRUNK = 10;
const SHRINKS = 300;

/** Renders `count` cases; those of a seed are always the same. */
export async function findFaults(count: number, seed = Date.now() & 0x7fffffff): Promise<Search> {
  const admitter = startAdmitter();
  try {
    const drawn = await draw(count, seed);
    let refused = 0;
    const kinds = new Map<string, { fault: string; seen: number; index: number }>();
    for (let start = 0; start < count; start += AT_ONCE) {
      const batch = drawn.slice(start, start + AT_ONCE).map(async (rendering, i) => {
        const admission = await admitter.admit(rendering);
        if ('refused' in admission) refused++;
        for (const fault of faultsOf(rendering, admission)) {
          const kind = kindOf(fault);
          const seen = kinds.get(kind);
          if (seen === undefined) kinds.set(kind, { fault, seen: 1, index: start + i });
          else seen.seen++;
        }
      });
      await Promise.all(batch);
    }
    const findings: Finding[] = [];
    for (const [kind, { fault, seen, index }] of [...kinds].slice(0, SHRUNK))
      findings.push({ ...(await shrink(admitter, kind, seed, index)), fault, seen });
    return { seed, accepted: count - refused, refused, findings };
  } finally {
    await admitter.close();
  }
}

/** All cases first, since fast-check would wait for each before it draws the next. */
async function draw(count: number, seed: number): Promise<Rendering[]> {
  const drawn: Rendering[] = [];
  const keep = fc.asyncProperty(cases, async (rendering) => void drawn.push(rendering));
  await fc.check(keep, { seed, numRuns: count });
  return drawn;
}

/** The fault without what the values put into it. */
function kindOf(fault: string): string {
  return fault
    .replaceAll(/"(?:[^"\\]|\\.)*"|'[^']*'/gs, '…')
    .replaceAll(/\[[^\]]*\]|\d+|[^ ]*\/[^ ]*/g, '…')
    .slice(0, 160);
}

function property(admitter: Admitter, wrong: (kind: string) => boolean) {
  return fc.asyncProperty(cases, async (rendering) => {
    const faults = faultsOf(rendering, await admitter.admit(rendering));
    const fault = faults.find((fault) => wrong(kindOf(fault)));
    if (fault !== undefined) throw new Error(fault);
  });
}

async function shrink(admitter: Admitter, kind: string, seed: number, index: number) {
  let tried = 0;
  const details = await fc.check(
    property(admitter, (other) => other === kind && tried++ < SHRINKS),
    { seed, path: String(index), numRuns: 1 },
  );
  const smallest = details.counterexample?.[0];
  if (smallest === undefined)
    throw new Error(`A fault of run ${index} does not come back: ${kind}`);
  return { smallest };
}

/** The search for a person to read. */
export function report({ seed, accepted, refused, findings }: Search): string {
  const found = findings.map(
    ({ fault, seen, smallest }) =>
      `\n${seen} × ${fault.slice(0, 1500)}\n  by ${JSON.stringify(smallest)}`,
  );
  return [
    `seed ${seed}: ${accepted} rendered, ${refused} refused by name, ${findings.length} kinds of fault`,
    ...found,
  ].join('\n');
}

if (import.meta.main) {
  const [count = 10_000, seed] = process.argv.slice(2).map(Number);
  const search = await findFaults(count, seed);
  console.log(report(search));
  process.exitCode = search.findings.length === 0 ? 0 : 1;
}
