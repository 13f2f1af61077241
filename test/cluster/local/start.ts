// Starts a home-built cluster where nothing of an earlier one is left.
import type { ChildProcess } from 'node:child_process';
import { cpSync, mkdirSync, writeFileSync } from 'node:fs';
import { applyManifests, awaitAddons, installAddons, kubectlOf, rolledOut } from '../addons.ts';
import type { Build } from '../build/images.ts';
import { eventually } from '../command.ts';
import { createCertificates } from './certificates.ts';
import { createCgroups } from './cgroups.ts';
import { binary, type Component, componentArguments, writeConfiguration } from './components.ts';
import { askContainerd, importImage } from './images.ts';
import { createNetwork } from './network.ts';
import { assertRunning, startInNode, startNode } from './node.ts';
import { type Addresses, nodeName, paths } from './settings.ts';
import { noteSysctls } from './sysctls.ts';

export async function start(
  built: Build,
  addresses: Addresses,
  say: (line: string) => void,
): Promise<void> {
  for (const name of ['certificates', 'configuration', 'logs', 'volumes'] as const) {
    mkdirSync(paths[name], { recursive: true });
  }
  // Copied, not linked: the node sees another /var, and the cache may go while the cluster runs.
  cpSync(built.binaries, paths.binaries, { recursive: true, verbatimSymlinks: true });
  writeFileSync(paths.addresses, JSON.stringify(addresses));
  noteSysctls();
  createCgroups();
  await createNetwork(addresses);
  await startNode();
  await createCertificates(addresses);
  writeConfiguration(addresses);
  say('namespaces, network and certificates made');

  const components = new Map<Component, ChildProcess>();
  const begin = (name: Component) => {
    components.set(name, startInNode(name, binary(name), componentArguments(addresses)[name]));
  };
  const check = () => {
    for (const [name, child] of components) assertRunning(name, child);
  };
  const kubectl = kubectlOf({ kubectl: binary('kubectl'), kubeconfig: paths.kubeconfig });
  const until = (what: string, seconds: number, ...args: string[]) =>
    eventually(what, seconds, () => kubectl(args), check);

  begin('etcd');
  begin('kube-apiserver');
  begin('containerd');
  const readyApi = until('The API server', 60, 'get', '--raw', '/readyz').then(() => {
    say('API server ready');
    begin('kube-controller-manager');
    begin('kube-scheduler');
  });
  const images = eventually('containerd', 30, askContainerd, check)
    .then(() => Promise.all(built.archives.map(importImage)))
    .then(() => say('images imported'));
  await Promise.all([readyApi, images]);

  begin('kubelet');
  begin('kube-proxy');
  begin('netpol');
  await applyManifests(kubectl, ['node-roles', 'coredns'], { DNS_ADDRESS: addresses.dns });
  await installAddons(kubectl, built.customResources, addresses.ingress);
  await until('The node', 60, 'wait', '--for=condition=Ready', `node/${nodeName}`, '--timeout=2s');
  say('node ready');
  await rolledOut(kubectl, 'kube-system', 'coredns', check);
  await awaitAddons(kubectl, say, check);
  writeFileSync(paths.complete, '');
}
