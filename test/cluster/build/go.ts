// Building with Go: the modules that pin the cluster's programs are the folders beside this one.
import { mkdirSync, readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { ClusterError } from '../cluster-error.ts';
import { run, runAloud, succeeds } from '../command.ts';
import { assertFree } from './cache.ts';

const sources = path.join(import.meta.dirname, '..');

/** What a build depends on: the Go files of a module here, and its pins. */
export function goSources(module: string): Buffer[] {
  const folder = path.join(sources, module);
  return readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .filter((file) => /(\.go|^go\.(mod|sum))$/.test(file))
    .sort()
    .map((file) => readFileSync(path.join(folder, file)));
}

/** Runs `go build` in a module here. @throws {ClusterError} without Go, or without room */
export async function goBuild(module: string, args: readonly string[]): Promise<void> {
  assertGo();
  const { GOCACHE, GOMODCACHE } = JSON.parse(
    await run('go', ['env', '-json', 'GOCACHE', 'GOMODCACHE']),
  );
  for (const folder of [GOCACHE, GOMODCACHE]) {
    mkdirSync(folder, { recursive: true });
    assertFree(folder, 4, 'to build with Go');
  }
  // Half the memory and less time to link without DWARF; it cannot be left out by -ldflags alone.
  const common = ['build', '-trimpath', '-gcflags=all=-dwarf=false'];
  const env = { ...process.env, CGO_ENABLED: '0', GOFLAGS: '-mod=readonly -buildvcs=false' };
  await runAloud('go', [...common, ...args], { cwd: path.join(sources, module), env });
}

/** The folder of a dependency's source, for the files beside its code. */
export async function moduleFolder(module: string, dependency: string): Promise<string> {
  assertGo();
  const list = ['-C', path.join(sources, module), 'list', '-m', '-f={{.Dir}}', dependency];
  await run('go', ['-C', path.join(sources, module), 'mod', 'download', dependency]);
  return (await run('go', list)).trim();
}

function assertGo(): void {
  if (succeeds('go', ['version'])) return;
  throw new ClusterError(
    'The cluster is built with Go 1.26, and "go" does not run here. Install it from https://go.dev/dl, or use an existing cluster by setting KUBECONFIG.',
  );
}
