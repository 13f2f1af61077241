// Model stores as pods: programs of the stores' image, each with its Service.
import { inject } from 'vitest';
import type { Namespace } from '../namespace.ts';
import { startPod } from '../pod.ts';
import { MODELS, PROGRAMS, storesImage } from './image.ts';

/** Starts a program of the image in the folder of its models, and waits until it listens. */
export function startStore(
  namespace: Namespace,
  name: string,
  port: number,
  command: readonly string[],
): Promise<void> {
  const container = {
    image: storesImage,
    command,
    workingDir: MODELS,
    env: [
      { name: 'HOME', value: '/tmp' },
      { name: 'OTEL_TRACES_EXPORTER', value: 'none' },
    ],
    volumeMounts: [{ name: 'tmp', mountPath: '/tmp' }],
  };
  return startPod(namespace, { name, port, container, volumes: [{ name: 'tmp', emptyDir: {} }] });
}

/**
 * Starts a program of the image that is JavaScript, with the Node of the predictor's image; the stores' image is a volume.
 * @param args what it gets, by the path that the stores' image has in the pod
 */
export function startNodeStore(
  namespace: Namespace,
  name: string,
  port: number,
  program: string,
  args: (root: string) => readonly string[],
  env: Readonly<Record<string, string>> = {},
): Promise<void> {
  const { repository, tag } = inject('image');
  const root = '/image';
  const container = {
    image: `${repository}:${tag}`,
    command: ['/usr/local/bin/node', `${root}${PROGRAMS}/${program}`, ...args(root)],
    env: Object.entries(env).map(([variable, value]) => ({ name: variable, value })),
    volumeMounts: [{ name: 'image', mountPath: root, readOnly: true }],
  };
  const volumes = [{ name: 'image', image: { reference: storesImage, pullPolicy: 'Never' } }];
  return startPod(namespace, { name, port, container, volumes });
}
