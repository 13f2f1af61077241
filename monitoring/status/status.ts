// A release at a glance: `npm run status -- [--namespace NAME] [--release NAME]`.
import { parseArgs } from 'node:util';
import { type Kubectl, kubectlOf } from '../../test/cluster/addons.ts';
import { cluster } from '../../test/cluster/cluster.ts';
import { ClusterError } from '../../test/cluster/cluster-error.ts';
import { exitWith } from '../../test/cluster/exit.ts';
import type { Pod, Resource } from './kubernetes.ts';
import { table } from './table.ts';
import { versionsOf } from './versions.ts';

const usage = 'Usage: npm run status -- [--namespace NAME] [--release NAME]';

await exitWith(async () => {
  const { namespace, release, help } = commandLine();
  if (help) {
    process.stdout.write(`${usage}\n`);
    return 0;
  }
  const kubectl = kubectlOf(await cluster());
  const resources = await read(kubectl, namespace, release);
  if (resources.length === 0) {
    throw new ClusterError(
      `There is no release "${release}" in the namespace "${namespace}": name it by --namespace and --release; "helm list --all-namespaces" shows all.`,
    );
  }
  const versions = await versionsOf(resources, (pod) => metricsOf(kubectl, namespace, pod));
  process.stdout.write(table(versions));
  return 0;
});

interface CommandLine {
  readonly namespace: string;
  readonly release: string;
  readonly help: boolean;
}

function commandLine(): CommandLine {
  try {
    const { values } = parseArgs({
      options: {
        namespace: { type: 'string', short: 'n', default: 'default' },
        release: { type: 'string', default: 'ml-api' },
        help: { type: 'boolean', short: 'h', default: false },
      },
    });
    return values;
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
  return await list(`deployments,pods,horizontalpodautoscalers,ingresses${routes}`);
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
