// A pod that runs a Node program out of the predictor's image, and its Service: what a test needs beside a release.
import { inject } from 'vitest';
import type { Namespace } from './namespace.ts';

/** Starts the program, which listens on a port, and waits until it does. */
export async function startNodePod(
  namespace: Namespace,
  {
    name,
    port,
    program,
  }: { readonly name: string; readonly port: number; readonly program: string },
): Promise<void> {
  const { repository, tag } = inject('image');
  const labels = { app: name };
  const container = {
    name,
    image: `${repository}:${tag}`,
    command: ['/usr/local/bin/node', '-e', program],
    readinessProbe: { tcpSocket: { port }, periodSeconds: 1 },
    securityContext: {
      allowPrivilegeEscalation: false,
      capabilities: { drop: ['ALL'] },
      runAsNonRoot: true,
      seccompProfile: { type: 'RuntimeDefault' },
    },
  };
  await namespace.apply(
    {
      apiVersion: 'v1',
      kind: 'Pod',
      metadata: { name, labels },
      spec: { containers: [container] },
    },
    {
      apiVersion: 'v1',
      kind: 'Service',
      metadata: { name },
      spec: { selector: labels, ports: [{ port }] },
    },
  );
  await namespace.kubectl(['wait', '--for=condition=Ready', `pod/${name}`, '--timeout=60s']);
}
