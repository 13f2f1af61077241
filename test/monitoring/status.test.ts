// `npm run status`: what it makes of real metrics, of the chart's own objects, and of what people type.
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { parseAllDocuments } from 'yaml';
import { podsBehind } from '../../monitoring/status/behind.ts';
import { figuresOf } from '../../monitoring/status/figures.ts';
import type { Deployment, Pod, Resource } from '../../monitoring/status/kubernetes.ts';
import { servingPods } from '../../monitoring/status/pods.ts';
import { parseMetrics, type Sample } from '../../monitoring/status/prometheus-text.ts';
import { table } from '../../monitoring/status/table.ts';
import { versionsOf } from '../../monitoring/status/versions.ts';
import { weightsOf } from '../../monitoring/status/weights.ts';
import { examples, render } from '../chart/chart.ts';

/** What a predictor with a shadow wrote after five batches of 150 flowers, twenty of one, and an invalid request. */
const recorded = readFileSync(path.join(import.meta.dirname, 'metrics.txt'), 'utf8');

describe('the figures of a version', () => {
  it('are those of its predictions, without probes', () => {
    expect(figuresOf(parseMetrics(recorded))).toEqual({
      model: 'iris',
      contractHash: expect.stringMatching(/^[0-9a-f]{64}$/),
      requests: 26,
      errors: 0,
      p99: expect.closeTo(0.009567, 6),
      shadow: { challenger: 'v2', rows: 770, disagreed: 25 },
    });
  });

  it('are the sum of its pods, of which one may fail', () => {
    const failing = recorded.replaceAll('status="422"', 'status="503"');
    const samples = [recorded, failing].flatMap(parseMetrics);
    expect(figuresOf(samples)).toMatchObject({
      requests: 52,
      errors: 1,
      p99: expect.closeTo(0.009567, 6),
      shadow: { rows: 1540, disagreed: 50 },
    });
  });

  it('name all models of several, which have a contract each', () => {
    const info = /^ml_api_model_info\{.*$/m.exec(recorded)?.[0] ?? '';
    const other = info.replace('name="iris"', 'name="flowers"').replace(/hash="\w+/, 'hash="0');
    const { model, contractHash } = figuresOf(parseMetrics(`${recorded}\n${other}\n${info}\n`));
    expect([model, contractHash]).toEqual(['iris, flowers', '']);
  });

  it('are empty before the first prediction', () => {
    const fresh = recorded
      .split('\n')
      .filter((line) => !line.includes('"/predict"') && !line.includes('shadow'));
    expect(figuresOf(parseMetrics(fresh.join('\n')))).toMatchObject({
      requests: 0,
      p99: undefined,
      shadow: undefined,
    });
  });
});

describe("Prometheus' text format", () => {
  it('is read with quoted characters and infinities', () => {
    expect(parseMetrics('# HELP a b\na{x="say \\"hi\\"\\\\\\n",le="+Inf"} +Inf\nb 1e-3\n')).toEqual(
      [
        { name: 'a', labels: { x: 'say "hi"\\\n', le: '+Inf' }, value: Number.POSITIVE_INFINITY },
        { name: 'b', labels: {}, value: 0.001 },
      ],
    );
  });

  it('is told from a page', () => {
    expect(() => parseMetrics('<html>')).toThrow(
      '"<html>" is no line of Prometheus\' text format: expected name{label="value"} number.',
    );
  });
});

describe('the weights at /', () => {
  it('are those of the HTTPRoute', () => {
    const file = examples.find(({ name }) => name === 'two-versions')?.file ?? '';
    expect([...weightsOf(objects('--values', file), [])]).toEqual([
      ['ml-api-v1', 90],
      ['ml-api-v2', 10],
    ]);
  });

  it('are those of the nginx Ingress and its canary', () => {
    const file = examples.find(({ name }) => name === 'two-versions-nginx')?.file ?? '';
    const weights = weightsOf(objects('--values', file), []);
    expect(weights.get('ml-api-v1')).toBe(100 - (weights.get('ml-api-v2') ?? 0));
    expect(weights.get('ml-api-v2')).toBeGreaterThan(0);
  });

  it('are those of the predictor that splits', () => {
    const split = parseMetrics('ml_api_split_weight{to="v1"} 3\nml_api_split_weight{to="v2"} 1\n');
    const both = objects('--set=versions.v2.enabled=true');
    const shown = (samples: readonly Sample[]) => [...weightsOf(both, samples)];
    expect(shown(split)).toEqual([
      ['ml-api-v1', 75],
      ['ml-api-v2', 25],
    ]);
    const notYet = parseMetrics('ml_api_split_weight{to="v1"} 4\nml_api_split_weight{to="v2"} 0\n');
    expect(shown([...split, ...notYet])).toEqual([
      ['ml-api-v1', 88],
      ['ml-api-v2', 13],
    ]);
  });

  it('are all of the default version without anything that splits', () => {
    expect([...weightsOf(objects(), [])]).toEqual([['ml-api-v1', 100]]);
  });
});

describe('the table', () => {
  it('has a line for each version, with what its pods and its autoscaler say', async () => {
    const rendered = objects('--set=versions.v2.autoscaling.type=none,traffic.shadow.to=v2');
    const asked: string[] = [];
    const resources = [...rendered.map(asIfReady), pod('v1', true), pod('v2', false)];
    const pods = await servingPods(resources, async ({ metadata }) => {
      asked.push(metadata.name);
      return recorded;
    });
    expect(asked).toEqual(['ml-api-v1-abc-12345']); // a pod that is not ready has nothing to say
    expect(table(versionsOf(resources, pods))).toBe(
      [
        'VERSION  WEIGHT  READY  HPA             MODEL  CONTRACT      REQUESTS  ERRORS     P99      SHADOW DISAGREEMENT',
        'v1       100 %   1/1    1-5 CPU 7/50 %  iris   234b383975cf  26        0 (0.0 %)  9.57 ms  3.2 % of 770 by v2',
        'v2       -       1/1    -               -      -             -         -          -        -',
        '',
      ].join('\n'),
    );
  });
});

describe('the pods that do not share the traffic as the release says', () => {
  const rendered = objects('--set=versions.v2.enabled=true,traffic.shadow.to=v2');
  const configMap = rendered.find(({ kind }) => kind === 'ConfigMap');
  const served = rendered.flatMap((one) => (one.kind === 'Deployment' ? [mounting(one)] : []));
  const behind = async (metrics: (version: string) => string | undefined) => {
    const resources = [...rendered.map(asIfReady), ...served];
    const asked = ({ metadata }: Pod) => metrics(metadata.labels?.['ml-api/model-version'] ?? '');
    const pods = await servingPods(resources, async (one) => asked(one));
    expect(pods).toHaveLength(2);
    return podsBehind(resources, pods).map(({ name, why }) => `${name} ${why}`);
  };
  const applying = (content: string | undefined) =>
    `ml_api_traffic_info{sha256="${createHash('sha256')
      .update(content ?? '')
      .digest('hex')}"} 1\nml_api_traffic_refused 0\n`;
  const settings = (version: string) =>
    configMap?.kind === 'ConfigMap' ? configMap.data?.[`${version}.json`] : undefined;

  it('are none where each applies the very content', async () => {
    expect(settings('v1')).toContain('"SHADOW":"v2@');
    expect(await behind((version) => applying(settings(version)))).toEqual([]);
  });

  it('apply another, or two at once while their threads differ', async () => {
    const both = applying('{}') + applying(settings('v1'));
    for (const v1 of [applying('{}'), applying(settings('v2')), both])
      expect(await behind((version) => (version === 'v1' ? v1 : applying(settings('v2'))))).toEqual(
        ['ml-api-v1-abc-12345 applies older traffic settings'],
      );
  });

  it('refuse it, or say nothing of it', async () => {
    const refused = applying('{}').replace('refused 0', 'refused 1');
    expect(await behind((version) => (version === 'v1' ? refused : undefined))).toEqual([
      'ml-api-v1-abc-12345 refuses the traffic settings, and its log says why',
      'ml-api-v2-abc-12345 does not say which traffic settings it applies',
    ]);
  });

  it('are none of those that end', async () => {
    const metadata = { ...pod('v1', true).metadata, deletionTimestamp: '2026-12-01T11:00:00Z' };
    expect(await servingPods([{ ...pod('v1', true), metadata }], async () => recorded)).toEqual([]);
  });
});

/** A ready pod of a Deployment, with its volumes. */
function mounting({ metadata, spec }: Deployment): Pod {
  const one = pod(metadata.labels?.['ml-api/model-version'] ?? '', true);
  return { ...one, spec: { ...one.spec, ...spec.template.spec } };
}

function objects(...values: string[]): Resource[] {
  return parseAllDocuments(render(...values)).map((document) => document.toJS());
}

/** As the API server would have it some seconds later. */
function asIfReady(resource: Resource): Resource {
  if (resource.kind === 'Deployment') return { ...resource, status: { readyReplicas: 1 } };
  if (resource.kind === 'Pod') return { ...resource, status: {} }; // of helm test, which has ended
  if (resource.kind !== 'HorizontalPodAutoscaler') return resource;
  const cpu = { containerResource: { name: 'cpu', current: { averageUtilization: 7 } } };
  return { ...resource, status: { currentMetrics: [cpu] } };
}

function pod(version: string, ready: boolean): Pod {
  return {
    kind: 'Pod',
    metadata: { name: `ml-api-${version}-abc-12345`, labels: { 'ml-api/model-version': version } },
    spec: { containers: [] },
    status: { conditions: [{ type: 'Ready', status: ready ? 'True' : 'False' }] },
  };
}
