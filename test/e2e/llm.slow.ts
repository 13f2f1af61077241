// A language model behind OpenAI's API, by llama.cpp: streamed through Ingress and Gateway, and replaced under a stream.

import { AuthenticationError } from 'openai';
import request from 'supertest';
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import { eventually, ingressUrl, urlInCluster } from './http.ts';
import { hour, LlmStore } from './llm.ts';
import { useNamespace } from './namespace.ts';
import { openaiAt, Stream } from './openai.ts';
import { Release, type Values } from './release.ts';

const { gateway, ingress, volumes } = inject('cluster');
const possible = volumes !== null && gateway !== null && ingress?.className === 'contour';

describe.skipIf(!possible)('a language model by llama.cpp', () => {
  const namespace = useNamespace('llm');
  const release = new Release(namespace);
  const store = new LlmStore(namespace);
  const apiKey = 'first-key';
  const gatewayHost = `gateway.${release.host}`;
  /** At the root through the Ingress, and below the version's path through the Gateway. */
  const ways = {
    'at the root, through the Ingress': { host: release.host },
    'below its path, through the Gateway': { host: gatewayHost, path: '/llama' },
  };
  const all = Object.entries(ways);

  const values = (version: Values = {}): Values => ({
    ...store.values(version),
    auth: { existingSecret: 'keys' },
    ingress: { hosts: [release.host], controller: 'contour' },
    httpRoute: {
      enabled: true,
      hostnames: [gatewayHost],
      parentRefs: [{ name: gateway?.name, namespace: gateway?.namespace }],
    },
    tests: { ingressUrl: urlInCluster(), gatewayUrl: urlInCluster() },
  });

  beforeAll(async () => {
    await store.prepare();
    await namespace.applySecret('keys', { 'api-keys': `${apiKey}\nsecond-key\n` });
    await release.install(values());
  }, hour);
  afterAll(async () => {
    await release.uninstall();
    await store.remove();
  });

  it.each(all)('answers %s, under its own name', async (_, way) => {
    const client = openaiAt({ ...way, apiKey });
    await eventually(15, async () => {
      const { data } = await client.models.list();
      expect(data.map(({ id }) => id)).toEqual(['tiny']);
    });
    const completion = await client.chat.completions.create({
      model: 'tiny',
      messages: [{ role: 'user', content: 'Hello.' }],
      max_tokens: 5,
    });
    expect(completion.usage?.completion_tokens).toBe(5);
    expect(completion.choices[0]?.message.content).toMatch(/[a-z]+/);
  });

  it.each(all)('says each token when it has it, %s', async (_, way) => {
    const stream = new Stream(openaiAt({ ...way, apiKey }), 1000);
    await stream.begun;
    // The first token is here, and the server still works on the others.
    expect(await requestsInFlight()).toBe(1);
    expect(stream.isWhole).toBe(false);
    await stream.whole;
    expect(stream.finishReason).toBe('length');
    expect(stream.parts.length).toBeGreaterThan(900); // not a few large ones; some tokens make no part of their own
  });

  it.each(all)('refuses another key, %s', async (_, way) => {
    const call = openaiAt({ ...way, apiKey: 'another-key' }).models.list();
    await expect(call).rejects.toThrow(AuthenticationError);
  });

  it.each([
    [release.host, '/metrics'],
    [release.host, '/slots'],
    [release.host, '/'],
    [gatewayHost, '/llama/metrics'],
    [gatewayHost, '/props'],
  ])('shows nothing but OpenAI’s routes outside of the cluster: not %s%s', async (host, path) => {
    const { status, headers } = await request(ingressUrl())
      .get(path)
      .set({ host, authorization: `Bearer ${apiKey}` })
      .ok(() => true);
    expect([status, headers['server']]).toEqual([404, 'envoy']); // the proxy's own answer
  });

  it('passes helm test, which asks it for a completion', async () => {
    const { ok, output } = await release.test();
    expect(ok, output).toBe(true);
    for (const way of ['service', 'ingress', 'gateway'])
      expect(output).toContain(`${way}: completion: tiny completes a message with 8 tokens`);
  });

  it('writes to its cache, and not to its root', async () => {
    const [pod] = await namespace.predictors();
    const write = (file: string) =>
      namespace.kubectl(['exec', pod?.metadata.name ?? '', '--', 'sh', '-c', `echo 1 > ${file}`]);
    await write('/cache/here');
    await expect(write('/here')).rejects.toThrow(/Read-only file system/);
  });

  it('finishes streams that run while its pods are replaced, and then ends', async () => {
    const [before] = await namespace.predictors();
    const streams = all.map(([, way]) => new Stream(openaiAt({ ...way, apiKey }), 1500));
    await Promise.all(streams.map(({ begun }) => begun));
    await release.install(values({ podAnnotations: { rollout: 'now' } }));

    const old = await namespace.get('pod', before?.metadata.name ?? '');
    expect(old.metadata.deletionTimestamp).toBeDefined(); // it was told to end …
    expect(streams.map(({ isWhole }) => isWhole)).toEqual([false, false]); // … and has not yet
    const completion = await openaiAt({
      ...ways['at the root, through the Ingress'],
      apiKey,
    }).chat.completions.create({
      model: 'tiny',
      messages: [{ role: 'user', content: 'Hello.' }],
      max_tokens: 5,
    });
    expect(completion.usage?.completion_tokens).toBe(5); // by the new one

    await Promise.all(streams.map(({ whole }) => whole));
    expect(streams.map(({ finishReason }) => finishReason)).toEqual(['length', 'length']);
    // Long before the grace period of ten minutes.
    await eventually(60, async () => {
      const pods = await namespace.predictors();
      expect(pods.map(({ metadata }) => metadata.name)).not.toContain(before?.metadata.name);
    });
  });

  it('is removed whole', async () => {
    const { ok, output } = await release.uninstall();
    expect(ok, output).toBe(true);
    await eventually(60, async () => {
      const kinds = 'all,ingress,httproute,configmap,networkpolicy,pdb,serviceaccount,pvc';
      const left = await namespace.list(kinds, 'app.kubernetes.io/instance=ml-api');
      expect(left).toEqual([]);
    });
  });

  /** What the only pod says of itself, straight. */
  async function requestsInFlight(): Promise<number> {
    const { text } = await request(await namespace.serviceUrl('ml-api-llama'))
      .get('/metrics')
      .set({ authorization: `Bearer ${apiKey}` });
    return Number(/^llamacpp:requests_processing (\d+)/m.exec(text)?.[1]);
  }
});
