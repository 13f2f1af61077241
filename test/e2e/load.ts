// Requests at a constant rate from outside the cluster, by vegeta: every one is counted, answered or not.
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { toolPath } from '../tools/tool.ts';

/** Longer than any test: a load that nobody stops ends by itself. */
const longest = '5m';

export type LoadOptions = {
  readonly url: string;
  /** The Host header; default: the URL's. */
  readonly host?: string;
  /** Requests a second, whether or not the earlier ones are answered. */
  readonly rate: number;
  /** The inputs of each prediction. */
  readonly inputs?: unknown;
};

/** One request: when it was sent (milliseconds since the epoch), how it ended (0: no answer), and how long that took. */
export type Sample = {
  readonly at: number;
  readonly status: number;
  readonly milliseconds: number;
  /** What went wrong; empty for a 200. */
  readonly error: string;
  /** The body of a response that is not a 200. */
  readonly body?: string;
};

export type LoadResult = {
  readonly sent: number;
  /** Requests without a 200. */
  readonly failed: number;
  /** How often each status came; "0": no answer. */
  readonly statuses: Readonly<Record<string, number>>;
  /** What went wrong, each once, each with the body of the first such response. */
  readonly errors: readonly string[];
  /** Milliseconds. */
  readonly latency: { readonly p50: number; readonly p99: number; readonly max: number };
  readonly samples: readonly Sample[];
  readonly failures: readonly Sample[];
};

/** A load that has begun. Stop it, or it goes on. */
export class Load {
  private readonly folder: string;
  private readonly attack: ChildProcess;

  constructor({ url, host, rate, inputs = [5.1, 3.5, 1.4, 0.2] }: LoadOptions) {
    this.folder = mkdtempSync(path.join(os.tmpdir(), 'load-'));
    writeFileSync(this.file('body.json'), JSON.stringify({ inputs }));
    const target = [
      `POST ${url}`,
      ...(host === undefined ? [] : [`Host: ${host}`]),
      'Content-Type: application/json',
      `@${this.file('body.json')}`,
    ];
    writeFileSync(this.file('target'), `${target.join('\n')}\n`);
    const connections = ['-keepalive=true', '-connections=32', '-max-workers=256', '-timeout=10s'];
    this.attack = spawn(
      toolPath('vegeta'),
      [
        'attack',
        `-rate=${rate}/s`,
        `-duration=${longest}`,
        ...connections,
        `-targets=${this.file('target')}`,
        `-output=${this.file('results')}`,
      ],
      { stdio: ['ignore', 'inherit', 'inherit'] },
    );
  }

  /** Sends no more, waits for the answers that are due, and counts. */
  async stop(): Promise<LoadResult> {
    this.attack.kill('SIGINT');
    await once(this.attack, 'exit');
    try {
      const samples = this.vegeta('encode', '-to=json').trim().split('\n').map(toSample);
      const report = JSON.parse(this.vegeta('report', '-type=json'));
      const { latencies, requests, status_codes: statuses } = report;
      const failures = samples.filter(({ status }) => status !== 200);
      return {
        sent: requests,
        failed: requests - (statuses['200'] ?? 0),
        statuses,
        errors: distinct(failures),
        latency: {
          p50: latencies['50th'] / 1e6,
          p99: latencies['99th'] / 1e6,
          max: latencies.max / 1e6,
        },
        samples,
        failures,
      };
    } finally {
      rmSync(this.folder, { recursive: true });
    }
  }

  private vegeta(...args: string[]): string {
    const options = { encoding: 'utf8', maxBuffer: 512 * 1024 * 1024 } as const;
    const { stdout, status, stderr } = spawnSync(
      toolPath('vegeta'),
      [...args, this.file('results')],
      options,
    );
    if (status !== 0) throw new Error(`vegeta ${args.join(' ')} failed: ${stderr}`);
    return stdout;
  }

  private file(name: string): string {
    return path.join(this.folder, name);
  }
}

function toSample(line: string): Sample {
  const { timestamp, code, latency, error, body } = JSON.parse(line);
  return {
    at: Date.parse(timestamp),
    status: code,
    milliseconds: latency / 1e6,
    error,
    ...(code !== 200 && body && { body: Buffer.from(body, 'base64').toString() }),
  };
}

/** What went wrong, each once, with the first body that says why. */
function distinct(failures: readonly Sample[]): string[] {
  const bodies = new Map(failures.toReversed().map(({ error, body }) => [error, body]));
  return [...bodies].map(([error, body]) => (body ? `${error}: ${body}` : error));
}

/**
 * Whether requests were all in flight at one moment, as those are that a killed process had. Clocks and schedulers are
 * granted 50 ms.
 */
export function inFlightAtOnce(samples: readonly Sample[]): boolean {
  const lastSent = Math.max(...samples.map(({ at }) => at));
  const firstEnded = Math.min(...samples.map(({ at, milliseconds }) => at + milliseconds));
  return lastSent <= firstEnded + 50;
}

/** Whether a request was never sent: its connection was refused. */
export function neverSent({ error }: Sample): boolean {
  return error.endsWith('connection refused');
}

/** Lets some time of the load pass: before an event, so that it meets a steady load, and after, for what comes late. */
export const seconds = (count: number): Promise<void> =>
  new Promise((resolve) => setTimeout(resolve, count * 1000));
