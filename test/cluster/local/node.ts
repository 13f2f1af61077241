// The node: processes in network, mount and process namespaces of their own, held by one that is process 1 there.
import { type ChildProcess, spawn } from 'node:child_process';
import { closeSync, existsSync, openSync, readdirSync, readFileSync, statSync } from 'node:fs';
import path from 'node:path';
import { ClusterError } from '../cluster-error.ts';
import { eventually } from '../command.ts';
import { paths } from './settings.ts';

/** Starts process 1 of the node in the network namespace that is there. */
export async function startNode(): Promise<void> {
  // Not `ip netns exec`: it mounts a new /sys, and the cgroups vanish.
  const script = path.join(import.meta.dirname, 'node-init.sh');
  const unshare = ['unshare', '--mount', '--pid', '--fork', '--kill-child', '--mount-proc'];
  const init = startInBackground('node', 'nsenter', [
    `--net=${paths.networkNamespace}`,
    ...unshare,
    ...['bash', script, paths.state],
  ]);
  const isReady = () => existsSync(path.join(paths.state, 'node-ready')) || undefined;
  await eventually(
    'The namespaces of the node',
    10,
    async () => isReady(),
    () => assertRunning('node', init),
  );
}

/** Starts a program inside the node; its output goes to the log of that name. */
export function startInNode(name: string, command: string, args: readonly string[]): ChildProcess {
  return startInBackground(name, 'nsenter', [...enterNode(), command, ...args]);
}

/** Arguments of `nsenter` that run a command inside the node. */
export function enterNode(): string[] {
  const init = nodeProcesses().find((pid) => namespacedPid(pid) === '1');
  if (init === undefined) throw new ClusterError('The node of the cluster is not running.');
  return ['--target', init, '--net', '--mount', '--pid', '--'];
}

/** Whether any process of the node lives. */
export function nodeRuns(): boolean {
  return nodeProcesses().length > 0;
}

/** Ends all processes of the node. @throws {ClusterError} where some do not go. */
export function killNode(): void {
  for (let round = 0; round < 300; round++) {
    const processes = nodeProcesses();
    if (processes.length === 0) return;
    for (const pid of processes) signalKill(Number(pid));
    sleep(100);
  }
  throw new ClusterError(
    `Processes of the cluster do not end: ${nodeProcesses().join(', ')}. They wait in the kernel, for a disk perhaps; run \`down\` again later.`,
  );
}

/** Pauses the whole process, as cleaning up may. */
export function sleep(milliseconds: number): void {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, milliseconds);
}

/** @throws {ClusterError} with the end of its log where a program has ended. */
export function assertRunning(name: string, child: ChildProcess): void {
  if (child.exitCode === null && child.signalCode === null) return;
  throw new ClusterError(
    `${name} ended (${child.signalCode ?? `status ${child.exitCode}`}). The end of ${logFile(name)}:\n${logEnd(name)}`,
  );
}

/**
 * The processes in the node's network namespace, by their ids on this machine. Found by the namespace and not by a
 * file with ids, so that what an interrupted run has left is found, and no other process ever is.
 */
function nodeProcesses(): string[] {
  const namespace = fileIdentity(paths.networkNamespace);
  if (namespace === undefined) return [];
  return readdirSync('/proc').filter(
    (name) => /^\d+$/.test(name) && fileIdentity(`/proc/${name}/ns/net`) === namespace,
  );
}

function fileIdentity(file: string): string | undefined {
  try {
    const { dev, ino } = statSync(file);
    return `${dev}:${ino}`;
  } catch {
    return undefined; // no such file, or a process that has just ended
  }
}

/** The id that a process has in its innermost process namespace, if that is not the machine's. */
function namespacedPid(pid: string): string | undefined {
  try {
    const status = readFileSync(`/proc/${pid}/status`, 'utf8');
    return /^NSpid:\s+\d+.*\s(\d+)$/m.exec(status)?.[1];
  } catch {
    return undefined;
  }
}

function signalKill(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL');
  } catch {
    // it ended by itself
  }
}

function startInBackground(name: string, command: string, args: readonly string[]): ChildProcess {
  const log = openSync(logFile(name), 'a');
  const child = spawn(command, args, {
    detached: true, // lives on when this program ends, and takes no Ctrl-C
    stdio: ['ignore', log, log],
    env: { PATH: process.env['PATH'], HOME: '/root' }, // no proxy, token or language of this shell
  });
  closeSync(log);
  child.on('error', () => {}); // seen by assertRunning
  child.unref();
  return child;
}

function logFile(name: string): string {
  return path.join(paths.logs, `${name}.log`);
}

function logEnd(name: string): string {
  return readFileSync(logFile(name), 'utf8').trimEnd().split('\n').slice(-8).join('\n');
}
