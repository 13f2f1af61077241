// Values of one kind are alike wherever they stand: each place takes what Kubernetes and container runtimes take, by their own rules, and
// refuses the rest by its path.
import { afterAll, describe, expect, test } from 'vitest';
import { startAdmitter } from './admit.ts';
import { faultsOf } from './faults.ts';

const admitter = startAdmitter();
afterAll(() => admitter.close());

/** What becomes of values: 'sound', their faults, or why they were refused. */
async function outcome(values: object): Promise<string> {
  const rendering = { release: 'ml-api', namespace: 'models', upgrade: false, values };
  const admission = await admitter.admit(rendering);
  if ('refused' in admission) return admission.refused;
  return faultsOf(rendering, admission).join('\n') || 'sound';
}

/** A place of values with what it needs beside it. */
type Place = { readonly at: string; readonly values: (value: unknown) => object };

const version = (values: object) => ({ versions: { v1: values } });
const model = (values: object) => version({ model: values });
const llm = (values: object) => ({
  defaultVersion: 'llama',
  versions: {
    llama: {
      runtime: 'llamacpp',
      model: { source: 'huggingFace', huggingFace: { id: 'a/b' } },
      ...values,
    },
  },
  ingress: { controller: 'nginx' },
});
const uri = 's3://models/iris';

/** Each value at each place. */
function each(places: readonly Place[], values: readonly unknown[]) {
  return places.flatMap((place) =>
    values.map((value) => [place.at, JSON.stringify(value), place.values(value)] as const),
  );
}

/** Tests what all places of a kind take and refuse. */
function kind(
  name: string,
  places: readonly Place[],
  values: { readonly takes: readonly unknown[]; readonly refuses: readonly unknown[] },
): void {
  describe(name, () => {
    test.each(each(places, values.takes))('%s may be %s', async (_at, _value, drawn) => {
      expect(await outcome(drawn)).toBe('sound');
    });
    test.each(each(places, values.refuses))('%s may not be %s', async (at, _value, drawn) => {
      expect(await outcome(drawn)).toContain(`- at '/${at.replaceAll('.', '/')}': `);
    });
  });
}

const repositories: readonly Place[] = [
  { at: 'image.repository', values: (repository) => ({ image: { repository } }) },
  {
    at: 'versionDefaults.image.repository',
    values: (repository) => ({ versionDefaults: { image: { repository, tag: '1' } } }),
  },
  ...['triton', 'custom'].map((runtime) => ({
    at: 'versions.v1.image.repository',
    values: (repository: unknown) => ({
      ...version({ runtime, image: { repository, tag: '1' }, ports: { http: 8000 } }),
      ingress: { controller: 'nginx' },
    }),
  })),
];

const host = (length: number) => `${'a'.repeat(length)}.example.com`;

kind('the repository of an image', repositories, {
  takes: [
    ...['a', 'a.b', 'a_b/c', 'a__b/c---d', '5000/x', 'localhost/x', 'localhost:5000/x/y', 'R/x'],
    ...['R.example.com/x', '1a.example.com/x', '10.0.0.1:5000/x', 'r:1/x', 'r:65535/x'],
    ...['[::1]:5000/x', '[fd00::a]/x', '[1:2:3:4:5:6:7:8]/x', `${host(63)}/x`],
  ],
  refuses: [
    ...['r.example.com/iris:1', 'a:1', 'iris@sha256:0', 'Iris', 'R/Iris', 'a//b', 'a/', '/a'],
    ...['a_b.example.com/x', '-a/b', 'a-/b', 'a..b', 'a...b/c', 'a___b', 'r:0/x', 'r:/x'],
    ...['r:65536/x', 'r:99999/x', '999.1.1.1/x', '1.2.3/x', '[::1/x', '::1/x', '[1::2::3]/x'],
    ...['[1:2:3]/x', 'https://r/x', 'a b', 'a/é', 'a\n', `${host(64)}/x`],
  ],
});

kind(
  'a registry',
  [{ at: 'global.imageRegistry', values: (imageRegistry) => ({ global: { imageRegistry } }) }],
  {
    takes: [
      ...['', null, 'r', 'r/', 'r_x', 'r:65535', 'localhost:5000/m', 'r.example.com/a/b'],
      ...['[::1]', '[::1]:5000/m', '10.0.0.1:5000', 'R.example.com'],
    ],
    refuses: [
      ...['r:0', 'r:99999', 'https://r', 'r..x', '-r', 'r-', 'r/Mirror', 'r//m', 'r:5000:1'],
      ...['[::1', '[1::2::3]', '256.1.1.1', 'r x', 'a_b.example.com', 'r\n', '/r', ' '],
    ],
  },
);

const digest = { sha256: `sha256:${'0'.repeat(64)}`, sha512: `sha512:${'0'.repeat(128)}` };
kind(
  'an image volume',
  [
    {
      at: 'versions.v1.model.imageVolume.reference',
      values: (reference) => model({ source: 'imageVolume', imageVolume: { reference } }),
    },
  ],
  {
    takes: [
      ...['iris', 'iris:1', 'r.example.com/iris:1', '[::1]:5000/iris:1', `iris:1@${digest.sha256}`],
      `iris@${digest.sha512}`,
    ],
    refuses: [
      ...['iris:', 'iris:a b', 'iris@sha256:0', 'r/Iris:1', 'a//b:1', 'iris:1:2', 'r:99999/a:1'],
    ],
  },
);

const requests = (kindOf: string) => ({
  at: `versions.v1.resources.${kindOf}.cpu`,
  values: (cpu: unknown) =>
    version({
      autoscaling: { type: 'none' },
      resources: { requests: { cpu: null }, limits: { cpu: null }, [kindOf]: { cpu } },
    }),
});
const sizes: readonly Place[] = [
  { at: 'versions.v1.scratch.tmp', values: (tmp) => version({ scratch: { tmp } }) },
  { at: 'versions.v1.scratch.shm', values: (shm) => version({ scratch: { shm } }) },
  { at: 'versions.llama.cache.sizeLimit', values: (sizeLimit) => llm({ cache: { sizeLimit } }) },
  {
    at: 'versions.v1.model.fetch.sizeLimit',
    values: (sizeLimit) => model({ uri, fetch: { sizeLimit } }),
  },
  {
    at: 'versions.v1.model.url.sizeLimit',
    values: (sizeLimit) => model({ uri, url: { sizeLimit } }),
  },
  { at: 'modelStore.size', values: (size) => ({ modelStore: { enabled: true, size } }) },
];
const quantities = {
  takes: [
    ...['1e9', '1E3', '.5e1', '5.', '+1', '1.5Gi', '0.5G', '100u', '1000000n', '1m', '1k', '1E'],
    ...['1Ei', '2e-3', '1e+2', '007', '+.5', 1, 0.5, 1e9, 1e15],
  ],
  refuses: [
    ...['-1', '-.5', '1K', '1ki', '1e', '1e1.5', '.', '+', 'm', '1 Gi', ' 1', '1e100', '0x1F'],
    ...['1_000', '٣', '1e3Ki', '--1', '1\n', -1, 1e17],
  ],
};
kind('a quantity', ['requests', 'limits'].map(requests), {
  ...quantities,
  takes: [...quantities.takes, 0, '0', '.0', '0e9', '0.'],
});
kind('a size', sizes, {
  ...quantities,
  refuses: [...quantities.refuses, 0, '0', '00', '.0', '0.', '0.0Gi', '0e9', '+0'],
});

const directories: readonly Place[] = [
  { at: 'versions.v1.model.path', values: (path) => model({ source: 'image', path }) },
  {
    at: 'versions.v1.model.fetch.cache.hostPath',
    values: (hostPath) => model({ uri, fetch: { cache: { hostPath } } }),
  },
];
kind('a path from the root', directories, {
  takes: ['', '/a', '/a/b/', '/a//b', '/..a', '/...', '/a..b', '/.a/b', '/a.', '/@/+-_'],
  refuses: [
    ...['a', '/', '//', '/.', '/..', '/a/..', '/../a', '/a/../b', '/a/./b', '/a/.', './a'],
    ...['/a b', '/a:b', '/a\n', '/a\u00a0', '/é', '/$(A)', '~/a', 'C:\\a'],
  ],
});

const folders: readonly Place[] = [
  {
    at: 'versions.v1.model.pvc.subPath',
    values: (subPath) => model({ source: 'pvc', pvc: { existingClaim: 'a', subPath } }),
  },
  {
    at: 'versions.v1.model.imageVolume.subPath',
    values: (subPath) =>
      model({ source: 'imageVolume', imageVolume: { reference: 'a:1', subPath } }),
  },
  {
    at: 'versions.llama.cache.subPath',
    values: (subPath) => llm({ cache: { existingClaim: 'a', subPath } }),
  },
];
kind('a folder', folders, {
  takes: ['', 'a', 'a/b', 'a/b/', '.a', '..a', 'a..', '...', 'a b', 'é', '日本', '$(A)', 'a:b'],
  refuses: ['/', '/a', '.', '..', '../a', 'a/..', 'a/../b', './a', 'a//b', 'a\nb', '\t'],
});

const blanks = [' ', '\t', '\n', '\r', '\v', '\u0000', '\u00a0', '\u1680'];
blanks.push('\u2003', '\u200b', '\u2028', '\u202e', '\u2060', '\u3000', '\ufeff');
kind(
  'a URI of a model',
  [
    {
      at: 'versions.v1.model.uri',
      values: (value) => model({ uri: value, requirePinned: 'never' }),
    },
  ],
  {
    takes: [
      ...['s3://models/iris', 's3://models/é/日本', 'hf://org/model@main', 'models:/iris/3'],
      ...[
        'https://example.com/a%20b.onnx',
        'http://10.0.0.1:8080/a.onnx',
        'https://[::1]/a.tar?b#c',
      ],
    ],
    refuses: [
      ...blanks.flatMap((blank) => [`s3://models/a${blank}b`, `https://example.com/a${blank}`]),
      ...['s3://', 'S3://', 'ftp://a/b', 'https:///a', 'https://a..b/c', 'https://-a/b'],
      ...['https://1.2.3.256/a', 'https://[::1::]/a', 'https://a b/c', 's3://a"b', 's3://a\\b'],
    ],
  },
);

const addresses: readonly Place[] = [
  { at: 'tests.ingressUrl', values: (ingressUrl) => ({ tests: { ingressUrl } }) },
  { at: 'tests.gatewayUrl', values: (gatewayUrl) => ({ tests: { gatewayUrl } }) },
  {
    at: 'promotion.gate.prometheusUrl',
    values: (prometheusUrl) => ({ promotion: { gate: { prometheusUrl } } }),
  },
  {
    at: 'monitoring.prometheusRule.runbookUrl',
    values: (runbookUrl) => ({ monitoring: { prometheusRule: { enabled: true, runbookUrl } } }),
  },
];
kind('an address', addresses, {
  takes: ['', 'http://a', 'http://a.b:9090/c', 'http://a_b:1', 'http://[::1]:65535', 'http://a.'],
  refuses: [
    ...['a', 'ftp://a', 'http://', 'http://a:0', 'http://a:65536', 'http://a:99999/b', 'http://a:'],
    ...['http://..', 'http://-', 'http://a..b', 'http://1.2.3.256', 'http://[::1', 'http://a b'],
    ...blanks.map((blank) => `http://a/${blank}`),
  ],
});

kind(
  'a block of addresses',
  [
    {
      at: 'networkPolicy.from.0.ipBlock.cidr',
      values: (cidr) => ({ networkPolicy: { from: [{ ipBlock: { cidr } }] } }),
    },
  ],
  {
    takes: ['10.0.0.0/8', '0.0.0.0/0', '10.0.0.1/32', '::/0', 'fd00::/8', '2001:db8::1/128'],
    refuses: ['', 'a', '10.0.0.0', '10.0.0.0/33', '10.0.0/8', '010.0.0.0/8', '::/129', 'fd00:::/8'],
  },
);

const periods: readonly Place[] = ['queueFull', 'noReadyPod'].map((alert) => ({
  at: `monitoring.prometheusRule.alerts.${alert}.for`,
  values: (value) => ({
    monitoring: { prometheusRule: { enabled: true, alerts: { [alert]: { for: value } } } },
  }),
}));
kind('a duration of Prometheus', periods, {
  takes: ['0s', '5m', '99999d', '9999w'],
  refuses: ['', '5', 'm', '1h30m', '1.5h', '-5m', '5 m', '99999w', '1y'], // 292 years are the limit
});

const prefix = (length: number) => 'p'.repeat(length);
const keyed: readonly Place[] = [
  { at: 'commonLabels', values: (commonLabels) => ({ commonLabels }) },
  { at: 'commonAnnotations', values: (commonAnnotations) => ({ commonAnnotations }) },
  { at: 'versions.v1.nodeSelector', values: (nodeSelector) => version({ nodeSelector }) },
  { at: 'versions.v1.podLabels', values: (podLabels) => version({ podLabels }) },
];
kind('the keys of labels and annotations', keyed, {
  takes: [`${prefix(253)}/a`, `${prefix(100)}.${prefix(152)}/${'a'.repeat(63)}`, 'a'].map(
    (key) => ({
      [key]: 'x',
    }),
  ),
  refuses: [],
});
describe('the keys of labels and annotations', () => {
  test.each(
    each(keyed, [{ [`${prefix(254)}/a`]: 'x' }, { [`${prefix(100)}.${prefix(153)}/a`]: 'x' }]),
  )('%s may not be %s', async (at, _value, drawn) => {
    const said = await outcome(drawn);
    expect(said).toContain(`- at '/${at.replaceAll('.', '/')}/p`);
    expect(said).toContain("pattern 'expected a key with a prefix of at most 253 characters ^|");
  });
});

const gpu = (values: object) => version({ autoscaling: { type: 'none' }, ...values });
kind(
  'the name of a device',
  [
    {
      at: 'versions.v1.gpu.resource',
      values: (resource) => gpu({ gpu: { count: 1, resource, imageTagSuffix: '-own' } }),
    },
  ],
  {
    takes: ['a/b', 'nvidia.com/mig-1g.5gb', `${prefix(244)}/${'a'.repeat(63)}`],
    refuses: ['gpu', '/a', 'a/', 'A/b', 'a/b/c', `${prefix(245)}/a`, `a/${'a'.repeat(64)}`],
  },
);
kind(
  'the class of a load balancer',
  [
    {
      at: 'versions.v1.service.loadBalancerClass',
      values: (loadBalancerClass) =>
        version({ service: { type: 'LoadBalancer', loadBalancerClass } }),
    },
  ],
  {
    takes: ['', 'a', 'service.k8s.aws/nlb', `${prefix(253)}/${'a'.repeat(63)}`],
    refuses: ['/a', 'a/', 'a/b/c', `${prefix(254)}/a`, 'a'.repeat(64)],
  },
);
describe('the devices of resources', () => {
  test.each([
    [244, 'sound'],
    [245, "pattern 'expected a resource with a prefix of at most 244 characters ^|"],
  ])('may have a prefix of %d characters: %s', async (length, said) => {
    const limits = { [`${prefix(length)}/a`]: '1' };
    expect(await outcome(gpu({ resources: { limits } }))).toContain(said);
  });
});

const tolerations: readonly Place[] = [
  { at: 'versions.v1.tolerations.0', values: (one) => version({ tolerations: [one] }) },
  {
    at: 'versions.v1.gpu.tolerations.0',
    values: (one) => gpu({ gpu: { count: 1, tolerations: [one] } }),
  },
];
kind('a toleration', tolerations, {
  takes: [
    ...[
      { operator: 'Exists' },
      { key: 'a' },
      { key: 'a.example/b', operator: 'Equal', value: '1' },
    ],
    { key: 'a', operator: 'Exists', effect: 'NoExecute', tolerationSeconds: 0 },
    { key: '', operator: 'Exists', effect: 'PreferNoSchedule' },
  ],
  refuses: [{}, { a: 1 }, null, 'a'],
});
describe('a toleration', () => {
  test.each(
    each(tolerations, [
      ...[
        { key: '/' },
        { key: 'a b' },
        { key: true },
        { key: 'a', value: 1 },
        { key: 'a', value: '/' },
      ],
      ...[
        { key: 'a', operator: 'In' },
        { key: 'a', effect: 'Never' },
      ],
      { key: 'a', effect: 'NoExecute', tolerationSeconds: '5' },
    ]),
  )('%s may not be %s', async (at, _value, drawn) => {
    expect(await outcome(drawn)).toContain(`- at '/${at.replaceAll('.', '/')}/`);
  });
  test.each(
    each(tolerations, [{ effect: 'NoSchedule' }, { key: 'a', operator: 'Exists', value: 'b' }]),
  )('%s is not to be %s', async (at, _value, drawn) => {
    expect(await outcome(drawn)).toContain(`: ${at.replace('.0', '')}: `);
  });
});

kind(
  'where variables come from',
  [
    { at: 'versions.v1.envFrom.0', values: (one) => version({ envFrom: [one] }) },
    {
      at: 'versions.v1.model.fetch.envFrom.0',
      values: (one) => model({ uri, fetch: { envFrom: [one] } }),
    },
  ],
  {
    takes: [
      { configMapRef: { name: 'a' } },
      { prefix: 'A_', secretRef: { name: '1', optional: true } },
    ],
    refuses: [
      ...[{}, { prefix: 'A_' }, { a: {} }, null, 'a', { name: 'a' }],
      { configMapRef: { name: 'a' }, secretRef: { name: 'a' } },
    ],
  },
);
kind(
  'where a variable comes from',
  [
    {
      at: 'versions.v1.env.A.valueFrom',
      values: (valueFrom) => version({ env: { A: { valueFrom } } }),
    },
    {
      at: 'versions.v1.model.fetch.env.A.valueFrom',
      values: (valueFrom) => model({ uri, fetch: { env: { A: { valueFrom } } } }),
    },
  ],
  {
    takes: [
      { fieldRef: { fieldPath: 'metadata.name' } },
      { fieldRef: { fieldPath: 'metadata.name', apiVersion: 'v1' } },
      { resourceFieldRef: { resource: 'limits.cpu', divisor: '1' } },
      { secretKeyRef: { name: '1', key: 'on' } },
      { configMapKeyRef: { name: 'a', key: 'a', optional: true } },
    ],
    refuses: [
      ...[{}, null, 'a', { a: {} }, { name: 'a' }],
      { secretKeyRef: { name: 'a', key: 'a' }, fieldRef: { fieldPath: 'metadata.name' } },
    ],
  },
);
describe('parts of lists', () => {
  test.each<[string, object]>([
    ['extraVolumes/0/name', version({ extraVolumes: [{ name: true }] })],
    ['extraVolumes/0', version({ extraVolumes: [{}] })],
    ['extraVolumes/0', version({ extraVolumes: [{ name: 'a', emptyDir: {}, hostPath: {} }] })],
    ['extraVolumes/0/hostPath', version({ extraVolumes: [{ name: 'a', hostPath: '/a' }] })],
    ['extraVolumes/0/secret', version({ extraVolumes: [{ name: 'a', secret: {} }] })],
    ['extraVolumes/0/configMap', version({ extraVolumes: [{ name: 'a', configMap: {} }] })],
    ['extraVolumes/0/image', version({ extraVolumes: [{ name: 'a', image: {} }] })],
    [
      'extraVolumes/0/persistentVolumeClaim',
      version({ extraVolumes: [{ name: 'a', persistentVolumeClaim: {} }] }),
    ],
    ['autoscaling/behavior', version({ autoscaling: { behavior: { a: {} } } })],
    [
      'autoscaling/behavior/scaleUp/policies',
      version({ autoscaling: { behavior: { scaleUp: { policies: [] } } } }),
    ],
    [
      'autoscaling/behavior/scaleUp/policies/0',
      version({ autoscaling: { behavior: { scaleUp: { policies: [{}] } } } }),
    ],
    [
      'topologySpreadConstraints/0/topologyKey',
      version({
        topologySpreadConstraints: [
          { maxSkew: 1, topologyKey: '', whenUnsatisfiable: 'DoNotSchedule' },
        ],
      }),
    ],
    ['extraVolumeMounts/0/name', version({ extraVolumeMounts: [{ name: true, mountPath: '/a' }] })],
    [
      'extraVolumeMounts/0/mountPath',
      version({ extraVolumeMounts: [{ name: 'a', mountPath: 1 }] }),
    ],
    ['extraVolumeMounts/0', version({ extraVolumeMounts: [{ name: 'a' }] })],
    ['extraVolumeMounts/0', version({ extraVolumeMounts: [{}] })],
    ['initContainers/0/name', version({ initContainers: [{ name: 1, image: 'a' }] })],
    ['initContainers/0', version({ initContainers: [{ name: 'a' }] })],
    ['autoscaling/metrics/0', version({ autoscaling: { metrics: [{}] } })],
    ['autoscaling/metrics/0/type', version({ autoscaling: { metrics: [{ type: 'Cpu' }] } })],
    [
      'autoscaling/keda/triggers/0',
      version({ autoscaling: { type: 'keda', keda: { triggers: [{ type: 'cpu' }] } } }),
    ],
    ['env/A/valueFrom/secretKeyRef', version({ env: { A: { valueFrom: { secretKeyRef: {} } } } })],
    ['env/A/valueFrom/fieldRef', version({ env: { A: { valueFrom: { fieldRef: {} } } } })],
    ['envFrom/0/secretRef', version({ envFrom: [{ secretRef: {} }] })],
    ['envFrom/0/configMapRef/name', version({ envFrom: [{ configMapRef: { name: '' } }] })],
    ['resourceClaims/0', version({ resourceClaims: [{}] })],
    ['hostAliases/0', version({ hostAliases: [{}] })],
    ['topologySpreadConstraints/0', version({ topologySpreadConstraints: [{}] })],
  ])('are not empty, and of their type: %s', async (at, values) => {
    expect(await outcome(values)).toContain(`- at '/versions/v1/${at}': `);
  });
  test.each<[string, object]>([
    ['httpRoute/filters/0', { httpRoute: { filters: [{}] } }],
    ['grpcRoute/filters/0', { grpcRoute: { filters: [{}] } }],
    ['httpRoute/parentRefs/0', { httpRoute: { parentRefs: [{}] } }],
    ['networkPolicy/from/0', { networkPolicy: { from: [{}] } }],
    ['imagePullSecrets/0', { imagePullSecrets: [{}] }],
    [
      'monitoring/prometheusRule/extraRules/0',
      { monitoring: { prometheusRule: { extraRules: [{}] } } },
    ],
    [
      'monitoring/prometheusRule/slo/burnRates/0',
      { monitoring: { prometheusRule: { slo: { burnRates: [{}] } } } },
    ],
    [
      'modelStore/persistentVolume/source/nfs',
      { modelStore: { persistentVolume: { source: { nfs: {} } } } },
    ],
    [
      'modelStore/persistentVolume/source/hostPath/path',
      { modelStore: { persistentVolume: { source: { hostPath: { path: 1 } } } } },
    ],
    [
      'modelStore/persistentVolume/source',
      {
        modelStore: {
          persistentVolume: {
            source: { hostPath: { path: '/a' }, nfs: { server: 'a', path: '/' } },
          },
        },
      },
    ],
  ])('are not empty, and of their type: %s', async (at, values) => {
    expect(await outcome(values)).toContain(`- at '/${at}': `);
  });
});
