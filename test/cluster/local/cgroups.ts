// The cgroups of the pods: one group of ours in every hierarchy. The hierarchies themselves stay as they are mounted.
import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmdirSync,
  writeFileSync,
} from 'node:fs';
import path from 'node:path';
import { cgroup } from './settings.ts';

export function createCgroups(): void {
  for (const { folder, version } of hierarchies()) {
    if (version === 2 && !isWhole(folder)) continue; // beside version 1, nothing is limited there
    const group = path.join(folder, cgroup);
    mkdirSync(group, { recursive: true });
    // Version 1 starts a group without any CPU: a process could not enter it.
    for (const file of version === 1 ? ['cpuset.cpus', 'cpuset.mems'] : []) {
      if (existsSync(path.join(group, file))) {
        writeFileSync(path.join(group, file), readFileSync(path.join(folder, file)));
      }
    }
  }
}

/** Removes the groups, which must be empty of processes; gives those that would not go. */
export function removeCgroups(): string[] {
  const groups = hierarchies().map(({ folder }) => path.join(folder, cgroup));
  return groups.filter((group) => existsSync(group) && !removeGroup(group));
}

function removeGroup(group: string): boolean {
  for (const entry of readdirSync(group, { withFileTypes: true })) {
    if (entry.isDirectory()) removeGroup(path.join(group, entry.name));
  }
  try {
    rmdirSync(group);
    return true;
  } catch {
    return false; // a process that has just ended may still be counted: the caller tries again
  }
}

function hierarchies(): { folder: string; version: 1 | 2 }[] {
  return readFileSync('/proc/self/mounts', 'utf8')
    .split('\n')
    .map((line) => line.split(' '))
    .filter(([, , type]) => type === 'cgroup' || type === 'cgroup2')
    .map(([, folder = '', type]) => ({ folder, version: type === 'cgroup' ? 1 : 2 }));
}

/** Whether a version 2 hierarchy is the machine's only one, with controllers of its own. */
function isWhole(folder: string): boolean {
  return readFileSync(path.join(folder, 'cgroup.controllers'), 'utf8').includes('memory');
}
