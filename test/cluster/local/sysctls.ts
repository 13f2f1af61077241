// The kubelet sets sysctls of the whole machine: they are noted before, and put back after.
import { existsSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { paths } from './settings.ts';

/** What the kubelet changes (pkg/kubelet/cm, setupKernelTunables). */
const changed = [
  'vm/overcommit_memory',
  'vm/panic_on_oom',
  'kernel/panic',
  'kernel/panic_on_oops',
  'kernel/keys/root_maxkeys',
  'kernel/keys/root_maxbytes',
];

export function noteSysctls(): void {
  const before = changed.map((name) => [name, readFileSync(path.join('/proc/sys', name), 'utf8')]);
  writeFileSync(`${paths.sysctls}.new`, JSON.stringify(Object.fromEntries(before)));
  renameSync(`${paths.sysctls}.new`, paths.sysctls); // whole or not at all
}

export function restoreSysctls(): void {
  if (!existsSync(paths.sysctls)) return;
  const before: Record<string, string> = JSON.parse(readFileSync(paths.sysctls, 'utf8'));
  for (const [name, value] of Object.entries(before)) {
    writeFileSync(path.join('/proc/sys', name), value);
  }
}
