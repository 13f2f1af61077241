// Runs the chart's helm-unittest suites: `node test/chart/unittest.ts`. The last line is `N passed, N failed`.
import { runTool } from '../tools/tool.ts';
import { chart } from './chart.ts';

export type Suites = { readonly passed: number; readonly failed: number; readonly report: string };

interface Options {
  /** Whether the first failure ends it. */
  readonly failFast?: boolean;
  /** Names of the suites' files; all of them by default. */
  readonly files?: readonly string[];
}

/** Runs the suites of the chart in a folder. */
export function runSuites(folder = chart, { failFast, files = [] }: Options = {}): Suites {
  const { stdout, stderr } = runTool('helm-unittest', [
    '--strict',
    ...(failFast ? ['--failfast'] : []),
    ...files.flatMap((file) => ['--file', `tests/${file}`]),
    folder,
  ]);
  const report = stdout + stderr;
  const counts = /^Tests:\s+(?:(\d+) failed, )?(?:(\d+) errored, )?(\d+) passed/m.exec(report);
  const suites = /^Test Suites:\s+(?:(\d+) failed, )?/m.exec(report);
  if (counts === null || suites === null)
    throw new Error(`helm-unittest printed no count of its tests:\n${report}`);
  const failed = Number(counts[1] ?? 0);
  // A suite that cannot be read or a template that cannot be rendered fails without a failed test.
  return { passed: Number(counts[3]), failed: Math.max(failed, Number(suites[1] ?? 0)), report };
}

if (import.meta.main) {
  const { passed, failed, report } = runSuites();
  console.log(report.trimEnd());
  console.log(`${passed} passed, ${failed} failed`);
  process.exitCode = failed === 0 ? 0 : 1;
}
