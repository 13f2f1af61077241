// A new version on its way to users: in the shadow, compared, held back by the gate or let through, given to some users.
import path from 'node:path';
import { beforeAll, describe, expect, inject, it } from 'vitest';
import { buildSdk } from '../build-sdk.ts';
import { runNode } from '../run-program.ts';
import { golden } from './golden.ts';
import { eventually, ingressUrl, predict } from './http.ts';
import { Load, seconds } from './load.ts';
import { useNamespace } from './namespace.ts';
import { prometheusFromHere, prometheusUrl, usePrometheus } from './prometheus.ts';
import { Release, type Values } from './release.ts';
import { writeReport } from './report.ts';
import { binomialInterval } from './statistics.ts';

const sdk = path.resolve(import.meta.dirname, '../../sdk/dist/cli/main.js');
const confidence = 0.999;
const row = [5.1, 3.5, 1.4, 0.2];

describe.skipIf(inject('cluster').provider === 'given')('a promotion', () => {
  usePrometheus();
  const namespace = useNamespace('promotion');
  const release = new Release(namespace);
  const figures: string[] = [];

  /** v2 is another model; v3 is v1's under another name, so that it agrees. */
  const values = (weights: Values, shadowTo: string): Values => ({
    versions: { v1: {}, v2: {}, v3: { model: { path: '/models/v1' } } },
    versionDefaults: { autoscaling: { type: 'none' }, replicas: 2 }, // counts of pods that end would be lost
    traffic: {
      weights,
      splitBy: 'predictor',
      shadow: { to: shadowTo, perSecond: 10_000, maxInFlight: 1000, keep: 5 },
    },
    promotion: {
      gate: {
        enabled: true,
        prometheusUrl,
        window: '15m',
        minRows: 1000,
        maxDisagreement: 0.005,
        maxLatencySeconds: 5, // a machine of two cores, which the load shares
      },
    },
  });

  beforeAll(async () => {
    buildSdk();
    await share({ v1: 100 }, 'v2');
    await seconds(5); // Prometheus has seen all counts at 0
    await eventually(10, () => okFrom(row));
  });

  it('is refused where the challenger disagrees too often, by exactly the share that it disagrees on', async () => {
    const rows: readonly unknown[] = golden('v1').inputs;
    const different = await disagreements(rows);
    const known = different / rows.length;
    expect(known).toBeGreaterThan(0.005);
    const requests = 3000;
    const before = await shadowReport(); // waiting for the shadow has sent it a row again and again
    await concurrently(20, requests, () => okFrom(rows[Math.floor(Math.random() * rows.length)]));
    const { compared, disagreed, report } = await shadowReport();
    expect(report.requests).toMatchObject({ failed: 0, timed_out: 0 });
    const trials = compared - before.compared;
    expect(trials).toBeGreaterThan(requests / 2);
    const [least, most] = binomialInterval({ trials, probability: known, confidence });
    const found = disagreed - before.disagreed;
    expect(found, `of ${trials}, after ${before.compared}`).toBeGreaterThanOrEqual(least);
    expect(found, `of ${trials}, after ${before.compared}`).toBeLessThanOrEqual(most);
    expect(report.disagreements).toHaveLength(5);

    await seconds(6); // two scrapes of Prometheus and one more
    const share = `${((100 * disagreed) / compared).toFixed(2)} %`;
    const { ok, output } = await release.tryInstall(values({ v1: 90, v2: 10 }, 'v2'));
    expect(ok).toBe(false);
    expect(output).toContain(`rows disagree: ${share}, more than 0.50 % (maxDisagreement)`);
    expect(await versionsOf(200)).toEqual({ v1: 200 }); // nothing has changed
    figures.push(
      `v1 and v2 disagree on ${different} of the ${rows.length} flowers (${(100 * known).toFixed(2)} %). In the shadow of ${requests} requests, ${trials} rows were compared and ${found} differed (99.9 % of such samples have ${least} to ${most}). The gate said:`,
      '```text',
      output.trim(),
      '```',
    );
  });

  it('goes through where the challenger agrees, and each user stays with one version', async () => {
    await share({ v1: 100 }, 'v3');
    await concurrently(20, 2000, () => okFrom(row));
    expect((await shadowReport()).disagreed).toBe(0);
    await seconds(6);
    const before = await championPods();
    await share({ v1: 90, v3: 10 }, 'v3');
    expect(await championPods()).toEqual(before); // none was restarted

    const users = Array.from({ length: 500 }, (_, user) => `user-${user}`);
    const versions = new Map<string, Set<string | null>>();
    await concurrently(20, 5000, async (i) => {
      const user = users[i % users.length] ?? '';
      const { version } = await okFrom(row, { 'ML-User': user });
      versions.set(user, (versions.get(user) ?? new Set()).add(version));
    });
    const onOne = [...versions.values()].filter((seen) => seen.size === 1);
    expect(onOne).toHaveLength(500);
    const onV3 = onOne.filter((seen) => seen.has('v3')).length;
    const [least, most] = binomialInterval({ trials: 500, probability: 0.1, confidence });
    expect(onV3).toBeGreaterThanOrEqual(least);
    expect(onV3).toBeLessThanOrEqual(most);
    figures.push(
      `Of 500 users with 10 requests each, all 500 stayed with one version; at 90 to 10, ${onV3} of them got v3 (99.9 % of such splits: ${least} to ${most}).`,
    );
  });

  it('is told of by the report of the SDK, from Prometheus', async () => {
    const { stdout, stderr, code } = await runNode(sdk, [
      ...['report', '--prometheus', await prometheusFromHere(), '--namespace', namespace.name],
    ]);
    expect(code, stderr).toBe(0);
    expect(stdout).toMatch(/^v1: \d+ requests/m);
    expect(stdout).toMatch(/^v3: \d+ requests/m);
    figures.push('`ml-sdk report` at this moment:', `\`\`\`text\n${stdout}\`\`\``);
  });

  it('grows step by step, and is taken back, without a lost request', async () => {
    const load = new Load({ url: `${ingressUrl()}/predict`, host: release.host, rate: 100 });
    await seconds(3);
    for (const percent of [50, 100]) await share({ v1: 100 - percent, v3: percent }, 'v3');
    const { ok, output } = await release.rollback(await lastRevision());
    expect(ok, output).toBe(true);
    await untilShared({ v1: 90, v3: 10 }, 'v3');
    await seconds(3);
    const { sent, failed, errors } = await load.stop();
    expect({ failed, errors }).toEqual({ failed: 0, errors: [] });
    figures.push(
      `From 10 to 50 to 100 % of the users and back by \`helm rollback\`, under 100 requests a second: ${sent} sent, ${failed} failed.`,
    );
  });

  it('leaves users alone where the challenger has no pod', async () => {
    const all = values({ v1: 100 }, 'v2');
    await release.install({ ...all, versions: { v1: {}, v2: { replicas: 0 } } });
    await untilShared({ v1: 100 }, 'v2');
    await eventually(60, async () => {
      expect(await namespace.list('pods', 'ml-api/model-version=v2')).toEqual([]);
    });
    const before = await shadowReport();
    await concurrently(20, 1000, () => okFrom(row));
    const { compared, report } = await shadowReport();
    expect(compared).toBe(before.compared);
    expect(report.requests.failed + report.requests.timed_out).toBeGreaterThan(0);
    expect(report.firstFailure).toMatch(/ml-api-v2/);
    figures.push(
      'With no pod of the challenger, 1000 of 1000 requests to the champion were answered.',
    );
    writeReport('promotion.md', `# A promotion\n\n${figures.join('\n\n')}\n`);
  });

  /** Installs it, and waits until the champion's pods have read how the traffic is shared. */
  async function share(weights: Readonly<Record<string, number>>, shadowTo: string) {
    await release.install(values(weights, shadowTo));
    await untilShared(weights, shadowTo);
  }

  async function untilShared(weights: Readonly<Record<string, number>>, shadowTo: string) {
    const expected = Object.entries(weights).map(
      ([to, weight]) =>
        new RegExp(`^ml_api_split_weight\\{to="${to}",version="v1"\\} ${weight}$`, 'm'),
    );
    await eventually(60, async () => {
      for (const pod of await championPods()) {
        const text = await fromPod(pod, '/metrics');
        for (const line of expected) expect(text).toMatch(line);
        expect(text).toContain(`ml_api_shadow_requests_total{challenger="${shadowTo}"`);
      }
    });
  }

  async function championPods(): Promise<string[]> {
    const pods = await namespace.list('pods', 'ml-api/model-version=v1');
    const staying = pods.filter(({ metadata }) => metadata.deletionTimestamp === undefined);
    return staying.map(({ metadata }) => metadata.name).sort();
  }

  function fromPod(pod: string, path: string): Promise<string> {
    const proxy = `/api/v1/namespaces/${namespace.name}/pods/${pod}:9090/proxy`;
    return namespace.kubectl(['get', '--raw', `${proxy}${path}`]);
  }

  async function okFrom(inputs: unknown, headers: Readonly<Record<string, string>> = {}) {
    const answer = await predict(release.host, '/predict', inputs, { headers });
    expect(answer, JSON.stringify(answer.body)).toMatchObject({ status: 200 });
    return answer;
  }

  /** On how many of the rows v1 and v2 differ, each asked itself. */
  async function disagreements(inputs: readonly unknown[]): Promise<number> {
    const ask = (version: string) => predict(release.host, `/${version}/predict`, inputs);
    const [one, two] = await Promise.all([ask('v1'), ask('v2')]);
    return one.body.prediction.filter((p: number, i: number) => p !== two.body.prediction[i])
      .length;
  }

  async function versionsOf(requests: number): Promise<Record<string, number>> {
    const counts: Record<string, number> = {};
    await concurrently(20, requests, async () => {
      const { version } = await okFrom(row);
      counts[String(version)] = (counts[String(version)] ?? 0) + 1;
    });
    return counts;
  }

  /** What all pods of the default version tell of the shadow, once nothing is in flight. */
  async function shadowReport() {
    await seconds(2); // the timeout of a shadowed request
    let compared = 0;
    let disagreed = 0;
    // biome-ignore lint/suspicious/noExplicitAny: JSON that tests assert on.
    let report: any;
    for (const pod of await championPods()) {
      report = JSON.parse(await fromPod(pod, '/shadow/disagreements'));
      compared += report.rows.agreed + report.rows.disagreed;
      disagreed += report.rows.disagreed;
    }
    return { compared, disagreed, report };
  }

  /** The revision before the latest two: that of 10 %. */
  async function lastRevision(): Promise<number> {
    const revisions = await namespace.list('secrets', 'owner=helm,name=ml-api');
    const numbers = revisions.map(({ metadata }) => Number(metadata.labels?.['version']));
    return Math.max(...numbers) - 2;
  }
});

/** Runs work so many times, some at once. */
async function concurrently(
  workers: number,
  times: number,
  work: (i: number) => Promise<unknown>,
): Promise<void> {
  let next = 0;
  const worker = async () => {
    while (next < times) await work(next++);
  };
  await Promise.all(Array.from({ length: workers }, worker));
}
