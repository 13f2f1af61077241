// What the chart tells the predictor and the gate is what they read: by their own readers, as a pod would start with it.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { readGateArguments } from '../../server/src/commands/gate/arguments.ts';
import { readConfig } from '../../server/src/commands/serve/config.ts';
import { readTraffic } from '../../server/src/commands/serve/traffic-variables.ts';
import type { KubernetesObject } from './admit.ts';

/** What pods of these objects would end with at once. */
export function settingFaults(objects: readonly KubernetesObject[]): string[] {
  return [...predictorFaults(objects), ...gateFaults(objects)];
}

function gateFaults(objects: readonly KubernetesObject[]): string[] {
  return objects
    .filter(({ kind }) => kind === 'Job')
    .flatMap(({ metadata, spec }) => {
      const [container] = spec.template.spec.containers;
      const [command, ...args] = container.args;
      if (command !== 'gate') return [];
      const here = withMounted(args, container.volumeMounts ?? []);
      return startFaults(metadata.name, () => readGateArguments(here));
    });
}

/** The arguments with a file of this machine in place of each that a mount has: a key of a Secret, which nobody renders. */
function withMounted(args: readonly string[], mounts: readonly KubernetesObject[]): string[] {
  return args.map((arg) => {
    const [, option, file = ''] = /^(--(?:token|ca)-file=)(.+)$/.exec(arg) ?? [];
    const isMounted = mounts.some(({ mountPath }) => file.startsWith(`${mountPath}/`));
    return option !== undefined && isMounted ? option + keyFile() : arg;
  });
}

let key: string | undefined;
function keyFile(): string {
  if (key !== undefined) return key;
  const folder = mkdtempSync(path.join(tmpdir(), 'key-'));
  process.once('exit', () => rmSync(folder, { recursive: true }));
  key = path.join(folder, 'key');
  writeFileSync(key, 'key');
  return key;
}

function startFaults(name: string, read: () => unknown): string[] {
  try {
    read();
    return [];
  } catch (error) {
    return [`${name} would not start: ${error}`];
  }
}

function predictorFaults(objects: readonly KubernetesObject[]): string[] {
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
      ].flatMap((read) => startFaults(metadata.name, read));
    });
}
