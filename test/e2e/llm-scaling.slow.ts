// More pods for a language model while requests wait, by KEDA, which asks Prometheus what the pods say of themselves.
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import { panelQueries } from '../../monitoring/dashboard/queries.ts';
import { eventually } from './http.ts';
import { useKeda } from './keda.ts';
import { hour, LlmStore } from './llm.ts';
import { useNamespace } from './namespace.ts';
import { openaiAt, Stream } from './openai.ts';
import { prometheusUrl, usePrometheus } from './prometheus.ts';
import { Release } from './release.ts';

const { ingress, volumes } = inject('cluster');
const possible = volumes !== null && ingress?.className === 'contour';

describe.skipIf(!possible)('a language model for which requests wait', () => {
  const prometheus = usePrometheus();
  useKeda();
  const namespace = useNamespace('llm-scaling');
  const release = new Release(namespace);
  const store = new LlmStore(namespace);

  beforeAll(async () => {
    await store.prepare();
    await release.install({
      ...store.values({
        extraArgs: ['--ctx-size', '16384', '--parallel', '1'], // a second request waits
        autoscaling: {
          type: 'keda',
          maxReplicas: 2,
          waitingRequests: 1,
          keda: { prometheusUrl, pollingInterval: 2, cooldownPeriod: 10 },
        },
        shutdown: { drainSeconds: 300 },
      }),
      ingress: { hosts: [release.host], controller: 'contour' },
    });
  }, hour);
  afterAll(async () => {
    await release.uninstall(); // while KEDA is there: it holds a finalizer on the ScaledObject
    await store.remove();
  });

  it('gets a second pod, is seen on the dashboard, and every request gets its whole answer', async () => {
    const client = openaiAt({ host: release.host });
    await eventually(15, () => client.models.list());
    const streams = Array.from({ length: 5 }, () => new Stream(client, 1000));
    await eventually(60, async () => expect(await emptyPanels()).toEqual([]));
    await eventually(120, async () => {
      const { status } = await namespace.get('deployment', 'ml-api-llama');
      expect(status.readyReplicas).toBe(2);
    });
    await Promise.all(streams.map(({ whole }) => whole));
    expect(streams.map(({ finishReason }) => finishReason)).toEqual(Array(5).fill('length'));
  });

  /** The queries of the dashboard for llama.cpp that give nothing now. */
  async function emptyPanels(): Promise<string[]> {
    const queries = panelQueries({
      namespace: namespace.name,
      deployment: 'ml-api-llama',
      model: '.*',
      __rate_interval: '30s',
    }).filter(({ expr }) => expr.includes('llamacpp:'));
    const empty: string[] = [];
    for (const { expr } of queries)
      if ((await prometheus.query(expr)).length === 0) empty.push(expr);
    expect(queries.length).toBeGreaterThan(4); // they were found
    return empty;
  }
});
