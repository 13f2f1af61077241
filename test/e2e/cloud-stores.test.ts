// Models in the stores of Google, Azure and Hugging Face by their URI: what docs/model-stores.md says of the chart, with an emulator of each as a pod.
import request from 'supertest';
import { beforeAll, describe, expect, inject, it } from 'vitest';
import { ACCOUNT, connectionString, KEY } from '../sources/azurite.ts';
import { expectModel } from './expect-model.ts';
import { failureOfFetching } from './fetch-failure.ts';
import { ingressUrl } from './http.ts';
import { type Namespace, useNamespace } from './namespace.ts';
import { onePodOf, Release, type Values } from './release.ts';
import { azureUrl, startAzure } from './stores/azure.ts';
import { startGoogle } from './stores/google.ts';
import { hubUrl, startHub } from './stores/hub.ts';
import { loadStores } from './stores/image.ts';

const ours = inject('cluster').provider !== 'given'; // images of the tests' own can be put onto the node
const hour = 3_600_000; // the first run builds the stores

const token = 'hf_a_token_of_the_tests';
const wrongToken = 'hf_a_token_of_others';
const wrongKey = Buffer.from('a key of others').toString('base64');

interface Case {
  readonly store: string;
  readonly start: (namespace: Namespace) => Promise<void>;
  /** Of the iris model v2. */
  readonly uri: string;
  /** What GET /model says of where it came from. */
  readonly source: object;
  readonly fetch: Values;
  /** Of the release, beside the version. */
  readonly values?: Values;
  readonly secrets: Readonly<Record<string, Readonly<Record<string, string>>>>;
  /** What is not there or not allowed, and what the pod says of it. */
  readonly refused: readonly (readonly [what: string, model: Values, said: string | RegExp])[];
}

const azure = (secret: string): Values => ({ envFrom: [{ secretRef: { name: secret } }] });
const hub = (secret: string): Values => ({
  env: { HF_ENDPOINT: hubUrl },
  envFrom: [{ secretRef: { name: secret } }],
});
const google: Values = { env: { STORAGE_EMULATOR_HOST: 'http://gcs:4443' } };

const cases: readonly Case[] = [
  {
    store: 'Google Cloud Storage',
    start: startGoogle,
    uri: 'gs://models/v2',
    source: { uri: 'gs://models/v2', revision: expect.stringMatching(/^[0-9a-f]{64}$/) },
    fetch: google,
    secrets: {},
    refused: [
      ['a bucket', { uri: 'gs://tulips/v2', fetch: google }, 'There is no bucket gs://tulips.'],
      ['a folder', { uri: 'gs://models/v9', fetch: google }, 'gs://models has no object "v9"'],
    ],
  },
  {
    store: 'Azure Blob Storage',
    start: startAzure,
    uri: `az://${ACCOUNT}/models/v2`,
    source: { uri: `az://${ACCOUNT}/models/v2`, revision: expect.stringMatching(/^[0-9a-f]{64}$/) },
    fetch: azure('azure'),
    // The address is in a Secret, so the chart cannot know its port.
    values: {
      networkPolicy: {
        egress: [{ ports: [{ port: Number(new URL(azureUrl).port), protocol: 'TCP' }] }],
      },
    },
    secrets: {
      azure: { AZURE_STORAGE_CONNECTION_STRING: connectionString(azureUrl) },
      wrong: {
        AZURE_STORAGE_CONNECTION_STRING: connectionString(azureUrl, `AccountKey=${wrongKey}`),
      },
    },
    refused: [
      [
        'a key',
        { uri: `az://${ACCOUNT}/models/v2`, fetch: azure('wrong') },
        /Azure answered 403 .*AZURE_STORAGE_CONNECTION_STRING/,
      ],
      [
        'a container',
        { uri: `az://${ACCOUNT}/tulips/v2`, fetch: azure('azure') },
        `${ACCOUNT} has no container tulips.`,
      ],
    ],
  },
  {
    store: 'the Hugging Face Hub',
    start: (namespace) => startHub(namespace, token),
    uri: 'hf://org/model@main',
    source: { uri: 'hf://org/model@main', revision: 'a'.repeat(40) },
    fetch: hub('hub'),
    secrets: { hub: { HF_TOKEN: token }, wrong: { HF_TOKEN: wrongToken } },
    refused: [
      [
        'a token',
        { uri: 'hf://org/model', fetch: hub('wrong') },
        'The token in HF_TOKEN is not valid',
      ],
      [
        'a revision',
        { uri: 'hf://org/model@v9', fetch: hub('hub') },
        'org/model has no such revision.',
      ],
    ],
  },
];

describe.skipIf(!ours).each(cases)(
  'a model in $store',
  ({ start, uri, source, fetch, values, secrets, refused }) => {
    const namespace = useNamespace(uri.slice(0, 2));
    const release = new Release(namespace);
    const version = (model: Values): Values => ({ ...values, ...onePodOf(model) });

    beforeAll(async () => {
      await loadStores();
      await start(namespace);
      for (const [name, variables] of Object.entries(secrets))
        await namespace.applySecret(name, variables);
    }, hour);

    it.each(refused)(
      'is not served with %s that is wrong: the pod says what to change',
      async (_what, model, said) => {
        const { ok } = await release.tryInstall(version(model), [], { timeout: '10s' });
        expect(ok).toBe(false);
        const message = await failureOfFetching(namespace);
        expect(message).toMatch(said);
        for (const secret of [token, wrongToken, KEY, wrongKey])
          expect(message).not.toContain(secret);
        await release.uninstall();
      },
    );

    it('is served with where it came from, and helm test has its golden predictions', async () => {
      await release.install(version({ uri, fetch }));
      await expectModel(release, 'v2');
      const { body } = await request(ingressUrl()).get('/model').set('Host', release.host);
      expect(body.source).toMatchObject(source);
      const { ok, output } = await release.test();
      expect(ok, output).toBe(true);
      expect(output).toContain('predictions: 150 rows as expected');
    });
  },
);
