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
const headers = {
  type: 'RequestHeaderModifier',
  requestHeaderModifier: { set: [{ name: 'a', value: '1' }] },
};

/** By the end of the value's path; an element of a list stands for `[]`. */
const parts: Readonly<Record<string, Arbitrary<unknown>>> = {
  'envFrom[]': fc.constantFrom<object>(
    { configMapRef: { name: 'mine' } },
    { secretRef: { name: '1' }, prefix: 'A_' },
  ),
  valueFrom: fc.constantFrom<object>(
    { fieldRef: { fieldPath: 'metadata.name' } },
    { secretKeyRef: { name: '1', key: 'on' } },
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
  podSecurityContext: fc.constantFrom<object>({}, { runAsUser: 1, supplementalGroups: [1] }),
  securityContext: fc.constantFrom<object>({}, { readOnlyRootFilesystem: false }),
  affinity: fc.constantFrom<object>(
    {},
    {
      podAntiAffinity: {
        requiredDuringSchedulingIgnoredDuringExecution: [
          { topologyKey: 'a', labelSelector: { matchLabels: { a: '1' } } },
        ],
      },
    },
  ),
  'topologySpreadConstraints[]': fc.constantFrom<object>(
    { maxSkew: 1, topologyKey: 'a', whenUnsatisfiable: 'DoNotSchedule' },
    { maxSkew: 2, topologyKey: 'b/c', whenUnsatisfiable: 'ScheduleAnyway', minDomains: undefined },
  ),
  'extraVolumes[]': fc.record({
    name: fc.constantFrom<unknown>('mine', '1', 'model', 'scratch-tmp', true),
    emptyDir: fc.constant({}),
  }),
  'extraVolumeMounts[]': fc.record({
    name: fc.constantFrom<unknown>('mine', '1', 'mine', '1', true),
    mountPath: fc.constantFrom<unknown>('/mine', '/dev/shm', '/1', '/etc/ssl', '/usr', 1),
  }),
  'initContainers[]': fc.record({
    name: fc.constantFrom<unknown>('mine', '1', 'fetch-model', 'predictor', 1),
    image: fc.constant('busybox'),
  }),
  'httpRoute.filters[]': fc.constant(headers),
  'grpcRoute.filters[]': fc.constant(headers),
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
