// What the chart tells the predictor is what the predictor reads: by its own reader of variables, as a pod would start with them.
import { readConfig } from '../../server/src/commands/serve/config.ts';
import { readTraffic } from '../../server/src/commands/serve/traffic-variables.ts';
import type { KubernetesObject } from './admit.ts';

/** What predictors of these objects would end with, instead of serving. */
export function settingFaults(objects: readonly KubernetesObject[]): string[] {
  const data = new Map(
    objects
      .filter(({ kind }) => kind === 'ConfigMap')
      .map(({ metadata, ...map }) => [metadata.name, map['data'] ?? {}]),
  );
  return objects
    .filter(({ kind }) => kind === 'Deployment')
    .flatMap(({ metadata, spec }) => {
      const { containers, volumes = [] } = spec.template.spec;
      const { env = [], envFrom = [] } = containers[0];
      const variables: Record<string, string> = Object.fromEntries([
        ...envFrom.flatMap(({ configMapRef: ref }: KubernetesObject) =>
          Object.entries(data.get(ref?.name) ?? {}),
        ),
        ...env.map(({ name, value }: KubernetesObject) => [name, value]),
      ]);
      if (variables['TRAFFIC_FILE'] === undefined) return []; // another server's
      const traffic = volumes.find(({ name }: KubernetesObject) => name === 'traffic');
      const file = variables['TRAFFIC_FILE'].split('/').at(-1) ?? '';
      return [
        () => readConfig(variables),
        () => readTraffic(file, data.get(traffic?.configMap.name)?.[file]),
      ].flatMap((read) => {
        try {
          read();
          return [];
        } catch (error) {
          return [`${metadata.name} would not start: ${error}`];
        }
      });
    });
}
