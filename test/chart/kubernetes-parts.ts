// What is handed to Kubernetes whole, and what has more rules there than a schema says: parts that Kubernetes takes, by the value's
// name. The faults that the generator looks for are the chart's, not those of somebody's own manifest.
import fc, { type Arbitrary } from 'fast-check';

const word = fc.constantFrom('a', 'on', '1', 'x-y');
const toleration = fc.constantFrom(
  { key: 'nvidia.com/gpu', operator: 'Exists', effect: 'NoSchedule' },
  { operator: 'Exists' },
  { key: 'a', value: '1' },
);
const peer = fc.constantFrom<object>(
  { podSelector: {} },
  { namespaceSelector: { matchLabels: { a: '1' } } },
  { ipBlock: { cidr: '10.0.0.0/8' } },
);
const gateway = fc.constantFrom<object>(
  { name: 'g' },
  { name: 'g', kind: 'Gateway' },
  { name: 'g', sectionName: 'a', port: 1 },
  { name: 'g', sectionName: 'b', namespace: 'models' },
  { name: '1', namespace: 'on' },
  { name: 's', group: '', kind: 'Service' },
);
/** Those drawn by a pattern seldom have as many groups as IPv6 has. */
const address = fc.constantFrom('10.0.0.1', 'fd00::a', '2001:db8:1:2::53', '::', '::ffff:1.2.3.4');
const filter = fc.constantFrom<object>(
  {
    type: 'RequestHeaderModifier',
    requestHeaderModifier: { set: [{ name: 'a', value: '1' }] },
  },
  { type: 'RequestMirror', requestMirror: { backendRef: { name: 'a', port: 80 } } },
);

/** By the end of the value's path; an element of a list stands for `[]`. */
const parts: Readonly<Record<string, Arbitrary<unknown>>> = {
  'envFrom[]': fc.constantFrom<object>(
    { configMapRef: { name: 'mine' } },
    { secretRef: { name: '1' }, prefix: 'A_' },
  ),
  'metrics[]': fc.constant({
    type: 'External',
    external: { metric: { name: 'queue' }, target: { type: 'Value', value: '1' } },
  }),
  behavior: fc.constantFrom<object>({}, { scaleUp: { stabilizationWindowSeconds: 3600 } }),
  'triggers[]': fc.constantFrom<object>(
    {
      type: 'cron',
      metadata: { timezone: 'UTC', start: '0 8 * * *', end: '1', desiredReplicas: '2' },
    },
    {
      type: 'prometheus',
      metadata: { serverAddress: 'http://p', threshold: '1', query: 'a{pod="{{ .fullname }}"}' },
    },
  ),
  fallback: fc.constantFrom<object>({}, { failureThreshold: 3, replicas: 1 }),
  'tolerations[]': toleration,
  'extraVolumes[].name': fc.constantFrom('mine', '1', 'model', 'scratch-tmp', 'true'),
  'extraVolumeMounts[].name': fc.constantFrom('mine', '1', 'true'),
  'volumeMounts[].name': fc.constantFrom('mine', '1', 'model', 'scratch-tmp'),
  'extraVolumeMounts[].mountPath': fc.constantFrom('/mine', '/dev/shm', '/1', '/etc/ssl', '/usr'),
  'volumeMounts[].mountPath': fc.constantFrom('/mine', '/1', '/usr', 'x', '/../x'),
  'initContainers[].image': fc.constantFrom(
    ...['busybox', 'localhost:5000/a/b:1', '[::1]:5000/a', `a@sha256:${'0'.repeat(64)}`],
    ...['A', 'a b', '', '0'.repeat(64), 'a/{{ .version }}', '{{ x }}'],
  ),
  'initContainers[].name': fc.constantFrom('mine', '1', 'fetch-model', 'predictor'),
  awsElasticBlockStore: fc.constant({ volumeID: 'a' }),
  azureDisk: fc.constant({ diskName: 'a', diskURI: 'https://a.blob.core.windows.net/b/c.vhd' }),
  azureFile: fc.constant({ secretName: 'a', shareName: 'b' }),
  cephfs: fc.constant({ monitors: ['a'] }),
  cinder: fc.constant({ volumeID: 'a' }),
  fc: fc.constant({ targetWWNs: ['a'], lun: 1 }),
  flexVolume: fc.constant({ driver: 'a/b' }),
  gcePersistentDisk: fc.constant({ pdName: 'a' }),
  iscsi: fc.constant({ targetPortal: 'a', iqn: 'iqn.2026-01.org:a', lun: 1 }),
  portworxVolume: fc.constant({ volumeID: 'a' }),
  rbd: fc.constant({ monitors: ['a'], image: 'b' }),
  vsphereVolume: fc.constant({ volumePath: 'a' }),
  'volumeClaimTemplate.metadata': fc.constantFrom<object>({}, { labels: { a: '1' } }),
  dataSource: fc.constant({ kind: 'PersistentVolumeClaim', name: 'a' }),
  dataSourceRef: fc.constant({ kind: 'PersistentVolumeClaim', name: 'a' }),
  clusterTrustBundle: fc.constant({ name: 'a', path: 'ca.crt' }),
  podCertificate: fc.constant({
    signerName: 'a.example/b',
    keyType: 'ED25519',
    credentialBundlePath: 'c',
  }),
  'topologySpreadConstraints[]': fc.constantFrom<object>(
    { maxSkew: 1, topologyKey: 'a', whenUnsatisfiable: 'DoNotSchedule' },
    { maxSkew: 2, topologyKey: 'b/c', whenUnsatisfiable: 'ScheduleAnyway', minDomains: undefined },
  ),
  'httpRoute.filters[]': filter,
  'grpcRoute.filters[]': filter,
  'parentRefs[]': gateway,
  'nameservers[]': address,
  ip: address,
  'from[]': peer,
  'metricsFrom[]': peer,
  'ingress[]': fc.record({ from: fc.array(peer, { minLength: 1, maxLength: 1 }) }),
  'egress[]': fc.record({ to: fc.array(peer, { minLength: 1, maxLength: 1 }) }),
  source: fc.constantFrom<object>(
    {},
    { hostPath: { path: '/srv' } },
    { nfs: { server: 's', path: '/' } },
  ),
  'extraRules[]': fc.record({ alert: word, expr: fc.constant('vector(1)') }),
  'extraObjects[]': fc.constantFrom<unknown>(
    {
      apiVersion: 'v1',
      kind: 'Secret',
      metadata: { name: 'mine' },
      stringData: { a: '{{ .Release.Name }}' },
    },
    'apiVersion: v1\nkind: ConfigMap\nmetadata: { name: "mine" }\n',
  ),
};

/**
 * Parts for the value at a path.
 * @throws Error where there are none for a value of this name
 */
export function kubernetesParts(path: string): Arbitrary<unknown> {
  const found = partsAt(path);
  if (found === undefined)
    throw new Error(
      `${path}: its schema is open; add parts of it to test/chart/kubernetes-parts.ts.`,
    );
  return found;
}

/** The same; undefined where there are none. */
export function partsAt(path: string): Arbitrary<unknown> | undefined {
  const name = Object.keys(parts).find((end) => path === end || path.endsWith(`.${end}`));
  return name === undefined ? undefined : parts[name];
}
