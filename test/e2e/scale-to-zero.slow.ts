// The tutorial's "serverless": no pod while nobody asks, the first request brings one, and load brings more. By KEDA,
// which asks Prometheus how many requests the Ingress controller has seen, those that found no pod included.
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import { golden } from './golden.ts';
import { eventually, ingressUrl, predict } from './http.ts';
import { useKeda } from './keda.ts';
import { Load, seconds } from './load.ts';
import { useNamespace } from './namespace.ts';
import { prometheusUrl, usePrometheus } from './prometheus.ts';
import { Release } from './release.ts';
import { writeReport } from './report.ts';

const row = [5.1, 3.5, 1.4, 0.2];
/** Requests a second, of 150 rows each: four times the target of a pod. */
const rate = 200;

describe.skipIf(inject('cluster').provider === 'given')('scaling to zero', () => {
  usePrometheus();
  useKeda();
  const namespace = useNamespace('scale-to-zero');
  const release = new Release(namespace);

  beforeAll(async () => {
    const ofVersion = `{envoy_cluster_name="${namespace.name}_{{ .fullname }}_80"}[20s]`;
    const query = `sum(rate(envoy_cluster_upstream_rq_total${ofVersion})) + sum(rate(envoy_cluster_upstream_cx_none_healthy${ofVersion}))`;
    await release.install({
      // A second of the load may wait: a pod that has used its CPU up stands still for some tens of milliseconds.
      config: { queueMaxRows: rate * golden('v1').inputs.length },
      versionDefaults: {
        autoscaling: {
          type: 'keda',
          minReplicas: 0,
          keda: {
            pollingInterval: 2,
            cooldownPeriod: 10,
            triggers: [
              {
                type: 'prometheus',
                metadata: {
                  serverAddress: prometheusUrl,
                  query,
                  threshold: '50',
                },
              },
            ],
          },
        },
      },
    });
  });

  afterAll(async () => {
    await release.uninstall(); // while KEDA is there: it holds a finalizer on the ScaledObject
  });

  it('goes to no pod without requests, answers the first ones some seconds later, and grows with load', async () => {
    await eventually(120, async () => expect(await namespace.predictors()).toEqual([]));

    const began = performance.now();
    const refused = await predict(release.host, '/predict', row);
    expect(refused.status).toBe(503); // by the Ingress controller, and counted by it
    await eventually(60, async () => {
      expect((await predict(release.host, '/predict', row)).body).toEqual({ prediction: [0] });
    });
    const firstAnswer = (performance.now() - began) / 1000;

    const load = new Load({
      url: `${ingressUrl()}/predict`,
      host: release.host,
      rate,
      inputs: golden('v1').inputs,
    });
    await seconds(2);
    await eventually(90, async () => {
      const ready = (await namespace.get('deployment', 'ml-api-v1')).status.readyReplicas;
      expect(ready).toBeGreaterThanOrEqual(4);
    });
    const { sent, failed, errors } = await load.stop();
    expect({ failed, errors }).toEqual({ failed: 0, errors: [] });

    const loadEnded = performance.now();
    await eventually(180, async () => expect(await namespace.predictors()).toEqual([]));
    const backToZero = (performance.now() - loadEnded) / 1000;
    writeReport(
      'scale-to-zero.md',
      `# Scaling to zero\n\nFrom no pod, the first answer came after ${firstAnswer.toFixed(1)} s. 200 requests a second made four pods or more: ${sent} sent, ${failed} failed. No pod was left ${backToZero.toFixed(0)} s after the last request.\n`,
    );
  });
});
