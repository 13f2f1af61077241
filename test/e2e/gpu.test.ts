// Where pods with a GPU land. The node has none: it is said to have two, and the handler of NVIDIA's RuntimeClass is
// runc by another name. What a card itself does is not tested here.
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import { kubectlOf } from '../cluster/addons.ts';
import { golden } from './golden.ts';
import { eventually, predict } from './http.ts';
import { useNamespace } from './namespace.ts';
import { Release, type Values } from './release.ts';
import { walk } from './walk.ts';

const { node, provider } = inject('cluster');
const label = 'nvidia.com/gpu.present';
const taint = 'nvidia.com/gpu=present:NoSchedule';

describe.skipIf(provider !== 'local')('a version with a GPU', () => {
  const namespace = useNamespace('gpu');
  const release = new Release(namespace);
  const kubectl = kubectlOf(inject('cluster'));

  beforeAll(() => makeRuntimeClass('nvidia', 'nvidia'));
  afterAll(async () => {
    await release.uninstall(); // its pods hold the GPUs
    await kubectl(['taint', 'nodes', node ?? '', `${taint}-`]).catch(() => {}); // a test may have failed before
    await kubectl(['label', 'nodes', node ?? '', `${label}-`]);
    await kubectl(['delete', 'runtimeclass', 'nvidia', 'other', '--ignore-not-found']);
    await patchCapacity([{ op: 'remove', path: gpus }]).catch(() => {});
  });

  it('waits where no node has one, and says so', async () => {
    const { ok } = await release.tryInstall(values({ nodeSelector: {} }), [], { timeout: '5s' });
    expect(ok).toBe(false);
    await expectPending('Insufficient nvidia.com/gpu');
  });

  it('waits where no node has as many as it wants', async () => {
    await patchCapacity([{ op: 'add', path: gpus, value: '1' }]);
    await eventually(20, async () => expect(await allocatable()).toBe('1'));
    await expectPending('Insufficient nvidia.com/gpu');
  });

  it('waits where none of the nodes has its labels', async () => {
    await patchCapacity([{ op: 'add', path: gpus, value: '2' }]);
    const { ok } = await release.tryInstall(values(), [], { timeout: '5s' });
    expect(ok).toBe(false);
    await expectPending("didn't match Pod's node affinity/selector");
  });

  it('runs on a node kept for GPUs, by the handler of its RuntimeClass', async () => {
    await kubectl(['taint', 'nodes', node ?? '', taint]);
    await kubectl(['label', 'nodes', node ?? '', `${label}=true`]);
    const [pod] = await eventually(60, async () => {
      const pods = await namespace.predictors();
      expect(pods[0]?.status.conditions).toContainEqual(
        expect.objectContaining({ type: 'Ready', status: 'True' }),
      );
      return pods;
    });
    expect(pod?.spec).toMatchObject({ runtimeClassName: 'nvidia', nodeName: node });
    const answer = await eventually(10, async () => {
      const given = await predict(release.host, '/predict', golden('v1').inputs);
      expect(given.status).toBe(200);
      return given;
    });
    expect(answer.body.prediction).toEqual(golden('v1').prediction);
  });

  it('is seen by the commands of docs/gpu.md', async () => {
    const { code, output } = await walk(
      'docs/gpu.md',
      ({ section }) => section === 'What the nodes need',
    );
    expect(code, output).toBe(0);
    expect(output).toMatch(new RegExp(`^NODE +GPUS\\n${node} +2$`, 'm'));
    expect(output).toMatch(/^nvidia +nvidia /m);
  });

  it('says in its log that it has no CUDA, and serves on the CPU as it was allowed to', async () => {
    const log = await namespace.kubectl(['logs', 'deployment/ml-api-v1']);
    expect(log).toContain('"provider":"cuda"');
    expect(log).toContain('serving goes on without it');
  });

  it('leaves a node kept for GPUs to versions with one', async () => {
    const { ok } = await release.tryInstall(values({ gpu: { count: 0 } }), [], { timeout: '5s' });
    expect(ok).toBe(false);
    await expectPending('untolerated taint');
  });

  it('starts no container where the node does not know the handler of its RuntimeClass, and says so', async () => {
    await makeRuntimeClass('other', 'not-installed');
    const { ok } = await release.tryInstall(values({ gpu: { runtimeClassName: 'other' } }), [], {
      timeout: '5s',
    });
    expect(ok).toBe(false);
    await expectEvent('no runtime for "not-installed" is configured');
  });

  it('does not start without CUDA where it may not fall back, and says what to do', async () => {
    await release.tryInstall(values({ fallback: 'off' }), [], {
      timeout: '5s',
    });
    await eventually(60, async () => {
      const messages = (await namespace.predictors()).map(({ status }) => {
        const [{ state, lastState }] = status.containerStatuses ?? [{ state: {}, lastState: {} }];
        return `${state.terminated?.message} ${lastState.terminated?.message}`;
      });
      expect(messages.join('\n')).toContain(
        'EXECUTION_PROVIDERS names cuda, which does not work here',
      );
    });
  });

  /** Two GPUs, and the plain image, as the CUDA variant is not on the node. */
  function values({
    gpu = {},
    nodeSelector = { [label]: 'true' },
    fallback = 'on',
  }: {
    readonly gpu?: Values;
    readonly nodeSelector?: Record<string, string>;
    readonly fallback?: 'on' | 'off';
  } = {}): Values {
    return {
      versions: {
        v1: {
          gpu: { count: 2, imageTagSuffix: '', ...gpu },
          nodeSelector,
          autoscaling: { type: 'none' },
          // Both do not fit beside each other: the old pod goes first.
          rollout: { maxSurge: 0, maxUnavailable: 1 },
        },
      },
      config: { executionProviderFallback: fallback },
    };
  }

  async function makeRuntimeClass(name: string, handler: string): Promise<void> {
    await namespace.apply({
      apiVersion: 'node.k8s.io/v1',
      kind: 'RuntimeClass',
      metadata: { name },
      handler,
    });
  }

  /** Checks that a pod waits to be scheduled, for this reason. */
  async function expectPending(reason: string): Promise<void> {
    await eventually(30, async () => {
      const conditions = (await namespace.predictors())
        .filter(({ status }) => status.phase === 'Pending')
        .flatMap(({ status }) => status.conditions ?? []);
      expect(conditions).toContainEqual(
        expect.objectContaining({
          type: 'PodScheduled',
          status: 'False',
          message: expect.stringContaining(reason),
        }),
      );
    });
    await expectEvent(reason);
  }

  async function expectEvent(message: string): Promise<void> {
    await eventually(30, async () => {
      const path = '--output=jsonpath={.items[*].message}';
      expect(await namespace.kubectl(['get', 'events', path])).toContain(message);
    });
  }

  /** What a device plugin would bring about: https://kubernetes.io/docs/tasks/administer-cluster/extended-resource-node/ */
  async function patchCapacity(patch: readonly object[]): Promise<void> {
    const change = ['patch', 'node', node ?? '', '--subresource=status', '--type=json'];
    await kubectl([...change, `--patch=${JSON.stringify(patch)}`]);
  }

  async function allocatable(): Promise<string> {
    const path = '--output=jsonpath={.status.allocatable.nvidia\\.com/gpu}';
    return await kubectl(['get', 'node', node ?? '', path]);
  }
});

/** The node's number of GPUs, as a JSON pointer. */
const gpus = '/status/capacity/nvidia.com~1gpu';
