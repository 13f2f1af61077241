// `npm run e2e -- [--all | --slow NAME …] [--keep] [-t NAME] [FILE …]`: the suites on a real cluster, those of the named files or all.
//
// --all        Also the slow suites (*.slow.ts), most of which build or install others' servers first: KEDA, Prometheus, MLServer, llama.cpp.
// --slow NAME  Also this one of them.
// --keep       Leaves the cluster up; without it, a cluster that this run brought up is removed.
// -t NAME      Only the tests whose names match.
import { spawn } from 'node:child_process';
import { readdirSync } from 'node:fs';
import path from 'node:path';
import { parseArgs } from 'node:util';

const { values, positionals } = commandLine();

const config = path.join(import.meta.dirname, 'vitest.config.ts');
const pattern = values.testNamePattern === undefined ? [] : ['-t', values.testNamePattern];
const vitest = spawn('vitest', ['run', '--config', config, ...pattern, ...positionals], {
  stdio: 'inherit',
  env: {
    ...process.env,
    E2E_SLOW: values.all ? '*' : (values.slow ?? []).join(),
    E2E_KEEP: values.keep ? '1' : '0',
  },
});
// Ctrl-C reaches vitest by the terminal; it then removes the cluster, and this waits for it.
process.on('SIGINT', () => {});
process.on('SIGTERM', () => vitest.kill('SIGTERM'));
vitest.on('exit', (status) => {
  process.exitCode = status ?? 1;
});

function commandLine() {
  try {
    const parsed = parseArgs({
      options: {
        all: { type: 'boolean' },
        slow: { type: 'string', multiple: true },
        keep: { type: 'boolean' },
        testNamePattern: { type: 'string', short: 't' },
      },
      allowPositionals: true,
    });
    const there = readdirSync(import.meta.dirname)
      .filter((file) => file.endsWith('.slow.ts'))
      .map((file) => path.basename(file, '.slow.ts'));
    const unknown = parsed.values.slow?.find((name) => !there.includes(name));
    if (unknown !== undefined)
      throw new Error(`--slow: there is no slow suite "${unknown}"; expected ${there.join(', ')}.`);
    return parsed;
  } catch (error) {
    process.stderr.write(
      `${error instanceof Error ? error.message : error}\nUsage: npm run e2e -- [--all | --slow NAME …] [--keep] [-t NAME] [FILE …]\n`,
    );
    process.exit(2);
  }
}
