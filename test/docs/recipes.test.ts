// docs/recipes.md: the values of each recipe make objects that Kubernetes takes, and those do what the heading says. Values on the
// other pages are rendered, too.
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, expect, it } from 'vitest';
import { parse, parseAllDocuments } from 'yaml';
import { chart, render } from '../chart/chart.ts';
import { validate } from '../chart/validate.ts';
import { blocksOf } from './blocks.ts';

const folder = mkdtempSync(path.join(tmpdir(), 'recipes-'));
afterAll(() => rmSync(folder, { recursive: true }));

const recipes = blocksOf('docs/recipes.md').filter(({ language }) => language === 'yaml');

interface Part {
  readonly [field: string]: unknown;
  readonly kind: string;
  readonly metadata?: { readonly [field: string]: unknown };
}

/** A part of the object that a recipe is for, by its heading. */
const makes: Readonly<Record<string, Part>> = {
  'Pull images from a private registry': pod({
    imagePullSecrets: [{ name: 'registry' }],
    containers: [{ image: expect.stringMatching(/^registry\.example\.com\//) }],
  }),
  'Serve by HTTPS, with a certificate by cert-manager': {
    kind: 'Ingress',
    spec: { tls: [{ hosts: ['iris.example.com'], secretName: 'iris-tls' }] },
  },
  'Reach the Ingress by its address, without a host name': {
    kind: 'Ingress',
    spec: { rules: [expect.not.objectContaining({ host: expect.anything() })] },
  },
  'Require API keys': pod({
    volumes: expect.arrayContaining([
      expect.objectContaining({ secret: expect.objectContaining({ secretName: 'ml-api-keys' }) }),
    ]),
  }),
  'Keep serving while a node drains': {
    kind: 'PodDisruptionBudget',
    spec: { maxUnavailable: 1 },
  },
  'Run a fixed number of pods': { kind: 'Deployment', spec: { replicas: 3 } },
  'Scale by requests instead of CPU': {
    kind: 'ScaledObject',
    spec: {
      triggers: [
        {
          metadata: {
            query:
              'sum(rate(ml_api_http_requests_total{namespace="models", pod=~"ml-api-v1-[a-z0-9]+-[a-z0-9]+", route="/predict"}[1m]))',
          },
        },
      ],
    },
  },
  'Scale by a custom metric with an HPA': {
    kind: 'HorizontalPodAutoscaler',
    spec: { metrics: [{ type: 'Pods', pods: { metric: { name: 'ml_api_queue_rows' } } }] },
  },
  'Try a second version on a tenth of the users': {
    kind: 'ConfigMap',
    data: {
      'v1.json': expect.stringMatching(/"SPLIT":"v1=90,v2=10@.*"SPLIT_USER_COOKIE":"ml-user"/),
    },
  },
  "Serve a model from S3 with the pods' identity": {
    kind: 'ServiceAccount',
    metadata: { annotations: { 'eks.amazonaws.com/role-arn': expect.any(String) } },
  },
  'Serve what an MLflow alias names, and follow it': pod({
    containers: [{}, { name: 'follow-model' }],
  }),
  'Serve several models from one claim': pod({
    containers: [{ env: expect.arrayContaining([{ name: 'DEFAULT_MODEL', value: 'iris' }]) }],
  }),
  'Run on GPU nodes': pod({
    containers: [{ resources: { limits: { 'nvidia.com/gpu': '1', memory: '8Gi' } } }],
  }),
  'Place pods on certain nodes': pod({
    nodeSelector: { pool: 'inference' },
    tolerations: [{ key: 'dedicated' }],
    priorityClassName: 'high',
  }),
  'Add a variable, a file or a container': pod({
    initContainers: [{ name: 'wait' }],
    containers: [
      {
        env: expect.arrayContaining([{ name: 'TZ', value: 'Europe/Berlin' }]),
        volumeMounts: expect.arrayContaining([expect.objectContaining({ name: 'lookup' })]),
      },
    ],
  }),
  'Add an object of your own to the release': {
    kind: 'ExternalSecret',
    metadata: { name: 'ml-api-keys' },
  },
  'Let only one application call the model': {
    kind: 'NetworkPolicy',
    spec: {
      ingress: expect.arrayContaining([
        expect.objectContaining({
          from: expect.arrayContaining([{ podSelector: { matchLabels: { app: 'shop' } } }]),
        }),
      ]),
    },
  },
  'Scrape metrics with the Prometheus Operator': {
    kind: 'ServiceMonitor',
    metadata: { labels: { release: 'prometheus' } },
  },
  'Route with the Gateway API': {
    kind: 'HTTPRoute',
    spec: { hostnames: ['iris.example.com'], parentRefs: [{ name: 'public' }] },
  },
};

function pod(spec: object): Part {
  return { kind: 'Deployment', spec: { template: { spec } } };
}

it.each(recipes)('$section', ({ section, text }) => {
  const values = path.join(folder, 'values.yaml');
  writeFileSync(values, text);
  const manifests = render('--values', values);
  const objects = parseAllDocuments(manifests).flatMap((document) => document.toJS() ?? []);
  const made = makes[section];
  const name = made?.metadata?.['name'];
  const object = objects.find(
    ({ kind, metadata }) => kind === made?.kind && (name === undefined || metadata.name === name),
  );
  expect(object).toMatchObject(made ?? {});

  const ours = objects.filter(({ kind }) => kind !== 'ExternalSecret'); // of which there is no schema here
  const file = path.join(folder, 'manifests.yaml');
  writeFileSync(file, ours.map((object) => JSON.stringify(object)).join('\n---\n')); // JSON is YAML
  const { status, stdout, stderr } = validate('1.37', file);
  expect(status, stdout + stderr).toBe(0);
});

/** Blocks of values on the other pages, by their first keys: parts, to be added to values that are there. */
const parts = readdirSync('docs')
  .filter((page) => page.endsWith('.md') && page !== 'recipes.md')
  .flatMap((page) => blocksOf(`docs/${page}`).map((block) => ({ ...block, page })))
  .filter(({ language, text }) => language === 'yaml' && isValues(parse(text)));

it.each(parts)('$page, $section', ({ text }) => {
  const values = path.join(folder, 'values.yaml');
  writeFileSync(values, text);
  render('--values', values);
});

it('finds those of the other pages', () => expect(parts.length).toBeGreaterThan(9));

it('has a claim for each recipe', () => {
  expect(recipes.map(({ section }) => section)).toEqual(Object.keys(makes));
});

function isValues(block: unknown): boolean {
  const known = Object.keys(parse(readFileSync(path.join(chart, 'values.yaml'), 'utf8')));
  const keys = typeof block === 'object' && block !== null ? Object.keys(block) : [];
  return keys.length > 0 && keys.every((key) => known.includes(key));
}
