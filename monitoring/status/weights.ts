// Who answers at `/`: the predictor that splits, the HTTPRoute, or the Ingress says it.
import type { Deployment, Ingress, Resource, Route } from './kubernetes.ts';
import type { Sample } from './prometheus-text.ts';

const canary = 'nginx.ingress.kubernetes.io/canary-weight';

/**
 * Percent of the requests at `/` by the name of the Deployment; empty where nothing leads there.
 * @param samples of all pods: those that split say how
 */
export function weightsOf(
  resources: readonly Resource[],
  samples: readonly Sample[],
): ReadonlyMap<string, number> {
  const deployments = resources.filter((one): one is Deployment => one.kind === 'Deployment');
  const routes = resources.filter((one): one is Route => one.kind === 'HTTPRoute');
  const ingresses = resources.filter((one): one is Ingress => one.kind === 'Ingress');
  const bySplit = deployments.map(({ metadata }): [string, number] => [
    metadata.name,
    splitTo(metadata.labels?.['ml-api/model-version'], samples),
  ]);
  if (bySplit.some(([, weight]) => weight > 0)) return inPercent(new Map(bySplit));
  return inPercent(routes.flatMap(byRoute).at(0) ?? byIngresses(ingresses));
}

type Weights = ReadonlyMap<string, number>;

/** The weights that pods give a version, added up: some may not have read the new ones yet. */
function splitTo(version: string | undefined, samples: readonly Sample[]): number {
  return samples
    .filter(({ name, labels }) => name === 'ml_api_split_weight' && labels['to'] === version)
    .reduce((sum, { value }) => sum + value, 0);
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
