// Who answers at `/`: the predictor that splits, the HTTPRoute, or the Ingress says it.
import type { Deployment, Ingress, Resource, Route } from './kubernetes.ts';

const canary = 'nginx.ingress.kubernetes.io/canary-weight';

/** Percent of the requests at `/` by the name of the Service or version; empty where nothing leads there. */
export function weightsOf(resources: readonly Resource[]): ReadonlyMap<string, number> {
  const deployments = resources.filter((one): one is Deployment => one.kind === 'Deployment');
  const routes = resources.filter((one): one is Route => one.kind === 'HTTPRoute');
  const ingresses = resources.filter((one): one is Ingress => one.kind === 'Ingress');
  return inPercent(
    deployments.flatMap(bySplit).at(0) ?? routes.flatMap(byRoute).at(0) ?? byIngresses(ingresses),
  );
}

type Weights = ReadonlyMap<string, number>;

/** The variable SPLIT: v1=90,v2=10@http://host/v2. By version, as Deployments are named by theirs. */
function bySplit({ metadata, spec }: Deployment): Weights[] {
  const variables = spec.template.spec.containers.flatMap(({ env = [] }) => env);
  const split = variables.find(({ name }) => name === 'SPLIT')?.value;
  if (split === undefined) return [];
  const version = metadata.labels?.['ml-api/model-version'] ?? '';
  const prefix = metadata.name.slice(0, metadata.name.length - version.length);
  const parts = [...split.matchAll(/([^=,]+)=(\d+)/g)];
  return [new Map(parts.map(([, name, weight]) => [`${prefix}${name}`, Number(weight)]))];
}

/** The rule for `/` that asks for no header. */
function byRoute({ spec }: Route): Weights[] {
  return spec.rules
    .filter(({ matches = [] }) =>
      matches.some(({ path, headers = [] }) => path?.value === '/' && headers.length === 0),
    )
    .map(
      ({ backendRefs = [] }) => new Map(backendRefs.map(({ name, weight = 1 }) => [name, weight])),
    );
}

/** The Ingress, and beside it nginx's with a part of its requests. */
function byIngresses(ingresses: readonly Ingress[]): Weights {
  const weights = new Map<string, number>();
  let left = 100;
  const byShare = ingresses.toSorted((a, b) => shareOf(b) - shareOf(a));
  for (const ingress of byShare) {
    const service = rootServiceOf(ingress);
    if (service === undefined) continue;
    const weight = isCanary(ingress) ? shareOf(ingress) : left;
    weights.set(service, weight);
    left -= weight;
  }
  return weights;
}

function isCanary({ metadata }: Ingress): boolean {
  return metadata.annotations?.[canary] !== undefined;
}

function shareOf({ metadata }: Ingress): number {
  return Number(metadata.annotations?.[canary] ?? 0);
}

function rootServiceOf({ spec }: Ingress): string | undefined {
  const paths = spec.rules?.flatMap(({ http }) => http?.paths ?? []) ?? [];
  return paths.find(({ path }) => path === '/' || path?.startsWith('/('))?.backend.service?.name;
}

function inPercent(weights: Weights): Weights {
  const total = [...weights.values()].reduce((sum, weight) => sum + weight, 0);
  if (total === 0) return new Map();
  return new Map([...weights].map(([name, weight]) => [name, Math.round((100 * weight) / total)]));
}
