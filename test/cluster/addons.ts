// What a cluster needs beyond Kubernetes itself: the metrics API, and Contour with Envoy for Ingress and Gateway API.
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { prometheusImages } from './build/prometheus.ts';
import type { Cluster } from './cluster.ts';
import { eventually, run } from './command.ts';

/** How Contour is set up in manifests/contour.yaml. */
export const gateway = { className: 'contour', namespace: 'ingress', name: 'gateway' };

/** Runs kubectl, with standard input for `apply -f -`. */
export type Kubectl = (args: readonly string[], input?: string) => Promise<string>;

export function kubectlOf({
  kubectl,
  kubeconfig,
}: Pick<Cluster, 'kubectl' | 'kubeconfig'>): Kubectl {
  // Its cache lies beside the kubeconfig: what knows the cluster goes with the cluster.
  const flags = ['--kubeconfig', kubeconfig, '--cache-dir', `${kubeconfig}-cache`];
  return (args, input) => run(kubectl, [...flags, ...args], input === undefined ? {} : { input });
}

/** Applies manifests of this project, with `${NAME}` in them replaced by these values. */
export async function applyManifests(
  kubectl: Kubectl,
  names: readonly string[],
  values: Readonly<Record<string, string>> = {},
): Promise<void> {
  const manifests = names.map((name) => {
    const file = path.join(import.meta.dirname, 'manifests', `${name}.yaml`);
    return readFileSync(file, 'utf8').replace(/\$\{(\w+)\}/g, (_, key: string) => {
      const value = values[key];
      if (value === undefined) throw new Error(`${file} wants a value for ${key}.`);
      return value;
    });
  });
  // A new API server may need a moment more for its own namespaces and roles.
  await eventually(`Applying ${names.join(', ')}`, 20, () =>
    kubectl(['apply', '--server-side', '-f', '-'], manifests.join('\n---\n')),
  );
}

/** Installs a Prometheus in the namespace `monitoring`. @param load puts images onto the node */
export async function installPrometheus(
  kubectl: Kubectl,
  load: (archives: readonly string[]) => Promise<void>,
): Promise<void> {
  await load(await prometheusImages());
  await applyManifests(kubectl, ['prometheus']);
  await rolledOut(kubectl, 'monitoring', 'prometheus');
}

/** Installs the metrics server, and Contour behind a Service of the given address. */
export async function installAddons(
  kubectl: Kubectl,
  customResources: readonly string[],
  ingressAddress: string,
): Promise<void> {
  const files = customResources.flatMap((file) => ['-f', file]);
  await kubectl(['apply', '--server-side', ...files]);
  const definitions = ['gateways', 'httproutes', 'grpcroutes'].map(
    (kind) => `crd/${kind}.gateway.networking.k8s.io`,
  );
  const contours = ['crd/httpproxies.projectcontour.io'];
  await kubectl([
    'wait',
    '--for=condition=Established',
    '--timeout=10s',
    ...definitions,
    ...contours,
  ]);
  await applyManifests(kubectl, ['metrics-server', 'contour'], { INGRESS_ADDRESS: ingressAddress });
}

/** Waits until the addons do their work. @param check ends the waiting where it throws. */
export async function awaitAddons(
  kubectl: Kubectl,
  say: (line: string) => void,
  check?: () => void,
): Promise<void> {
  await rolledOut(kubectl, 'ingress', 'contour', check);
  const gatewayUp = ['wait', '--for=condition=Programmed', `gateway/${gateway.name}`];
  const inIngress = ['--namespace=ingress', ...gatewayUp, '--timeout=2s'];
  await eventually('The Gateway', 30, () => kubectl(inIngress), check);
  say('Ingress and Gateway served');
  await rolledOut(kubectl, 'kube-system', 'metrics-server', check);
  const nodes = ['get', '--raw', '/apis/metrics.k8s.io/v1beta1/nodes'];
  await eventually('The metrics API', 60, () => kubectl(nodes), check);
  say('metrics API served');
}

/** Waits for a Deployment, by short calls: none outlives this program for long. */
export async function rolledOut(
  kubectl: Kubectl,
  namespace: string,
  deployment: string,
  check?: () => void,
): Promise<void> {
  const status = ['rollout', 'status', `deployment/${deployment}`, '--timeout=2s'];
  const once = () => kubectl([`--namespace=${namespace}`, ...status]);
  await eventually(`The deployment ${namespace}/${deployment}`, 90, once, check);
}
