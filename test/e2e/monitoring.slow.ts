// The dashboard and the alerts, on a real Prometheus that scrapes real pods: every panel has data under load, nothing
// fires while all is well, and a fault of each kind fires its alert, which ends with the fault.
import { cpSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, inject, it } from 'vitest';
import { panelQueries } from '../../monitoring/dashboard/queries.ts';
import { runNode } from '../run-program.ts';
import { dashboardPicture } from './dashboard-picture.ts';
import { golden } from './golden.ts';
import { eventually, ingressUrl, predict } from './http.ts';
import { Load } from './load.ts';
import { useNamespace } from './namespace.ts';
import { usePrometheus } from './prometheus.ts';
import { Release, type Values } from './release.ts';
import { writeReport } from './report.ts';
import { runbook } from './walk.ts';

const { volumes, provider } = inject('cluster');

describe.skipIf(volumes === null || provider === 'given')('monitoring', () => {
  const namespace = useNamespace('monitoring');
  const release = new Release(namespace);
  const folder = path.join(volumes ?? '', namespace.name);
  const loads: Load[] = [];

  const stored = { model: { source: 'pvc' }, autoscaling: { type: 'none' } };
  const calm = { autoscaling: { cpuUtilization: 500 } }; // their load is no reason for more pods, however slow the machine
  const soon = { scaleDown: { stabilizationWindowSeconds: 0 } };
  const values: Values = {
    versions: {
      v1: calm,
      v2: calm,
      broken: stored,
      heavy: {
        ...stored,
        config: { maxRows: 8, queueMaxRows: 8, batching: 'off' },
        resources: { limits: { cpu: '400m' } }, // two of them, on two cores, use theirs up whatever else runs
        autoscaling: { maxReplicas: 2, behavior: soon },
      },
    },
    traffic: { shadow: { to: 'v2' } },
    modelStore: {
      enabled: true,
      accessModes: ['ReadOnlyMany'],
      persistentVolume: { enabled: true, source: { hostPath: { path: folder } } },
    },
    monitoring: {
      prometheusRule: {
        // By default alerts wait for minutes and hours, so that nobody is woken for nothing.
        slo: {
          latency: { seconds: 0.05 },
          burnRates: [{ factor: 5, long: '30s', short: '10s', for: '0s', severity: 'critical' }],
        },
        alerts: {
          queueFull: { for: '0s' },
          cpuThrottled: { for: '0s', window: '30s' },
          atMaxReplicas: { for: '0s' },
          noReadyPod: { for: '0s' },
          modelLoadFailure: { for: '0s', window: '20s' },
          shadowDisagreement: { for: '0s', window: '20s' },
        },
      },
    },
  };

  const prometheus = usePrometheus({ release, values });
  const variables = {
    namespace: namespace.name,
    deployment: 'ml-api-v1|ml-api-v2',
    model: '.*',
    __rate_interval: '30s',
  };
  let began = 0;

  beforeAll(async () => {
    putModel('broken', testModel('fails-on-some-rows'));
    putModel('heavy', testModel('heavy'));
    // A second of CPU time is two here, and the heavy model takes a dozen to load.
    const { ok, output } = await release.tryInstall(values, [], { timeout: '240s' });
    expect(ok, output).toBe(true);
  });
  afterEach(stopAll);
  afterAll(async () => {
    if (began > 0) await drawDashboard();
    await release.uninstall();
    rmSync(folder, { recursive: true, force: true });
  });

  it('has data for every panel of the dashboard but those of LLMs, and no alert, while predictions are asked for', async () => {
    load('/predict', golden('v1').inputs.slice(0, 10));
    load('/v2/predict', golden('v1').inputs.slice(0, 10));
    began = Date.now() / 1000;
    const queries = panelQueries(variables).filter(({ expr }) => !/\b(vllm|llamacpp):/.test(expr));
    await eventually(90, async () => {
      const empty: string[] = [];
      for (const { panel, expr } of queries) {
        if ((await prometheus.query(expr)).length === 0) empty.push(`${panel}: ${expr}`);
      }
      expect(empty).toEqual([]);
    });
    // The start of so many pods may have been more than the CPUs bore.
    await eventually(60, async () => expect(await prometheus.firing()).toEqual([]));
  });

  it('npm run status tells of every version, from the cluster and the pods', async () => {
    const status = path.resolve(import.meta.dirname, '../../monitoring/status/status.ts');
    const { code, stdout, stderr } = await runNode(status, ['--namespace', namespace.name], {
      env: { KUBECONFIG: inject('cluster').kubeconfig },
    });
    expect(code, stderr).toBe(0);
    for (const version of ['broken', 'heavy', 'v1', 'v2']) {
      expect(stdout).toMatch(new RegExp(`^${version} .* (\\d)/\\1 `, 'm'));
    }
    expect(stdout).toMatch(/^v1 .*iris.* 0\.0 % of \d+ by v2/m);
  });

  it('alerts while predictions fail, and not after', async () => {
    load('/broken/predict', [99]);
    await fires('MlApiErrorBudgetBurn');
    await stopAll();
    const names = { NAMESPACE: namespace.name, VERSION: 'broken' };
    expect(await runbook('kubectl logs -n NAMESPACE -l', names)).toContain('"level":50');
    await ends('MlApiErrorBudgetBurn');
  });

  it('alerts while a version gets more than it can bear, and not after', async () => {
    load('/heavy/predict', Array<number>(1024).fill(1));
    await fires(
      'MlApiLatencyBudgetBurn',
      'MlApiQueueFull',
      'MlApiCpuThrottled',
      'MlApiAtMaxReplicas',
    );
    await stopAll();
    await ends(
      'MlApiLatencyBudgetBurn',
      'MlApiQueueFull',
      'MlApiCpuThrottled',
      'MlApiAtMaxReplicas',
    );
  });

  it('alerts while a shadow disagrees, and not after', async () => {
    const other = golden('v2').prediction;
    const { inputs, prediction } = golden('v1');
    load(
      '/predict',
      inputs.filter((_, row) => prediction[row] !== other[row]),
    );
    await fires('MlApiShadowDisagreement');
    await stopAll();
    await ends('MlApiShadowDisagreement');
  });

  it('alerts while a model does not load and nobody serves it, and not after', async () => {
    writeFileSync(path.join(folder, 'broken/model.onnx'), 'no model');
    await namespace.kubectl(['delete', 'pods', '--selector=ml-api/model-version=broken']);
    await fires('MlApiModelLoadFailure', 'MlApiNoReadyPod');
    await runbookOfModelLoadFailure();
    putModel('broken', testModel('fails-on-some-rows'));
    await ends('MlApiModelLoadFailure', 'MlApiNoReadyPod');
    expect(await predict(release.host, '/broken/predict', [3])).toMatchObject({ status: 200 });
  });

  /** Its commands show a person what is the matter. */
  async function runbookOfModelLoadFailure(): Promise<void> {
    const [pod] = await namespace.list('pods', 'ml-api/model-version=broken');
    const names = { NAMESPACE: namespace.name, VERSION: 'broken', POD: pod?.metadata.name ?? '' };
    const pods = await runbook('kubectl get pods -n NAMESPACE -l', names);
    expect(pods).toMatch(new RegExp(`^${names.POD} +0/1 `, 'm'));
    const described = await runbook('kubectl describe pod -n NAMESPACE POD', names);
    expect(described).toMatch(/Last State: +Terminated\s+Reason: +Error\s+Message: .*model\.onnx/);
    expect(await runbook('kubectl logs -n NAMESPACE POD --previous', names)).toContain(
      'model.onnx',
    );
    const sets = await runbook('kubectl describe deployment,replicaset -n NAMESPACE', names);
    expect(sets).toMatch(/^Name: +ml-api-broken$/m);
  }

  async function drawDashboard(): Promise<void> {
    const to = Date.now() / 1000;
    const picture = await dashboardPicture({
      variables: { ...variables, deployment: 'ml-api-v1|ml-api-v2|ml-api-broken|ml-api-heavy' },
      from: began,
      to,
      ask: (expression) => prometheus.history(expression, began, to, (to - began) / 80),
    });
    writeReport('dashboard.svg', picture);
  }

  function load(at: string, inputs: unknown): void {
    loads.push(new Load({ url: `${ingressUrl()}${at}`, host: release.host, rate: 30, inputs }));
  }

  async function stopAll(): Promise<void> {
    await Promise.all(loads.splice(0).map((one) => one.stop()));
  }

  async function fires(...alerts: string[]): Promise<void> {
    const seen = new Set<string | undefined>();
    await eventually(90, async () => {
      for (const { name } of await prometheus.firing()) seen.add(name);
      expect([...seen]).toEqual(expect.arrayContaining(alerts));
    });
  }

  async function ends(...alerts: string[]): Promise<void> {
    await eventually(150, async () => {
      const firing = await prometheus.firing();
      expect(firing.filter(({ name }) => alerts.includes(name ?? ''))).toEqual([]);
    });
  }

  /** What an administrator would do: replace a model's folder on the share. */
  function putModel(version: string, from: string): void {
    const to = path.join(folder, version);
    mkdirSync(to, { recursive: true });
    cpSync(from, to, { recursive: true });
  }
});

function testModel(name: string): string {
  return path.resolve(import.meta.dirname, '../../server/test/models', name);
}
