// A pod that listens, and its Service: what a test needs beside a release.
import type { Namespace } from './namespace.ts';

export interface PodOptions {
  /** Of the pod, its container and its Service. */
  readonly name: string;
  readonly port: number;
  /** What the container has beside its name, its probe and its security. */
  readonly container: object;
  readonly volumes?: readonly object[];
}

/** Starts it, as namespaces that enforce Pod Security "restricted" let it, and waits until it listens. */
export async function startPod(
  namespace: Namespace,
  { name, port, container, volumes = [] }: PodOptions,
): Promise<void> {
  const labels = { app: name };
  const whole = {
    name,
    ...container,
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
      spec: { containers: [whole], volumes },
    },
    {
      apiVersion: 'v1',
      kind: 'Service',
      metadata: { name },
      spec: { selector: labels, ports: [{ port }] },
    },
  );
  await namespace.kubectl(['wait', '--for=condition=Ready', `pod/${name}`, '--timeout=180s']);
}
