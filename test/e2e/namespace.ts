// A namespace for the tests of one file, in which Pod Security "restricted" is enforced, unless a test needs more.
import { afterAll, beforeAll, inject } from 'vitest';
import { kubectlOf } from '../cluster/addons.ts';

/** What tests read of a Kubernetes object; which fields are there depends on its kind. */
export type KubernetesObject = {
  readonly metadata: {
    readonly name: string;
    readonly uid: string;
    readonly labels?: Record<string, string>;
    readonly deletionTimestamp?: string;
  };
  readonly spec?: unknown;
  // biome-ignore lint/suspicious/noExplicitAny: the API server answers with many kinds, and tests assert on what they read.
  readonly status?: any;
};

/** What pods of a namespace may be. "privileged" is for volumes on the node (hostPath), which the others refuse. */
type PodSecurity = 'restricted' | 'privileged';

export class Namespace {
  readonly name: string;
  private readonly run = kubectlOf(inject('cluster'));

  constructor(name: string) {
    this.name = name;
  }

  /** Runs kubectl in the namespace and gives what it printed. */
  kubectl(args: readonly string[], input?: string): Promise<string> {
    return this.run([`--namespace=${this.name}`, ...args], input);
  }

  /** The objects of a kind, by label where a selector is given. */
  async list(kind: string, selector = ''): Promise<KubernetesObject[]> {
    const answer = await this.kubectl(['get', kind, `--selector=${selector}`, '--output=json']);
    return JSON.parse(answer).items;
  }

  /** The pods that serve. */
  predictors(): Promise<KubernetesObject[]> {
    return this.list('pods', 'app.kubernetes.io/component=predictor');
  }

  /** Those of them that were not told to end. */
  async stayingPredictors(): Promise<KubernetesObject[]> {
    const pods = await this.predictors();
    return pods.filter(({ metadata }) => metadata.deletionTimestamp === undefined);
  }

  async get(kind: string, name: string): Promise<KubernetesObject> {
    return JSON.parse(await this.kubectl(['get', kind, name, '--output=json']));
  }

  /** Where this machine reaches a Service without any Ingress. */
  async serviceUrl(name: string): Promise<string> {
    const ip = await this.kubectl(['get', 'service', name, '--output=jsonpath={.spec.clusterIP}']);
    return `http://${ip}`;
  }

  async apply(...objects: readonly object[]): Promise<void> {
    const list = { apiVersion: 'v1', kind: 'List', items: objects };
    await this.kubectl(['apply', '--filename=-'], JSON.stringify(list));
  }

  /** Makes a Secret of these texts. */
  applySecret(name: string, stringData: Readonly<Record<string, string>>): Promise<void> {
    return this.apply({ apiVersion: 'v1', kind: 'Secret', metadata: { name }, stringData });
  }

  async create(podSecurity: PodSecurity): Promise<void> {
    const labels = { 'pod-security.kubernetes.io/enforce': podSecurity, 'ml-api/e2e': 'true' };
    const metadata = { name: this.name, labels };
    await this.run(
      ['create', '--filename=-'],
      JSON.stringify({ apiVersion: 'v1', kind: 'Namespace', metadata }),
    );
  }

  /** Removes it with all that is in it. @param wait until it has gone; otherwise Kubernetes ends it by itself. */
  async remove(wait = false): Promise<void> {
    await this.run(['delete', 'namespace', this.name, '--ignore-not-found', `--wait=${wait}`]);
  }
}

/** Makes the namespace before the tests of this file, and removes it after them. */
export function useNamespace(name: string, podSecurity: PodSecurity = 'restricted'): Namespace {
  const namespace = new Namespace(`e2e-${name}`);
  beforeAll(async () => {
    await namespace.remove(true); // of a run that was interrupted
    await namespace.create(podSecurity);
  });
  afterAll(() => namespace.remove());
  return namespace;
}
