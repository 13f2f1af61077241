// Requests through the Ingress and the Gateway, from outside the cluster. The names of hosts are told, not looked up.
import request from 'supertest';
import { inject } from 'vitest';
import { unknownAddress } from '../cluster/cluster.ts';

/** Where pods reach the Ingress controller and the Gateway; empty on a cluster that is not ours. */
export function urlInCluster(): string {
  return inject('cluster').provider === 'given' ? '' : 'http://envoy.ingress';
}

/** Where Ingress and Gateway are reached over plain HTTP. */
export function ingressUrl(): string {
  return `http://${ingressAddress()}`;
}

/** The same as "address:port". */
export function ingressAddress(): string {
  const { ingress } = inject('cluster');
  if (ingress === null) throw new Error(unknownAddress);
  return ingress.http;
}

/** What a version answered to a prediction. */
export type Answer = {
  readonly status: number;
  /** The version that answered; null: none did. */
  readonly version: string | null;
  readonly contractHash: string | null;
  // biome-ignore lint/suspicious/noExplicitAny: JSON of either a prediction or a problem, which tests assert on.
  readonly body: any;
};

type Question = {
  readonly headers?: Readonly<Record<string, string>>;
  /** Ask for the classes' probabilities too. */
  readonly probabilities?: boolean;
};

/** Asks for a prediction through the Ingress: at `path`, such as `/v1/predict`, by the name of a host. */
export async function predict(
  host: string,
  path: string,
  inputs: unknown,
  { headers, ...question }: Question = {},
): Promise<Answer> {
  return await predictAt(`${ingressUrl()}${path}`, inputs, {
    ...question,
    headers: { host, ...headers },
  });
}

/** Asks for a prediction at a URL. */
export async function predictAt(
  url: string,
  inputs: unknown,
  { headers = {}, ...question }: Question = {},
): Promise<Answer> {
  const { origin, pathname } = new URL(url);
  const response = await request(origin)
    .post(pathname)
    .set(headers)
    .send({ inputs, ...question })
    .ok(() => true);
  return {
    status: response.status,
    version: response.get('ML-Model-Version') ?? null,
    contractHash: response.get('ML-Contract-Hash') ?? null,
    body: response.body,
  };
}

/** Repeats until an answer fits: what a controller or kubelet does takes it a moment. @throws the last failure */
export async function eventually<T>(seconds: number, attempt: () => Promise<T>): Promise<T> {
  const deadline = Date.now() + seconds * 1000;
  for (;;) {
    try {
      return await attempt();
    } catch (error) {
      if (Date.now() > deadline) throw error;
      await new Promise((resolve) => setTimeout(resolve, 250));
    }
  }
}
