// A server under soak, in a process of its own: what it says is searched, what it holds is sampled.
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { canariesIn } from './canary.ts';
import type { Sample } from './growth.ts';

const root = path.resolve(import.meta.dirname, '../../..');

/** What is sampled, its unit, and by how much it may grow: more than caches settle by, less than what leaks costs. */
export const measures = {
  rss: { unit: 'MB', allowed: 16 },
  heap: { unit: 'MB', allowed: 4 },
  external: { unit: 'MB', allowed: 4 },
  'file descriptors': { unit: '', allowed: 8 },
} as const;
export type Measure = keyof typeof measures;

export interface Served {
  readonly port: number;
  readonly samples: Readonly<Record<Measure, readonly Sample[]>>;
  /** Lines of the log, and metrics, in which a canary was found. */
  readonly leaks: readonly string[];
  readonly logLines: number;
  /** Has the main thread's garbage collected, where the server was started so that it can be. */
  collect(): Promise<void>;
  /** Reads how much the process holds. */
  sample(): Promise<void>;
  /** Forgets the samples. */
  forget(): void;
  /** Sends SIGTERM. @returns the exit code; null after a signal */
  stop(): Promise<number | null>;
}

/**
 * @param env the settings of the server
 * @param cores as taskset takes them
 * @param collectable whether its garbage can be collected from outside
 */
export async function serve(
  port: number,
  env: Readonly<Record<string, string>>,
  cores: string,
  collectable: boolean,
): Promise<Served> {
  const main = path.join(root, 'server/src/main.ts');
  const hook = ['--expose-gc', '--import', path.join(import.meta.dirname, 'collect.mjs')];
  const flags = ['--max-semi-space-size=8', ...(collectable ? hook : [])];
  const child = spawn('taskset', ['-c', cores, process.execPath, ...flags, main, 'serve'], {
    env: { ...process.env, HOST: '127.0.0.1', PORT: String(port), LOG_RATE: '0', ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const leaks: string[] = [];
  let logLines = 0;
  const search = (line: string) => {
    logLines++;
    const found = canariesIn(line);
    if (found.length > 0) leaks.push(`${found.join(', ')} in: ${line.slice(0, 500)}`);
  };
  eachLine(child.stdout, search);
  eachLine(child.stderr, (line) => {
    process.stderr.write(`${line}\n`);
    search(line);
  });
  await ready(child, port);

  const samples = Object.fromEntries(
    Object.keys(measures).map((name) => [name, [] as Sample[]]),
  ) as Record<Measure, Sample[]>;
  const startedAt = performance.now();
  return {
    port,
    samples,
    leaks,
    get logLines() {
      return logLines;
    },
    async collect() {
      child.kill('SIGUSR2');
      await new Promise((resolve) => setTimeout(resolve, 200));
    },
    async sample() {
      const atMs = performance.now() - startedAt;
      const metrics = await (await fetch(`http://127.0.0.1:${port}/metrics`)).text();
      for (const found of canariesIn(metrics)) leaks.push(`${found} in /metrics`);
      const status = readFileSync(`/proc/${child.pid}/status`, 'utf8');
      const values: Record<Measure, number> = {
        rss: Number(/^VmRSS:\s+(\d+)/m.exec(status)?.[1]) / 1024,
        heap: metricOf(metrics, 'nodejs_heap_size_used_bytes') / 1024 ** 2,
        external: metricOf(metrics, 'nodejs_external_memory_bytes') / 1024 ** 2,
        'file descriptors': readdirSync(`/proc/${child.pid}/fd`).length,
      };
      for (const name of Object.keys(values) as Measure[])
        samples[name].push({ atMs, value: values[name] });
    },
    forget() {
      for (const values of Object.values(samples)) values.length = 0;
    },
    async stop() {
      if (child.exitCode !== null || child.signalCode !== null) return child.exitCode;
      child.kill('SIGTERM');
      await once(child, 'close');
      return child.exitCode;
    },
  };
}

async function ready(child: ChildProcess, port: number): Promise<void> {
  for (;;) {
    if (child.exitCode !== null) throw new Error(`the server ended with ${child.exitCode}`);
    try {
      if ((await fetch(`http://127.0.0.1:${port}/readyz`)).ok) return;
    } catch {
      // it does not listen yet
    }
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

function metricOf(text: string, name: string): number {
  const found = new RegExp(`^${name}(?:\\{[^}]*\\})? (\\S+)$`, 'm').exec(text)?.[1];
  if (found === undefined) throw new Error(`/metrics has no ${name}`);
  return Number(found);
}

function eachLine(stream: NodeJS.ReadableStream | null, tell: (line: string) => void): void {
  let rest = '';
  stream?.setEncoding('utf8').on('data', (chunk: string) => {
    const lines = (rest + chunk).split('\n');
    rest = lines.pop() ?? '';
    for (const line of lines) tell(line);
  });
}
