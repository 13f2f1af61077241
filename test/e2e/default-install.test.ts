// `helm install ml-api charts/ml-api`, and nothing more: installed, tested, called, and removed without a trace.
import { beforeAll, describe, expect, it } from 'vitest';
import { golden } from './golden.ts';
import { eventually, predict, predictAt } from './http.ts';
import { useNamespace } from './namespace.ts';
import { Release } from './release.ts';

describe('an install of the defaults', () => {
  const namespace = useNamespace('default-install');
  const release = new Release(namespace);
  const { inputs, prediction } = golden('v1');

  beforeAll(async () => {
    // The host of the defaults; every other suite has one of its own.
    await release.install({ ingress: { hosts: ['ml.local'] } });
  });

  it('answers what the tutorial says', async () => {
    const answer = await predict('ml.local', '/predict', [5.1, 3.5, 1.4, 0.2]);
    expect(answer.body).toEqual({ prediction: [0] });
  });

  it.each(['/predict', '/v1/predict'])(
    'gives all golden predictions through the Ingress at %s',
    async (path) => {
      const answer = await eventually(10, async () => {
        const got = await predict('ml.local', path, inputs);
        expect(got.status).toBe(200);
        return got;
      });
      expect(answer.body.prediction).toEqual(prediction);
      expect(answer.version).toBe('v1');
    },
  );

  it('gives all golden predictions through the Service', async () => {
    const answer = await predictAt(`${await namespace.serviceUrl('ml-api-v1')}/predict`, inputs);
    expect(answer.body.prediction).toEqual(prediction);
  });

  it('passes helm test', async () => {
    const { ok, output } = await release.test();
    expect(output).toContain('predictions: 150 rows as expected');
    expect(output).toContain('All checks passed.');
    expect(ok, output).toBe(true);
  });

  it('runs one pod with the resources of the tutorial', async () => {
    const [pod, ...others] = await namespace.predictors();
    expect(others).toEqual([]);
    expect(pod?.spec).toMatchObject({
      containers: [
        {
          resources: {
            requests: { cpu: '100m', memory: '128Mi' },
            limits: { cpu: '500m', memory: '512Mi' },
          },
        },
      ],
    });
    expect(pod?.status.containerStatuses[0].restartCount).toBe(0);
  });

  it('has an autoscaler that knows the CPU use of its pods', async () => {
    await eventually(90, async () => {
      const { spec, status } = await namespace.get('hpa', 'ml-api-v1');
      expect(spec).toMatchObject({ minReplicas: 1, maxReplicas: 5 });
      const active = status.conditions.find(
        ({ type }: { type: string }) => type === 'ScalingActive',
      );
      expect(active, active?.message).toMatchObject({ status: 'True' });
    });
  });

  it('leaves nothing when it is uninstalled', async () => {
    const { ok, output } = await release.uninstall();
    expect(ok, output).toBe(true);
    const kinds = (
      await namespace.kubectl(['api-resources', '--namespaced', '--verbs=list', '--output=name'])
    )
      .trim()
      .split('\n')
      .filter((kind) => !kind.startsWith('events') && !kind.endsWith('.metrics.k8s.io'));
    await eventually(60, async () => {
      const left = await namespace.kubectl([
        'get',
        kinds.join(','),
        '--output=name',
        '--ignore-not-found',
      ]);
      // What every namespace has, whoever uses it.
      const own = left.trim().split('\n');
      expect(own.sort()).toEqual(['configmap/kube-root-ca.crt', 'serviceaccount/default']);
    });
  });
});
