// What happens to pods while 200 requests a second come in. What is voluntary loses no request; a killed process loses
// those that were in it, and with the SDK's retries, a caller sees none of that. E2E_RUNS makes each event happen so often.
import { createClient } from '@org/ml-sdk';
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import { quantile } from '../bench/quantile.ts';
import { InferenceClient } from './grpc.ts';
import { GrpcLoad } from './grpc-load.ts';
import { eventually, ingressAddress, ingressUrl, predict } from './http.ts';
import { inFlightAtOnce, Load, type LoadResult, neverSent, seconds } from './load.ts';
import { useNamespace } from './namespace.ts';
import { killContainer } from './node.ts';
import { Release, type Values } from './release.ts';
import { table, writeReport } from './report.ts';

const grpcPort = 8001;

const runs = { repeats: countOf(process.env['E2E_RUNS'] || '1') - 1 };

/** One event, as one way of asking saw it. */
type Row = { readonly event: string; readonly way: string } & Pick<
  LoadResult,
  'sent' | 'failed' | 'samples'
>;

describe('under 200 requests a second', () => {
  const namespace = useNamespace('no-loss');
  const release = new Release(namespace);
  const rows: Row[] = [];
  const isContour = inject('cluster').ingress?.className === 'contour';
  const grpcHost = `grpc.${release.host}`;

  /** Two pods of a fixed number, so that what happens to them is what the test does. */
  const values = (version: Values = {}): Values => ({
    versionDefaults: {
      autoscaling: { type: 'none' },
      replicas: 2,
      ports: { grpc: grpcPort },
      ...version,
    },
    ingress: {
      hosts: [release.host],
      controller: isContour ? 'contour' : '',
      grpc: { enabled: isContour, hosts: [grpcHost] },
    },
  });

  beforeAll(async () => {
    await release.install(values());
  });

  afterAll(() => {
    writeReport('no-loss.md', `# Requests lost, by event\n\n${summary(rows)}`);
  });

  /** Makes an upgrade a rollout, however often. */
  const anew = () => ({ podAnnotations: { rollout: new Date().toISOString() } });

  it('a rollout loses none', runs, async () => {
    const { lost } = await during('rollout', async () => {
      await release.install(values(anew()));
      await podsToBe(2); // those of before have gone: a pod closes its connections in its last seconds
    });
    expect(lost).toEqual([]);
  });

  it('scaling from four pods to one loses none', runs, async () => {
    await release.install(values({ replicas: 4 }));
    const { lost } = await during('scale-down', async () => {
      await release.install(values({ replicas: 1 }));
      await podsToBe(1);
    });
    expect(lost).toEqual([]);
  });

  it(
    'a drained pod loses none, and the disruption budget lets no second one go with it',
    runs,
    async () => {
      await release.install(values());
      const { lost } = await during('eviction', async () => {
        const [first, second] = await podsToBe(2);
        await evict(first?.metadata.name ?? '');
        await expect(evict(second?.metadata.name ?? '')).rejects.toThrow(/disruption budget/);
        await seconds(1);
        await namespace.kubectl(['rollout', 'status', 'deployment/ml-api-v1', '--timeout=60s']);
        await podsToBe(2);
      });
      expect(lost).toEqual([]);
    },
  );

  it.skipIf(inject('cluster').node === null)(
    'kill -9 loses what was in the process, and callers of the SDK see nothing',
    runs,
    async () => {
      await release.install(values(anew()));
      const [pod] = await podsToBe(2);
      const { ingress, service, failedCalls } = await during('kill -9', async () => {
        killContainer(pod?.metadata.uid ?? '');
        await restarted(pod?.metadata.name ?? '');
      });
      const [after] = (await namespace.predictors()).filter(
        ({ metadata }) => metadata.name === pod?.metadata.name,
      );
      expect(after?.status.containerStatuses[0].lastState.terminated).toMatchObject({
        exitCode: 137,
      });
      expect(failedCalls).toEqual([]);
      expect(inFlightAtOnce(ingress.failures), explain(ingress)).toBe(true);
      // The dead pod's address refuses connections until Kubernetes has noticed; only an Ingress controller tries others.
      const sent = service.failures.filter((failure) => !neverSent(failure));
      expect(inFlightAtOnce(sent), explain(service)).toBe(true);
    },
  );

  it(
    'running out of memory loses what was in the process, and callers of the SDK see nothing',
    runs,
    async () => {
      // A body larger than the memory, let in by mistake: the kernel ends the process in the middle of reading it.
      await release.install({
        ...values({ ...anew(), resources: { limits: { memory: '160Mi' } } }),
        config: { maxBodyBytes: 1_073_741_824 },
      });
      const [pod] = await podsToBe(2);
      // Without calls over gRPC: beside those, which come without a pause, the pod was seen not to end.
      const name = pod?.metadata.name ?? '';
      const event = async () => {
        // Again where the pod lives on: on a busy machine it may give up on a body that takes too long to come.
        await eventually(180, async () => {
          await sendTooMuch(pod?.status.podIP);
          await eventually(20, async () => expect((await container(name)).restartCount).toBe(1));
        });
        await restarted(name);
      };
      const { ingress, failedCalls } = await during('out of memory', event, { overGrpc: false });
      const [after] = (await namespace.predictors()).filter(
        ({ metadata }) => metadata.name === pod?.metadata.name,
      );
      expect(after?.status.containerStatuses[0].lastState.terminated).toMatchObject({
        reason: 'OOMKilled',
      });
      expect(failedCalls).toEqual([]);
      expect(inFlightAtOnce(ingress.failures), explain(ingress)).toBe(true);
    },
  );

  /**
   * Lets something happen under load: 200 requests a second through the Ingress, 50 with kept connections straight to
   * the Service, 20 calls a second of the SDK, and, unless told not to, calls over gRPC both ways, four at any moment.
   */
  async function during(
    event: string,
    happen: () => Promise<unknown>,
    { overGrpc = true } = {},
  ): Promise<{
    ingress: LoadResult;
    service: LoadResult;
    failedCalls: unknown[];
    /** What each way but the SDK's has lost, in words. */
    lost: string[];
  }> {
    const serviceUrl = await namespace.serviceUrl('ml-api-v1');
    await predict(release.host, '/predict', [5.1, 3.5, 1.4, 0.2]);
    if (isContour) await eventually(10, () => predictedOverGrpc(grpcHost));
    const grpcLoads = [
      ...(overGrpc
        ? [new GrpcLoad({ address: `${new URL(serviceUrl).host}:${grpcPort}`, connections: 4 })]
        : []),
      ...(overGrpc && isContour
        ? [new GrpcLoad({ address: ingressAddress(), host: grpcHost, connections: 4 })]
        : []),
    ];
    const throughIngress = new Load({
      url: `${ingressUrl()}/predict`,
      host: release.host,
      rate: 200,
    });
    const toService = new Load({ url: `${serviceUrl}/predict`, rate: 50 });
    const calls = callSteadily(serviceUrl);
    await seconds(3);
    let failure: unknown;
    await happen().catch((error: unknown) => {
      failure = error;
    });
    await seconds(5);
    const [ingress, service] = await Promise.all([throughIngress.stop(), toService.stop()]);
    const { made, failed: failedCalls } = await calls.stop();
    const grpc = await Promise.all(grpcLoads.map((load) => load.stop()));
    if (failure !== undefined) throw failure;
    const ways = [
      { event, way: 'Ingress', ...ingress },
      { event, way: 'Service', ...service },
      ...grpc.map((load, i) => ({
        event,
        way: `${i === 0 ? 'Service' : 'Ingress'}, gRPC`,
        ...load,
      })),
    ];
    rows.push(...ways, { event, way: 'SDK', sent: made, failed: failedCalls.length, samples: [] });
    const lost = ways
      .filter(({ failed }) => failed > 0)
      .map((load) => `${load.way}: ${explain(load)}`);
    return { ingress, service, failedCalls, lost };
  }

  async function podsToBe(count: number) {
    for (;;) {
      const pods = await namespace.predictors();
      if (pods.length === count) return pods;
      await seconds(0.5);
    }
  }

  /** Waits until a container of the pod has been started again, and is ready. */
  async function restarted(pod: string): Promise<void> {
    await eventually(120, async () => {
      const { restartCount, ready } = await container(pod);
      expect(restartCount).toBeGreaterThan(0);
      expect(ready).toBe(true);
    });
  }

  async function container(pod: string): Promise<{ restartCount: number; ready: boolean }> {
    return (await namespace.get('pod', pod)).status.containerStatuses[0];
  }

  /** What `kubectl drain` asks for each pod of a node. */
  async function evict(pod: string): Promise<void> {
    const eviction = { apiVersion: 'policy/v1', kind: 'Eviction', metadata: { name: pod } };
    const url = `/api/v1/namespaces/${namespace.name}/pods/${pod}/eviction`;
    await namespace.kubectl(['create', '--raw', url, '--filename=-'], JSON.stringify(eviction));
  }
});

/** @throws AssertionError while the Ingress controller has not heard of the host */
async function predictedOverGrpc(host: string): Promise<void> {
  const client = new InferenceClient(ingressAddress(), host);
  try {
    expect(await client.infer()).toMatchObject({ code: 'OK', label: 0 });
  } finally {
    client.close();
  }
}

/** A table of all runs of each event, by the way in which was asked. */
function summary(rows: readonly Row[]): string {
  const groups = Map.groupBy(rows, ({ event, way }) => `${event}, ${way}`);
  const head = ['event', 'way', 'runs', 'with losses', 'sent', 'failed', 'statuses'];
  const cells = [...groups.values()].map((group) => {
    const [{ event, way }] = group as [Row];
    const samples = group.flatMap((run) => run.samples);
    const times = samples.map(({ milliseconds }) => milliseconds);
    const statuses = Map.groupBy(samples, ({ status }) => status);
    return [
      event,
      way,
      String(group.length),
      String(group.filter(({ failed }) => failed > 0).length),
      String(sum(group.map(({ sent }) => sent))),
      String(sum(group.map(({ failed }) => failed))),
      [...statuses].map(([status, those]) => `${status}: ${those.length}`).join(', '),
      ...(times.length === 0
        ? ['', '', '']
        : [quantile(times, 0.5), quantile(times, 0.99), quantile(times, 1)].map((time) =>
            time.toFixed(1),
          )),
    ];
  });
  return table([...head, 'p50 ms', 'p99 ms', 'max ms'], cells);
}

function countOf(text: string): number {
  const count = Number(text);
  if (!Number.isInteger(count) || count < 1)
    throw new Error(`E2E_RUNS: expected a number of runs of each event from 1, got ${text}.`);
  return count;
}

const sum = (numbers: readonly number[]): number => numbers.reduce((one, other) => one + other, 0);

function explain({ failures, errors }: Pick<LoadResult, 'failures' | 'errors'>): string {
  return `${JSON.stringify(failures)} ${errors.join('; ')}`;
}

/**
 * Twenty calls a second by the SDK, straight to the Service, with five retries: while a dead pod is not noticed, half of
 * the attempts find it, and the default's three may all do so.
 */
function callSteadily(baseUrl: string): { stop(): Promise<{ made: number; failed: unknown[] }> } {
  const client = createClient({ baseUrl, retries: 5 });
  const failed: unknown[] = [];
  const calls: Promise<unknown>[] = [];
  const timer = setInterval(() => {
    calls.push(
      client
        .predict({ inputs: [5.1, 3.5, 1.4, 0.2] })
        .catch((error: unknown) => failed.push(error)),
    );
  }, 50);
  return {
    async stop() {
      clearInterval(timer);
      await Promise.all(calls);
      return { made: calls.length, failed };
    },
  };
}

/** A prediction of 200 MB, sent to one pod. The connection breaks when the pod ends. */
async function sendTooMuch(podIP: string): Promise<void> {
  const rows = `${'[5.1,3.5,1.4,0.2],'.repeat(10_000_000)}[5.1,3.5,1.4,0.2]`;
  await fetch(`http://${podIP}:5000/predict`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: `{"inputs":[${rows}]}`,
  }).catch(() => {});
}
