// A pod that runs a Node program out of the predictor's image.
import { inject } from 'vitest';
import type { Namespace } from './namespace.ts';
import { startPod } from './pod.ts';

/** Starts the program, which listens on a port, and waits until it does. */
export function startNodePod(
  namespace: Namespace,
  {
    name,
    port,
    program,
  }: { readonly name: string; readonly port: number; readonly program: string },
): Promise<void> {
  const { repository, tag } = inject('image');
  const container = {
    image: `${repository}:${tag}`,
    command: ['/usr/local/bin/node', '-e', program],
  };
  return startPod(namespace, { name, port, container });
}
