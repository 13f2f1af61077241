// The components of Kubernetes: what each is started with.
import { mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { certificate, kubeconfig, privateKey } from './certificates.ts';
import { type Addresses, cgroup, nodeName, paths } from './settings.ts';

export const binary = (name: string) => path.join(paths.binaries, name);
const etcd = 'http://127.0.0.1:2379';

/** Arguments by component. Their data lies at the usual places, because /var and /run of the node are its own. */
export function componentArguments(addresses: Addresses) {
  return {
    etcd: [
      '--data-dir=/var/lib/etcd',
      `--listen-client-urls=${etcd}`,
      `--advertise-client-urls=${etcd}`,
      '--unsafe-no-fsync', // nothing here outlives the machine
      '--log-level=warn',
    ],
    'kube-apiserver': [
      `--etcd-servers=${etcd}`,
      `--advertise-address=${addresses.node}`,
      `--service-cluster-ip-range=${addresses.services}`,
      '--allow-privileged=true',
      '--authorization-mode=Node,RBAC',
      '--enable-admission-plugins=NodeRestriction',
      `--client-ca-file=${certificate('ca')}`,
      `--tls-cert-file=${certificate('apiserver')}`,
      `--tls-private-key-file=${privateKey('apiserver')}`,
      `--kubelet-client-certificate=${certificate('apiserver-kubelet')}`,
      `--kubelet-client-key=${privateKey('apiserver-kubelet')}`,
      '--kubelet-preferred-address-types=InternalIP',
      '--service-account-issuer=https://kubernetes.default.svc.cluster.local',
      `--service-account-key-file=${privateKey('service-accounts')}`,
      `--service-account-signing-key-file=${privateKey('service-accounts')}`,
      // The aggregation layer, which serves the metrics API.
      `--requestheader-client-ca-file=${certificate('ca')}`,
      '--requestheader-allowed-names=front-proxy', // needed: the authority signs other clients too
      '--requestheader-extra-headers-prefix=X-Remote-Extra-',
      '--requestheader-group-headers=X-Remote-Group',
      '--requestheader-username-headers=X-Remote-User',
      `--proxy-client-cert-file=${certificate('front-proxy')}`,
      `--proxy-client-key-file=${privateKey('front-proxy')}`,
    ],
    'kube-controller-manager': [
      ...delegated('controller-manager'),
      '--use-service-account-credentials=true',
      `--root-ca-file=${certificate('ca')}`,
      `--service-account-private-key-file=${privateKey('service-accounts')}`,
      `--cluster-signing-cert-file=${certificate('ca')}`,
      `--cluster-signing-key-file=${privateKey('ca')}`,
      '--leader-elect=false',
      `--flex-volume-plugin-dir=${path.join(paths.configuration, 'volume-plugins')}`,
      // An autoscaler that reacts within seconds, so that its tests take a minute and not ten. What a pod's start takes is
      // left out for as long as by default, five minutes: otherwise starts bring more starts, on a slow machine up to the most.
      '--horizontal-pod-autoscaler-sync-period=5s',
      '--horizontal-pod-autoscaler-initial-readiness-delay=5s',
      '--horizontal-pod-autoscaler-downscale-stabilization=20s',
    ],
    'kube-scheduler': [...delegated('scheduler'), '--leader-elect=false'],
    kubelet: [
      `--config=${configuration('kubelet.json')}`,
      `--kubeconfig=${kubeconfig('kubelet')}`,
      `--hostname-override=${nodeName}`,
      `--node-ip=${addresses.node}`,
    ],
    'kube-proxy': [`--config=${configuration('kube-proxy.json')}`],
    containerd: ['--config', configuration('containerd.toml')],
    netpol: [kubeconfig('netpol')],
  };
}
export type Component = keyof ReturnType<typeof componentArguments>;

/** Writes the files that the arguments name. */
export function writeConfiguration(addresses: Addresses): void {
  const volumePlugins = path.join(paths.configuration, 'volume-plugins');
  mkdirSync(path.join(paths.configuration, 'cni'), { recursive: true });
  mkdirSync(volumePlugins);
  writeFileSync(configuration('resolv.conf'), ''); // pods ask CoreDNS, which asks nobody
  writeFileSync(configuration('containerd.toml'), containerd);
  writeJson('cni/10-pods.conflist', {
    cniVersion: '0.4.0',
    name: 'pods',
    plugins: [
      {
        type: 'ptp', // routed, not bridged: every packet passes the node's nftables
        ipam: { type: 'host-local', subnet: addresses.pods, routes: [{ dst: '0.0.0.0/0' }] },
      },
    ],
  });
  writeJson('kubelet.json', {
    apiVersion: 'kubelet.config.k8s.io/v1beta1',
    kind: 'KubeletConfiguration',
    authentication: { x509: { clientCAFile: certificate('ca') } },
    containerRuntimeEndpoint: 'unix:///run/containerd/containerd.sock',
    cgroupDriver: 'cgroupfs',
    cgroupRoot: `/${cgroup}`,
    failCgroupV1: false,
    failSwapOn: false,
    clusterDNS: [addresses.dns],
    clusterDomain: 'cluster.local',
    resolvConf: configuration('resolv.conf'),
    volumePluginDir: volumePlugins,
    evictionHard: { 'memory.available': '200Mi', 'nodefs.available': '1%' },
    imageGCHighThresholdPercent: 100, // no image can be pulled again
    syncFrequency: '10s', // how soon pods see a changed ConfigMap
    makeIPTablesUtilChains: false,
    serializeImagePulls: false,
    oomScoreAdj: 0, // a container's root may lack the right to less
  });
  writeJson('kube-proxy.json', {
    apiVersion: 'kubeproxy.config.k8s.io/v1alpha1',
    kind: 'KubeProxyConfiguration',
    clientConnection: { kubeconfig: kubeconfig('kube-proxy') },
    clusterCIDR: addresses.pods,
    hostnameOverride: nodeName,
    mode: 'nftables',
    oomScoreAdj: 0,
    // Limits of the whole machine, which stay as they are.
    conntrack: { maxPerCore: 0, min: 0, tcpEstablishedTimeout: '0s', tcpCloseWaitTimeout: '0s' },
  });
}

const containerd = `version = 3
disabled_plugins = ["io.containerd.internal.v1.opt", "io.containerd.internal.v1.tracing", "io.containerd.tracing.processor.v1.otlp"]
[plugins."io.containerd.nri.v1.nri"]
  disable = true
[plugins."io.containerd.cri.v1.images".registry]
  config_path = "${paths.registries}"
[plugins."io.containerd.cri.v1.images".pinned_images]
  sandbox = "registry.k8s.io/pause:3.10"
[plugins."io.containerd.cri.v1.runtime"]
  restrict_oom_score_adj = true # a container's root may lack the right to less
  disable_apparmor = true
  [plugins."io.containerd.cri.v1.runtime".containerd.runtimes.runc]
    runtime_type = "io.containerd.runc.v2"
    runtime_path = "${binary('containerd-shim-runc-v2')}" # not an older one of a package, which fails
    options = { SystemdCgroup = false }
  # The handler's name of NVIDIA's runtime, without what that adds: pods of RuntimeClass nvidia run here as any other.
  [plugins."io.containerd.cri.v1.runtime".containerd.runtimes.nvidia]
    runtime_type = "io.containerd.runc.v2"
    runtime_path = "${binary('containerd-shim-runc-v2')}"
    options = { SystemdCgroup = false }
  [plugins."io.containerd.cri.v1.runtime".cni]
    bin_dirs = ["/usr/lib/cni"]
    conf_dir = "${configuration('cni')}"
`;

function delegated(client: 'controller-manager' | 'scheduler'): string[] {
  return ['', 'authentication-', 'authorization-'].map(
    (purpose) => `--${purpose}kubeconfig=${kubeconfig(client)}`,
  );
}

function configuration(file: string): string {
  return path.join(paths.configuration, file);
}

function writeJson(file: string, content: object): void {
  writeFileSync(configuration(file), JSON.stringify(content, null, 2));
}
