// The tutorial's load test: a constant load makes the autoscaler add pods up to its maximum, and its end takes them away.
import { beforeAll, describe, expect, it } from 'vitest';
import { quantile } from '../../sdk/src/cli/statistics.ts';
import { golden } from './golden.ts';
import { eventually, ingressUrl, predict } from './http.ts';
import { Load, type LoadResult, seconds } from './load.ts';
import { useNamespace } from './namespace.ts';
import { plot } from './plot.ts';
import { Release } from './release.ts';
import { table, writeReport } from './report.ts';

/** Batches of 150 flowers: together some 300 millicores of predictions, which one pod (500m) bears until the others are there. */
const rate = 400;
const rows = golden('v1').inputs;

/** The state of the autoscaler at a moment; cpu is its own figure, percent of the request on average. */
type Moment = {
  readonly at: number;
  readonly wanted: number;
  readonly ready: number;
  readonly cpu: number | null;
};

describe('the autoscaler', () => {
  const namespace = useNamespace('autoscaling');
  const release = new Release(namespace);

  beforeAll(async () => {
    await release.install({
      // A second of this load may wait: a pod that has used its half CPU up stands still for some tens of milliseconds.
      config: { queueMaxRows: rate * rows.length },
      versionDefaults: {
        autoscaling: {
          // As by default, but down after 15 seconds of calm instead of five minutes, and faster: a test has less time.
          behavior: {
            scaleDown: {
              stabilizationWindowSeconds: 15,
              policies: [{ type: 'Percent', value: 50, periodSeconds: 15 }],
            },
          },
        },
      },
    });
    // The start of a pod takes CPU, and may bring a second one: the load is to meet one that is calm.
    await eventually(180, async () => {
      const { wanted, ready, cpu } = await look();
      expect({ wanted, ready }).toEqual({ wanted: 1, ready: 1 });
      expect(cpu).not.toBeNull();
      expect(cpu).toBeLessThan(50);
      expect(await predict(release.host, '/predict', rows)).toMatchObject({ status: 200 });
    });
  });

  it('goes from one pod to five under load and back, and loses no request', async () => {
    const timeline: Moment[] = [];
    let load: Load | undefined;
    let result: LoadResult | undefined;
    /** Looks every second until something holds. @returns whether it came to hold in time */
    const watch = async (limit: number, holds: (moment: Moment) => boolean): Promise<boolean> => {
      const end = Date.now() + limit * 1000;
      while (Date.now() < end) {
        const moment = await look();
        timeline.push(moment);
        if (holds(moment)) return true;
        await seconds(1);
      }
      return false;
    };

    await watch(5, () => false);
    load = new Load({ url: `${ingressUrl()}/predict`, host: release.host, rate, inputs: rows });
    let reachedFive: boolean;
    try {
      reachedFive = await watch(150, ({ ready }) => ready === 5);
      await watch(10, () => false);
    } finally {
      result = await load.stop();
    }
    const backAtOne = await watch(180, ({ ready, wanted }) => ready === 1 && wanted === 1);
    report(timeline, result);

    expect(timeline[0]).toMatchObject({ wanted: 1, ready: 1 });
    expect(reachedFive, 'five pods under load').toBe(true);
    expect(backAtOne, 'one pod after it').toBe(true);
    expect({ failed: result.failed, errors: result.errors }).toEqual({ failed: 0, errors: [] });
  });

  async function look(): Promise<Moment> {
    const [hpa, deployment] = await Promise.all([
      namespace.get('hpa', 'ml-api-v1'),
      namespace.get('deployment', 'ml-api-v1'),
    ]);
    return {
      at: Date.now(),
      wanted: hpa.status.desiredReplicas,
      ready: deployment.status.readyReplicas ?? 0,
      cpu: hpa.status.currentMetrics?.[0]?.containerResource?.current?.averageUtilization ?? null,
    };
  }
});

/** The timeline as a table of every change of the number of pods, and as a plot. */
function report(timeline: readonly Moment[], { samples, sent, failed, latency }: LoadResult): void {
  const start = timeline[0]?.at ?? 0;
  const secondOf = (at: number) => (at - start) / 1000;
  const loadBegan = Math.min(...samples.map(({ at }) => at));
  const loadEnded = Math.max(...samples.map(({ at }) => at));
  const changes = timeline.filter(
    ({ wanted, ready }, i) =>
      wanted !== timeline[i - 1]?.wanted || ready !== timeline[i - 1]?.ready,
  );
  const lines = changes.map(({ at, wanted, ready, cpu }) => [
    secondOf(at).toFixed(0),
    String(wanted),
    String(ready),
    cpu === null ? '' : `${cpu} %`,
  ]);
  const summary = `${rate} requests a second of ${rows.length} rows each, from second ${secondOf(loadBegan).toFixed(0)} to ${secondOf(loadEnded).toFixed(0)}: ${sent} sent, ${failed} failed, p50 ${latency.p50.toFixed(1)} ms, p99 ${latency.p99.toFixed(1)} ms.`;
  writeReport(
    'autoscaling.md',
    `# The autoscaler under load\n\n${summary}\n\n${table(['second', 'pods wanted', 'pods ready', 'CPU of the request'], lines)}`,
  );

  const p99 = bySecond(samples).map(([at, values]) => ({
    x: secondOf(at),
    y: quantile(values, 0.99) ?? 0,
  }));
  writeReport(
    'autoscaling.svg',
    plot({
      title: 'One pod to five and back',
      xLabel: 'seconds',
      panels: [
        {
          label: 'pods',
          series: [
            {
              name: 'wanted',
              step: true,
              points: timeline.map(({ at, wanted }) => ({ x: secondOf(at), y: wanted })),
            },
            {
              name: 'ready',
              step: true,
              points: timeline.map(({ at, ready }) => ({ x: secondOf(at), y: ready })),
            },
          ],
        },
        {
          label: 'CPU, % of the request',
          series: [
            {
              name: 'average of the pods',
              points: timeline.flatMap(({ at, cpu }) =>
                cpu === null ? [] : [{ x: secondOf(at), y: cpu }],
              ),
            },
          ],
          line: { name: 'target', y: 50 },
        },
        { label: 'p99 latency, ms', series: [{ name: 'of each second', points: p99 }] },
      ],
    }),
  );
}

function bySecond(samples: LoadResult['samples']): [at: number, milliseconds: number[]][] {
  const groups = Map.groupBy(samples, ({ at }) => Math.floor(at / 1000) * 1000);
  return [...groups].map(([at, group]) => [at, group.map(({ milliseconds }) => milliseconds)]);
}
