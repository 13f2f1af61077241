// What a test does to the node itself, which a Kubernetes API cannot.
import { execFileSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { inject } from 'vitest';

/** `kill -9` for the predictor in a pod, as the kernel or a machine's administrator would. */
export function killContainer(podUid: string): void {
  const { provider, node } = inject('cluster');
  if (provider === 'kind') {
    execFileSync('docker', ['exec', node ?? '', 'pkill', '-KILL', '--full', '--cgroup', podUid]);
    return;
  }
  const processes = readdirSync('/proc').filter(
    (pid) => /^\d+$/.test(pid) && isPredictorOf(podUid, pid),
  );
  if (processes.length === 0)
    throw new Error(`No process of the pod ${podUid} is on this machine.`);
  for (const pid of processes) process.kill(Number(pid), 'SIGKILL');
}

function isPredictorOf(podUid: string, pid: string): boolean {
  try {
    const cgroup = readFileSync(`/proc/${pid}/cgroup`, 'utf8');
    const command = readFileSync(`/proc/${pid}/cmdline`, 'utf8');
    return cgroup.includes(podUid) && command.includes('main.js');
  } catch {
    return false; // it has just ended
  }
}
