// Where the schemas to validate against come from: Kubernetes' own OpenAPI documents and the CRDs of others, out of Go
// modules pinned by version and checksum. Nothing of them is copied into this repository.
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { copyFileSync, existsSync, mkdirSync, readdirSync, renameSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';

type Module = { readonly path: string; readonly version: string; readonly sum: string };

/** The minor versions at the ends of the range that the chart supports: its kubeVersion, and the newest there is. */
export const kubernetes = {
  '1.33': {
    path: 'k8s.io/kubernetes',
    version: 'v1.33.6',
    sum: 'h1:NOIZqkx8M4XfdyRKllzLSBiMgSilPzSvCembfzOMk6A=',
  },
  '1.37': {
    path: 'k8s.io/kubernetes',
    version: 'v1.37.2',
    sum: 'h1:A2VDEiObzkYqFTKhSsn0ZEb0RlLEXpHWj93gi2HqEwE=',
  },
} as const satisfies Record<string, Module>;

export type KubernetesVersion = keyof typeof kubernetes;

/** A module with definitions of custom resources, and the folder that holds them. */
export type CustomResources = Module & { readonly folder: string; readonly wanted: RegExp };

/** Those that the chart can make. */
const customResources: readonly CustomResources[] = [
  {
    path: 'sigs.k8s.io/gateway-api',
    version: 'v1.6.3',
    sum: 'h1:lKpJa5bGlraC/QeACvCpsHLdmO6y0iKfzVl6gzaFEYc=',
    folder: 'config/crd/standard',
    wanted: /_(httproutes|grpcroutes)\.yaml$/,
  },
  {
    path: 'github.com/prometheus-operator/prometheus-operator',
    version: 'v0.85.0',
    sum: 'h1:M5xLCLEoaW2IJfnuCwFzzpL+jSVQu3KGT84Pye+fW8s=',
    folder: 'example/prometheus-operator-crd',
    wanted: /_(servicemonitors|podmonitors|prometheusrules)\.yaml$/,
  },
  {
    path: 'github.com/kedacore/keda/v2',
    version: 'v2.21.0',
    sum: 'h1:R6z2HZvstK4RLUMxroNACzBj74xGxt3kG59b5Xc+Xps=',
    folder: 'config/crd/bases',
    wanted: /_scaledobjects\.yaml$/,
  },
];

const cache = join(import.meta.dirname, '../../.cache/schemas');

/** The folder with a Kubernetes version's schemas, laid out as kubectl-validate reads them: apis/<group>/<version>.json. */
export function kubernetesSchemas(version: KubernetesVersion): string {
  const module = kubernetes[version];
  return once(`kubernetes-${module.version}`, (target) => {
    const source = join(download(module), 'api/openapi-spec/v3');
    for (const file of readdirSync(source)) {
      const groupVersion = /^(apis__[^_]+__[^_]+|api__v1)_openapi\.json$/.exec(file)?.[1];
      if (groupVersion === undefined) continue;
      const path = join(target, `${groupVersion.replaceAll('__', '/')}.json`);
      mkdirSync(dirname(path), { recursive: true });
      copyFileSync(join(source, file), path);
    }
  });
}

/** The folder with the definitions of custom resources, by default of those that the chart can make. */
export function customResourceDefinitions(modules = customResources): string {
  const text = modules.map(({ version, wanted }) => `${version} ${wanted}`).join('\n');
  const name = createHash('sha256').update(text).digest('hex').slice(0, 16);
  return once(`crds-${name}`, (target) => {
    for (const module of modules) {
      const source = join(download(module), module.folder);
      for (const file of readdirSync(source).filter((file) => module.wanted.test(file)))
        copyFileSync(join(source, file), join(target, file));
    }
  });
}

/** Makes a folder of the cache, whole or not at all. */
function once(name: string, make: (target: string) => void): string {
  const folder = join(cache, name);
  if (existsSync(folder)) return folder;
  console.error(`Fetching the schemas ${name} (once) …`);
  const unfinished = `${folder}.${process.pid}`;
  mkdirSync(unfinished, { recursive: true });
  make(unfinished);
  try {
    renameSync(unfinished, folder);
  } catch (error) {
    if (!existsSync(folder)) throw error; // another run was first
  }
  return folder;
}

/** Downloads a module and gives its folder in Go's cache. */
function download({ path, version, sum }: Module): string {
  const { stdout, error } = spawnSync('go', ['mod', 'download', '-json', `${path}@${version}`], {
    cwd: tmpdir(), // outside any module
    encoding: 'utf8',
  });
  if (error)
    throw new Error(`"go" cannot be started (${error.message}): install Go 1.26 or newer.`);
  const answer: { Dir?: string; Sum?: string; Error?: string } = JSON.parse(stdout);
  if (answer.Error !== undefined || answer.Dir === undefined)
    throw new Error(
      `${path}@${version} cannot be downloaded: ${answer.Error ?? 'no reason given'}`,
    );
  if (answer.Sum !== sum)
    throw new Error(`${path}@${version} has the checksum ${answer.Sum}, expected ${sum}.`);
  return answer.Dir;
}
