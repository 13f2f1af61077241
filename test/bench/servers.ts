// The servers that are measured, and how one is started on a core of its own.
import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';

const here = import.meta.dirname;
export const root = path.resolve(here, '../..');
const peers = path.join(here, 'peers');
const venv = path.join(here, '.venv/bin');

export interface Peer {
  readonly name: string;
  /** Whether it really predicts; the others answer a constant. */
  readonly predicts: boolean;
  readonly command: readonly string[];
  /** Path that answers with success when the server is ready; `/readyz` without it. */
  readonly readiness?: string;
  /** What ends all of its processes; `SIGTERM` without it. */
  readonly stopSignal?: NodeJS.Signals;
}

const built = path.join(root, '.cache/bench');

/** The predictor as it is bundled for the image; `buildOurs` makes it. */
export const ours = builtAt(built);

export function buildOurs(): void {
  const build = [path.join(root, 'server/build.ts'), built];
  execFileSync(process.execPath, build, { stdio: 'inherit' });
}

/** The predictor that `node server/build.ts FOLDER` has made. */
export function builtAt(folder: string): Peer {
  return {
    name: 'ml-api',
    predicts: true,
    command: [
      process.execPath,
      '--max-semi-space-size=8',
      path.join(folder, 'server/dist/main.js'),
    ],
  };
}

export const peersToMeasure: readonly Peer[] = [
  {
    name: 'node:http hello',
    predicts: false,
    command: [process.execPath, `${peers}/node-http.mjs`],
  },
  {
    name: 'Express hello, its defaults',
    predicts: false,
    command: [process.execPath, `${peers}/express-hello.mjs`],
  },
  {
    name: 'Express hello, as ml-api',
    predicts: false,
    command: [process.execPath, `${peers}/express-hello.mjs`, 'as-ml-api'],
  },
  ours,
  {
    name: 'FastAPI + onnxruntime',
    predicts: true,
    command: [
      `${venv}/uvicorn`,
      '--app-dir',
      peers,
      '--host',
      '127.0.0.1',
      '--port',
      '$PORT',
      '--log-level',
      'warning',
      '--no-access-log',
      'fastapi_onnx:app',
    ],
  },
  {
    name: 'Flask + scikit-learn',
    predicts: true,
    command: [
      `${venv}/gunicorn`,
      '--chdir',
      peers,
      '--bind',
      '127.0.0.1:$PORT',
      '--workers',
      '1',
      'tutorial_flask:app',
    ],
  },
];

/** A server, and what it is started with; `$PORT` is that of HTTP, `$GRPC_PORT` that of gRPC. */
export interface Served {
  readonly peer: Peer;
  readonly env: Readonly<Record<string, string>>;
}

export interface Started {
  readonly url: string;
  /** Milliseconds from the start of the process to the first good answer. */
  readonly startMs: number;
  /** Proportional set size of the process and its children, in MB. */
  memoryMB(): number;
  /** Of these, what is no file's: what other processes share does not change it, nor do those that start and end beside it. */
  ownMemoryMB(): number;
  /** Milliseconds that the process and its children have had on any core. */
  cpuMs(): number;
  stop(): Promise<void>;
}

/** Starts a server on cores of its own, and waits for its first good answer. */
export async function startPeer(
  peer: Peer,
  port: number,
  env: Readonly<Record<string, string>> = {},
  cores = '0',
): Promise<Started> {
  const startedAt = performance.now();
  const [command = '', ...args] = peer.command.map((part) => part.replace('$PORT', String(port)));
  const child = spawn('taskset', ['-c', cores, command, ...args], {
    env: {
      ...process.env,
      ...(!('MODELS_DIR' in env) && { MODEL_DIR: path.join(root, 'model/v1') }),
      HOST: '127.0.0.1',
      PORT: String(port),
      ...env,
    },
    stdio: ['ignore', 'ignore', 'inherit'],
  });
  const url = `http://127.0.0.1:${port}`;
  while (!(await answersWell(url, peer, env))) {
    if (child.exitCode !== null) throw new Error(`${peer.name} ended with ${child.exitCode}`);
    if (performance.now() - startedAt > 60_000) throw new Error(`${peer.name} does not answer`);
    await new Promise((resolve) => setTimeout(resolve, 2));
  }
  return {
    url,
    startMs: performance.now() - startedAt,
    memoryMB: () => memoryOf(child.pid ?? 0, 'Pss'),
    ownMemoryMB: () => memoryOf(child.pid ?? 0, 'Pss_Anon'),
    cpuMs: () => cpuOf(child.pid ?? 0),
    stop: () => stop(child, peer.stopSignal),
  };
}

/** Starts it as `startPeer` does. @param grpcPort 0: a free one */
export function startServed({ peer, env }: Served, port: number, grpcPort = 0): Promise<Started> {
  const fill = (text: string) =>
    text.replace('$PORT', String(port)).replace('$GRPC_PORT', String(grpcPort));
  const own = Object.entries(env).map(([name, value]) => [name, fill(value)]);
  return startPeer({ ...peer, command: peer.command.map(fill) }, port, Object.fromEntries(own));
}

/** A golden answer before anything is measured: a server that is fast and wrong is of no use. */
async function answersWell(
  url: string,
  peer: Peer,
  env: Readonly<Record<string, string>>,
): Promise<boolean> {
  try {
    if (env['MODEL_DIR'] !== undefined)
      return (await fetch(`${url}${peer.readiness ?? '/readyz'}`)).ok;
    const response = await fetch(`${url}/predict`, {
      method: 'POST',
      headers: { 'Content-Type': 'application/json' },
      body: '{"inputs":[5.1,3.5,1.4,0.2]}',
    });
    const text = await response.text();
    return response.ok && (!peer.predicts || JSON.parse(text).prediction[0] === 0);
  } catch {
    return false;
  }
}

/** @param field of https://docs.kernel.org/filesystems/proc.html (smaps_rollup) */
function memoryOf(pid: number, field: 'Pss' | 'Pss_Anon'): number {
  const own = readFileSync(`/proc/${pid}/smaps_rollup`, 'utf8');
  const kilobytes = Number(new RegExp(`^${field}:\\s+(\\d+)`, 'm').exec(own)?.[1] ?? 0);
  return childrenOf(pid).reduce((sum, child) => sum + memoryOf(child, field), kilobytes / 1024);
}

/** Milliseconds of a tick of the kernel's clock, which has been 100 Hz for programs on every Linux. */
const TICK_MS = 10;

function cpuOf(pid: number): number {
  // After the name, which may have spaces and ends with the last bracket: state, ppid, …, and 11 fields on, utime and stime.
  const [, fields = ''] = /\) (.*)/s.exec(readFileSync(`/proc/${pid}/stat`, 'utf8')) ?? [];
  const [user = Number.NaN, system = Number.NaN] = fields.split(' ').slice(11, 13).map(Number);
  return childrenOf(pid).reduce((sum, child) => sum + cpuOf(child), TICK_MS * (user + system));
}

function childrenOf(pid: number): number[] {
  return readdirSync(`/proc/${pid}/task`)
    .flatMap((task) =>
      readFileSync(`/proc/${pid}/task/${task}/children`, 'utf8').trim().split(/\s+/),
    )
    .filter((child) => child !== '')
    .map(Number);
}

function stop(child: ChildProcess, signal: NodeJS.Signals = 'SIGTERM'): Promise<void> {
  return new Promise((resolve) => {
    child.once('close', () => resolve());
    child.kill(signal);
  });
}
