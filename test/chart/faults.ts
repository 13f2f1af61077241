// What is wrong with a rendering: nothing may be, whatever the values.
import { readdirSync, readFileSync } from 'node:fs';
import { join, posix } from 'node:path';
import type { Admission, KubernetesObject, Rendering } from './admit.ts';
import { chart } from './chart.ts';
import { settingFaults } from './pod-settings.ts';

/** Faults in sentences; none where the values were refused by name or the objects are sound. */
export function faultsOf(rendering: Rendering, admission: Admission): string[] {
  const values = JSON.stringify(rendering);
  if ('refused' in admission)
    return refusedByName(admission.refused)
      ? slipsIn(admission.refused, values)
      : [admission.refused];
  const { objects, faults, notes } = admission;
  return [
    ...faults,
    ...slips(objects, notes, values),
    ...repeated('object', objects.map(identity)),
    ...objects.flatMap(podSpecs).flatMap(({ of, spec }) => containerFaults(of, spec)),
    ...settingFaults(objects),
    ...selectorFaults(rendering, objects),
    ...danglingReferences(rendering, objects),
  ];
}

/** The sentences that the chart refuses values by, with anything where a value is put in. */
const sentences = [
  ...readdirSync(join(chart, 'templates'))
    .filter((file) => file.endsWith('.tpl'))
    .map((file) => readFileSync(join(chart, 'templates', file), 'utf8'))
    .join('')
    .matchAll(/\bfail \(?(?:printf )?"((?:[^"\\]|\\.)*)"/g),
].map(([, text = '']) => {
  const literal = JSON.parse(`"${text}"`)
    .split(/%[a-z]/)
    .map((part: string) => RegExp.escape(part.replaceAll('%%', '%')));
  return new RegExp(`^${literal.join('.*')}$`, 'su');
});

/** Whether the schema names a path, or the chart says it in a sentence of its own. What a template cannot do is not said by name. */
function refusedByName(message: string): boolean {
  if (message.startsWith("values don't meet the specifications of the schema"))
    return /\n- at '[^\n]*': /.test(message) && !message.includes('panic');
  const said = /^execution error at \(ml-api\/templates\/[^)]*\): (.*)$/su.exec(message)?.[1];
  return said !== undefined && sentences.some((sentence) => sentence.test(said));
}

/** What Go's templates print in place of what is not there, unless the values hold it themselves. */
function slips(objects: readonly KubernetesObject[], notes: string, values: string): string[] {
  const text =
    JSON.stringify(objects.filter(({ metadata }) => !metadata?.name?.endsWith('-dashboard'))) +
    notes;
  return slipsIn(text, values);
}

function slipsIn(text: string, values: string): string[] {
  const exponents = text.match(/\d(?:[.]\d+)?e[+]\d+/g) ?? [];
  return ['<no value>', '<nil>', '%!', 'map[', '&{', ...exponents]
    .filter((slip) => text.includes(slip) && !values.includes(slip))
    .map((slip) => `a template printed ${slip}`);
}

const identity = ({ apiVersion, kind, metadata }: KubernetesObject) =>
  `${apiVersion} ${kind} ${metadata?.namespace}/${metadata?.name}`;

function repeated(what: string, names: readonly string[]): string[] {
  return [...new Set(names.filter((name, i) => names.indexOf(name) !== i))].map(
    (name) => `two of ${what} ${name}`,
  );
}

/** The pod that an object is or makes. */
function podSpecs(object: KubernetesObject): { of: string; spec: KubernetesObject }[] {
  const spec = object['kind'] === 'Pod' ? object['spec'] : object['spec']?.template?.spec;
  return spec?.containers === undefined ? [] : [{ of: identity(object), spec }];
}

function containerFaults(of: string, spec: KubernetesObject): string[] {
  const containers: KubernetesObject[] = [...spec['containers'], ...(spec['initContainers'] ?? [])];
  return containers.flatMap(({ name, ports = [], env = [], volumeMounts = [] }) => [
    ...repeated(
      `${of} ${name}: port`,
      ports.map(
        (port: KubernetesObject) => `${port['containerPort']}/${port['protocol'] ?? 'TCP'}`,
      ),
    ),
    ...repeated(
      `${of} ${name}: variable`,
      env.map((variable: KubernetesObject) => variable['name']),
    ),
    ...repeated(
      `${of} ${name}: mount`,
      volumeMounts.map((mount: KubernetesObject) => posix.normalize(mount['mountPath'])),
    ),
  ]);
}

/** Selectors are what they always were for this release, and each selects the pods that it is meant for. */
function selectorFaults({ release }: Rendering, objects: readonly KubernetesObject[]): string[] {
  const deployments = objects.filter(({ kind }) => kind === 'Deployment');
  const expected = deployments.flatMap((deployment) => {
    const { version, ...selector } = selectorOf(deployment['spec'].selector.matchLabels);
    const usual = { name: 'ml-api', instance: release, component: 'predictor' };
    return JSON.stringify(selector) === JSON.stringify(usual) &&
      deployment['metadata'].name.endsWith(`-${version}`)
      ? []
      : [`${identity(deployment)}: the selector is ${JSON.stringify(selector)}`];
  });
  const selecting = objects.filter(
    ({ kind }) => kind === 'Service' || kind === 'PodDisruptionBudget' || kind === 'Deployment',
  );
  const strays = selecting.flatMap((object) => {
    const labels = object['spec'].selector?.matchLabels ?? object['spec'].selector;
    const found = deployments.filter(({ spec }) =>
      Object.entries(labels).every(([key, value]) => spec.template.metadata.labels[key] === value),
    );
    return found.length === 1
      ? []
      : [`${identity(object)} selects the pods of ${found.length} Deployments`];
  });
  return [...expected, ...strays];
}

function selectorOf(labels: Readonly<Record<string, string>>) {
  const {
    'app.kubernetes.io/name': name,
    'app.kubernetes.io/instance': instance,
    'app.kubernetes.io/component': component,
    'ml-api/model-version': version,
    ...rest
  } = labels;
  return { name, instance, component, ...rest, version };
}

/** Names that lead nowhere: the release makes what it names, unless the values name it. */
function danglingReferences({ values }: Rendering, objects: readonly KubernetesObject[]): string[] {
  const made = new Set(objects.map(({ kind, metadata }) => `${kind} ${metadata?.name}`));
  const given = new Set<string>();
  collectTexts(values, given);
  return objects.flatMap((object) =>
    references(object)
      .filter(
        ({ kind, name }) => !made.has(`${kind} ${name}`) && !given.has(name) && name !== 'default',
      )
      .map(({ kind, name }) => `${identity(object)} needs ${kind} ${name}, which is not there`),
  );
}

function collectTexts(value: unknown, into: Set<string>): void {
  if (typeof value === 'string') into.add(value);
  else if (typeof value === 'object' && value !== null)
    for (const inner of Object.values(value)) collectTexts(inner, into);
}

type Reference = { readonly kind: string; readonly name: string };

function references(object: KubernetesObject): Reference[] {
  const found: Reference[] = podSpecs(object).flatMap(({ spec }) => [
    ...(spec['serviceAccountName'] === undefined
      ? []
      : [{ kind: 'ServiceAccount', name: spec['serviceAccountName'] }]),
    ...(spec['volumes'] ?? []).flatMap((volume: KubernetesObject) => [
      ...(volume['configMap'] ? [{ kind: 'ConfigMap', name: volume['configMap'].name }] : []),
      ...(volume['secret'] ? [{ kind: 'Secret', name: volume['secret'].secretName }] : []),
      ...(volume['persistentVolumeClaim']
        ? [{ kind: 'PersistentVolumeClaim', name: volume['persistentVolumeClaim'].claimName }]
        : []),
    ]),
    ...spec['containers'].flatMap((container: KubernetesObject) =>
      (container['envFrom'] ?? []).flatMap((from: KubernetesObject) =>
        from['configMapRef'] ? [{ kind: 'ConfigMap', name: from['configMapRef'].name }] : [],
      ),
    ),
  ]);
  const { kind, spec } = object;
  if (kind === 'Ingress')
    for (const { http } of spec.rules)
      for (const { backend } of http.paths)
        found.push(...backendReferences(backend.service, object['metadata'].annotations ?? {}));
  if (kind === 'HTTPRoute' || kind === 'GRPCRoute')
    for (const { backendRefs } of spec.rules)
      for (const { name } of backendRefs) found.push({ kind: 'Service', name });
  if (kind === 'HorizontalPodAutoscaler' || kind === 'ScaledObject')
    found.push({ kind: 'Deployment', name: spec.scaleTargetRef.name });
  return found;
}

/** The Service that a backend of an Ingress names; of the AWS Load Balancer Controller, the annotation in its place, and the Services in that. */
function backendReferences(
  { name, port }: KubernetesObject,
  annotations: Readonly<Record<string, string>>,
): Reference[] {
  if (port.name !== 'use-annotation') return [{ kind: 'Service', name }];
  const action = annotations[`alb.ingress.kubernetes.io/actions.${name}`];
  if (action === undefined) return [{ kind: 'action', name }];
  const groups: readonly KubernetesObject[] = JSON.parse(action).forwardConfig.targetGroups;
  return groups.map(({ serviceName }) => ({ kind: 'Service', name: serviceName }));
}
