// The load: wrk for as much as the server takes (closed loop), vegeta for a constant rate (open loop). On core 1.
import { execFile } from 'node:child_process';
import path from 'node:path';
import { promisify } from 'node:util';

const run = promisify(execFile);
const here = import.meta.dirname;

export interface Closed {
  readonly perSecond: number;
  readonly p99Ms: number;
}

/** As many requests as the server takes from `connections` that each wait for their answer. */
export async function closedLoop(
  url: string,
  connections: number,
  seconds: number,
): Promise<Closed> {
  const { stdout } = await run('taskset', [
    ...['-c', '1', 'wrk', '-t1', `-c${connections}`, `-d${seconds}s`, '--latency'],
    ...['-s', path.join(here, 'post.lua'), `${url}/predict`],
  ]);
  const failed = /Non-2xx or 3xx responses: (\d+)/.exec(stdout)?.[1];
  if (failed !== undefined) throw new Error(`${failed} requests to ${url} failed`);
  const [, value = 'NaN', unit = ''] = /99%\s+([\d.]+)(us|ms|s)/.exec(stdout) ?? [];
  const factor: Record<string, number> = { us: 0.001, ms: 1, s: 1000 };
  return {
    perSecond: Number(/Requests\/sec:\s+([\d.]+)/.exec(stdout)?.[1]),
    p99Ms: Number(value) * (factor[unit] ?? Number.NaN),
  };
}

export interface Open {
  readonly successes: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
}

/** A constant rate, whatever the server does: what users are. */
export async function openLoop(url: string, perSecond: number, seconds: number): Promise<Open> {
  const { stdout } = await run(
    'bash',
    [
      '-c',
      `printf 'POST %s/predict\\n' "$1" |
     taskset -c 1 go tool vegeta attack -rate="$2/s" -duration="$3s" -header='Content-Type: application/json' -body=body.json |
     go tool vegeta report -type=json`,
      ...['bash', url, String(perSecond), String(seconds)],
    ],
    { cwd: here },
  );
  const report: VegetaReport = JSON.parse(stdout);
  return {
    successes: report.success,
    p50Ms: report.latencies['50th'] / 1e6,
    p99Ms: report.latencies['99th'] / 1e6,
  };
}

interface VegetaReport {
  readonly success: number;
  readonly latencies: Readonly<Record<'50th' | '99th', number>>;
}
