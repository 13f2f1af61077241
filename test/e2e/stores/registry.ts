// The CNCF's registry, to which `oras` pushes.
import type { Namespace } from '../namespace.ts';
import { startStore } from './pod.ts';

/** Starts it at registry:5000, without TLS and empty. */
export function startRegistry(namespace: Namespace): Promise<void> {
  return startStore(namespace, 'registry', 5000, ['registry', 'serve', '/etc/registry.yaml']);
}

/** Runs `oras` in the registry's pod, where the folders v1 and v2 are, and gives what it printed. */
export function oras(namespace: Namespace, ...args: readonly string[]): Promise<string> {
  return namespace.kubectl(['exec', 'registry', '--', 'oras', ...args, '--plain-http']);
}
