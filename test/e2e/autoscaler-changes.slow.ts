// From one autoscaler to another by `helm upgrade`, under load: no request is lost, and the number of pods stays what it was.
import { type ChildProcess, spawn } from 'node:child_process';
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import { eventually, ingressUrl, predict } from './http.ts';
import { useKeda } from './keda.ts';
import { Load, seconds } from './load.ts';
import { useNamespace } from './namespace.ts';
import { Release, type Values } from './release.ts';

const row = [5.1, 3.5, 1.4, 0.2];
const none = (replicas: number) => ({ replicas, autoscaling: { type: 'none' } });
/** In percent of the request, and more than the limit allows: the load scales nothing up, however slow the machine. */
const cpuUtilization = 1000;
const hpa = (minReplicas: number) => ({
  autoscaling: { type: 'hpa', minReplicas, cpuUtilization },
});
const cpu = {
  type: 'cpu',
  metricType: 'Utilization',
  metadata: { value: String(cpuUtilization) },
};
const keda = {
  autoscaling: { type: 'keda', minReplicas: 1, maxReplicas: 5, keda: { triggers: [cpu] } },
};

describe.skipIf(inject('cluster').provider === 'given')('a change of the autoscaler', () => {
  useKeda();
  const namespace = useNamespace('autoscaler-changes');
  const release = new Release(namespace);

  beforeAll(async () => {
    await release.install({ versionDefaults: none(3) });
    await eventually(15, async () =>
      expect(await predict(release.host, '/predict', row)).toMatchObject({ status: 200 }),
    );
  });

  afterAll(async () => {
    await release.uninstall(); // while KEDA is there: it holds a finalizer on the ScaledObject
  });

  it.each<[string, Values, number, readonly string[]]>([
    ['from none to an HPA', hpa(1), 3, ['ml-api-v1']],
    ['within an HPA', { ...hpa(1), podAnnotations: { rollout: 'now' } }, 3, ['ml-api-v1']],
    ['from an HPA to KEDA', keda, 3, ['keda-hpa-ml-api-v1']],
    ['from KEDA to an HPA', hpa(1), 3, ['ml-api-v1']],
    ['from an HPA to none', none(4), 4, []],
    ['from none to KEDA', keda, 4, ['keda-hpa-ml-api-v1']],
    ['from KEDA to none', none(4), 4, []],
  ])('%s', async (_what, versionDefaults, pods, autoscalers) => {
    const watch = new ReplicasWatch(namespace.name);
    const load = new Load({ url: `${ingressUrl()}/predict`, host: release.host, rate: 100 });
    try {
      await seconds(2);
      await release.install({ versionDefaults });
      await eventually(60, async () => {
        const found = await namespace.list('hpa');
        expect(found.map(({ metadata }) => metadata.name)).toEqual(autoscalers);
        for (const { status } of found) expect(status).toMatchObject({ currentReplicas: pods });
      });
      await seconds(3);
    } finally {
      watch.stop();
      const { sent, failed, errors } = await load.stop();
      expect(sent).toBeGreaterThan(300);
      expect({ failed, errors }).toEqual({ failed: 0, errors: [] });
    }
    expect(Math.min(...watch.seen)).toBeGreaterThanOrEqual(3);
    expect(watch.seen.at(-1)).toBe(pods);
  });

  it('to none, once an autoscaler has scaled, is a conflict, which --force-conflicts decides', async () => {
    const replicas = async () =>
      JSON.parse(await namespace.kubectl(['get', 'deployment/ml-api-v1', '--output=json'])).spec
        .replicas;
    await release.install({ versionDefaults: none(3) });
    await release.install({ versionDefaults: hpa(5) });
    await eventually(60, async () => expect(await replicas()).toBe(5));

    const { ok, output } = await release.tryInstall({ versionDefaults: none(2) });
    expect(ok).toBe(false);
    expect(output).toMatch(/conflict.*\.spec\.replicas/s);
    expect(await replicas()).toBe(5);

    await release.install({ versionDefaults: none(2) }, ['--force-conflicts']);
    expect(await replicas()).toBe(2);
  });
});

/** What `spec.replicas` of the version was, with every change of it. */
class ReplicasWatch {
  readonly seen: number[] = [];
  private readonly process: ChildProcess;

  constructor(namespace: string) {
    const { kubectl, kubeconfig } = inject('cluster');
    this.process = spawn(
      kubectl,
      [
        ...['--kubeconfig', kubeconfig, '--namespace', namespace],
        ...[
          'get',
          'deployment',
          'ml-api-v1',
          '--watch',
          '--output=jsonpath={.spec.replicas}{"\\n"}',
        ],
      ],
      { stdio: ['ignore', 'pipe', 'inherit'] },
    );
    let rest = '';
    this.process.stdout?.on('data', (data) => {
      const lines = `${rest}${data}`.split('\n');
      rest = lines.pop() ?? '';
      this.seen.push(...lines.map(Number));
    });
  }

  stop(): void {
    this.process.kill();
  }
}
