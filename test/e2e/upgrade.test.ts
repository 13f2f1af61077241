// Upgrades, also those that go wrong: what was serving goes on serving, and the reason is told.
import { readdirSync } from 'node:fs';
import path from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { eventually, ingressUrl, predict } from './http.ts';
import { Load, seconds } from './load.ts';
import { useNamespace } from './namespace.ts';
import { Release } from './release.ts';

/** The chart as it was released before, packaged. */
const fixtures = path.join(import.meta.dirname, 'previous');
const [previousChart = ''] = readdirSync(fixtures).filter((file) => file.endsWith('.tgz'));

describe('an upgrade', () => {
  const namespace = useNamespace('upgrade');
  const release = new Release(namespace);

  const versionOf = async () => {
    const deployment = await namespace.get('deployment', 'ml-api-v1');
    return deployment.metadata.labels?.['helm.sh/chart'];
  };

  beforeAll(async () => {
    const { ok, output } = await release.tryInstall({}, [], {
      chart: path.join(fixtures, previousChart),
    });
    expect(ok, output).toBe(true);
  });

  it('from the previous version of the chart loses no request, nor does the way back', async () => {
    const before = await versionOf();
    expect(before).toBe(previousChart.replace('.tgz', ''));
    const load = await steadyLoad();
    await release.install();
    expect(await versionOf()).not.toBe(before);
    const { ok, output } = await release.rollback(1);
    expect(ok, output).toBe(true);
    expect(await versionOf()).toBe(before);
    await seconds(3);
    const { sent, failed, errors } = await load.stop();
    expect(sent).toBeGreaterThan(500);
    expect({ failed, errors }).toEqual({ failed: 0, errors: [] });
    await release.install();
  });

  it('to a model that does not load fails; the old pods go on serving, and the pod says why', async () => {
    const load = await steadyLoad();
    const model = { path: '/models/v7' };
    const { ok, output } = await release.tryInstall({ versions: { v1: { model } } }, [], {
      timeout: '20s',
    });
    expect(ok).toBe(false);
    expect(output).toMatch(/ml-api-v1/);
    const { sent, failed } = await load.stop();
    expect(sent).toBeGreaterThan(500);
    expect(failed).toBe(0);

    await eventually(30, async () => {
      const messages = await whyNotReady();
      expect(messages).not.toEqual([]);
      for (const message of messages) expect(message).toContain('/models/v7');
    });
  });

  it('with --rollback-on-failure is undone by itself', async () => {
    await release.install();
    const model = { path: '/models/v7' };
    const { ok } = await release.tryInstall(
      { versions: { v1: { model } } },
      ['--rollback-on-failure'],
      { timeout: '15s' },
    );
    expect(ok).toBe(false);
    const { spec } = await namespace.get('deployment', 'ml-api-v1');
    expect(JSON.stringify(spec)).not.toContain('/models/v7');
    expect(await predict(release.host, '/predict', [5.1, 3.5, 1.4, 0.2])).toMatchObject({
      status: 200,
    });
  });

  it('with values that contradict each other changes nothing, and says which', async () => {
    const specWithoutReplicas = async () => {
      const { spec } = await namespace.get('deployment', 'ml-api-v1');
      return { ...Object(spec), replicas: 'as its autoscaler says' };
    };
    const before = await specWithoutReplicas();
    const { ok, output } = await release.tryInstall({ defaultVersion: 'v9' });
    expect(ok).toBe(false);
    expect(output).toContain('defaultVersion');
    expect(await specWithoutReplicas()).toEqual(before);
  });

  async function steadyLoad(): Promise<Load> {
    await eventually(10, async () => {
      expect(await predict(release.host, '/predict', [5.1, 3.5, 1.4, 0.2])).toMatchObject({
        status: 200,
      });
    });
    const load = new Load({ url: `${ingressUrl()}/predict`, host: release.host, rate: 100 });
    await seconds(2);
    return load;
  }

  /** What the containers that did not start left as their messages: what `kubectl describe pod` shows. */
  async function whyNotReady(): Promise<string[]> {
    const pods = await namespace.predictors();
    return pods.flatMap(({ status }) => {
      const [{ state, lastState }] = status.containerStatuses;
      return state.terminated?.message ?? lastState.terminated?.message ?? [];
    });
  }
});
