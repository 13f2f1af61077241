// A release at a glance: `npm run status -- [--namespace NAME] [--release NAME] [--wait [--timeout SECONDS]]`.
//
// --wait     Until every ready pod applies the release's weights, shadow and list of versions.
// --timeout  How long at most; then the exit code is 1.
import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { type Kubectl, kubectlOf } from '../../test/cluster/addons.ts';
import { cluster } from '../../test/cluster/cluster.ts';
import { ClusterError } from '../../test/cluster/cluster-error.ts';
import { exitWith } from '../../test/cluster/exit.ts';
import { type PodBehind, podsBehind } from './behind.ts';
import type { Pod, Resource } from './kubernetes.ts';
import { servingPods } from './pods.ts';
import { table } from './table.ts';
import { versionsOf } from './versions.ts';

const usage =
  'Usage: npm run status -- [--namespace NAME] [--release NAME] [--wait [--timeout SECONDS]]';

/** A kubelet delivers within a minute and a half, by its default settings. */
const TIMEOUT_SECONDS = '180';
const LOOK_AGAIN_MS = 1000;

await exitWith(async () => {
  const { namespace, release, wait, timeoutMs, help } = commandLine();
  if (help) {
    process.stdout.write(`${usage}\n`);
    return 0;
  }
  const kubectl = kubectlOf(await cluster());
  const look = async () => {
    const resources = await read(kubectl, namespace, release);
    const pods = await servingPods(resources, (pod) => metricsOf(kubectl, namespace, pod));
    return { resources, pods, behind: podsBehind(resources, pods) };
  };
  const deadline = Date.now() + timeoutMs;
  let seen = await look();
  while (wait && seen.behind.length > 0 && Date.now() < deadline) {
    await sleep(LOOK_AGAIN_MS);
    seen = await look();
  }
  process.stdout.write(table(versionsOf(seen.resources, seen.pods)));
  process.stderr.write(lines(seen.behind));
  return wait && seen.behind.length > 0 ? 1 : 0;
});

function lines(behind: readonly PodBehind[]): string {
  return behind.map(({ name, why }) => `${name} ${why}.\n`).join('');
}

interface CommandLine {
  readonly namespace: string;
  readonly release: string;
  readonly wait: boolean;
  readonly timeoutMs: number;
  readonly help: boolean;
}

function commandLine(): CommandLine {
  try {
    const { values } = parseArgs({
      options: {
        namespace: { type: 'string', short: 'n', default: 'default' },
        release: { type: 'string', default: 'ml-api' },
        wait: { type: 'boolean', default: false },
        timeout: { type: 'string', default: TIMEOUT_SECONDS },
        help: { type: 'boolean', short: 'h', default: false },
      },
    });
    const { timeout, ...others } = values;
    if (!/^\d{1,5}$/.test(timeout))
      throw new Error(`--timeout: expected whole seconds, at most 99999, got "${timeout}".`);
    return { ...others, timeoutMs: Number(timeout) * 1000 };
  } catch (error) {
    throw new ClusterError(`${error instanceof Error ? error.message : error}\n${usage}`);
  }
}

async function read(kubectl: Kubectl, namespace: string, release: string): Promise<Resource[]> {
  const ofRelease = [`--selector=app.kubernetes.io/instance=${release}`, '--output=json'];
  const list = async (kinds: string): Promise<Resource[]> => {
    const args = [`--namespace=${namespace}`, 'get', kinds, '--ignore-not-found', ...ofRelease];
    const answer = await kubectl(args);
    return answer === '' ? [] : JSON.parse(answer).items;
  };
  const kinds = await kubectl([
    'api-resources',
    '--api-group=gateway.networking.k8s.io',
    '-o=name',
  ]);
  const routes = kinds.includes('httproutes') ? ',httproutes' : '';
  const found = await list(
    `deployments,pods,configmaps,horizontalpodautoscalers,ingresses${routes}`,
  );
  if (found.length > 0) return found;
  throw new ClusterError(
    `There is no release "${release}" in the namespace "${namespace}": name it by --namespace and --release; "helm list --all-namespaces" shows all.`,
  );
}

/** By way of the API server, so that it works from wherever kubectl does. */
async function metricsOf(
  kubectl: Kubectl,
  namespace: string,
  { metadata, spec }: Pod,
): Promise<string | undefined> {
  const ports = spec.containers.flatMap(({ ports = [] }) => ports);
  const port =
    ports.find(({ name }) => name === 'metrics') ?? ports.find(({ name }) => name === 'http');
  if (port === undefined) return undefined;
  const pod = `/api/v1/namespaces/${namespace}/pods/${metadata.name}:${port.containerPort}`;
  try {
    return await kubectl(['get', '--raw', `${pod}/proxy/metrics`]);
  } catch (error) {
    // It may have ended since, or serve its metrics elsewhere, as other runtimes do.
    if (error instanceof ClusterError) return undefined;
    throw error;
  }
}
