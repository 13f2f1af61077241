// The store for Azure Blob Storage against Azurite, Microsoft's emulator.
import { readFileSync } from 'node:fs';
import path from 'node:path';
import {
  BlobServiceClient,
  ContainerSASPermissions,
  generateBlobSASQueryParameters,
  StorageSharedKeyCredential,
} from '@azure/storage-blob';
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import { isBlobAddress, parseLocation } from '../../server/src/sources/stores/az/location.ts';
import { azStore } from '../../server/src/sources/stores/az.ts';
import { serveFile } from '../../server/test/file-server.ts';
import { ACCOUNT, KEY, startAzurite } from './azurite.ts';
import { contentOf, expectContent, fileOf, refusalOf, soon } from './remote-files.ts';
import type { ServerProcess } from './server-process.ts';

const models = path.resolve(import.meta.dirname, '../../model');
const bytes = (version: string, file = 'model.onnx') =>
  readFileSync(path.join(models, version, file));
const connection = (url: string, more: string) =>
  `DefaultEndpointsProtocol=http;AccountName=${ACCOUNT};BlobEndpoint=${url}/${ACCOUNT};${more}`;

let server: ServerProcess;
let service: BlobServiceClient;
let env: NodeJS.ProcessEnv;

async function upload(name: string, data: Uint8Array): Promise<void> {
  await service.getContainerClient('models').getBlockBlobClient(name).uploadData(data);
}

beforeAll(async () => {
  server = await startAzurite();
  env = { AZURE_STORAGE_CONNECTION_STRING: connection(server.url, `AccountKey=${KEY}`) };
  service = BlobServiceClient.fromConnectionString(String(env['AZURE_STORAGE_CONNECTION_STRING']));
  await service.createContainer('models');
  for (const file of ['model.onnx', 'model.json', 'golden.json'])
    await upload(`iris/v1/${file}`, bytes('v1', file));
  await upload('iris/v1/sub folder/ü.txt', Buffer.from('ü'));
  await upload('iris/v10/model.onnx', bytes('v2'));
});
afterAll(() => server?.stop());
afterEach(() => vi.unstubAllEnvs());

const root = `az://${ACCOUNT}/models`;

it.each([`${root}/iris/v1`, `${root}/iris/v1/`])('%s is a folder', async (uri) => {
  const model = await azStore.open(uri, env, soon());
  expect(model.resolved).toBe(`${root}/iris/v1/`);
  expect(model.files.map((file) => file.path).sort()).toEqual([
    'golden.json',
    'model.json',
    'model.onnx',
    'sub folder/ü.txt',
  ]);
  await expectContent(model, 'model.onnx', bytes('v1'));
  await expectContent(model, 'sub folder/ü.txt', Buffer.from('ü'));
  expect((await fileOf(model, 'model.onnx').read(1000, soon())).from).toBe(1000);
  expect(await contentOf(fileOf(model, 'model.onnx'), bytes('v1').length)).toHaveLength(0);
});

it('folders that are blobs themselves, as in a hierarchical namespace, are folders', async () => {
  const container = service.getContainerClient('models');
  for (const name of ['deep', 'deep/v1'])
    await container.getBlockBlobClient(name).upload('', 0, { metadata: { hdi_isfolder: 'true' } });
  await upload('deep/v1/model.onnx', bytes('v1'));
  for (const uri of [`${root}/deep/v1`, `${root}/deep/v1/`]) {
    const model = await azStore.open(uri, env, soon());
    expect(model.files.map((file) => file.path)).toEqual(['model.onnx']);
  }
});

it('a single blob is the model', async () => {
  const model = await azStore.open(`${root}/iris/v10/model.onnx`, env, soon());
  expect(model.resolved).toBe(`${root}/iris/v10/model.onnx`);
  await expectContent(model, 'model.onnx', bytes('v2'));
});

it('a blob that is replaced gives another revision, and no mixture of both', async () => {
  await upload('changing/model.onnx', bytes('v1'));
  const before = await azStore.open(`${root}/changing`, env, soon());
  await upload('changing/model.onnx', bytes('v2'));
  await expect(fileOf(before, 'model.onnx').read(0, soon())).rejects.toThrow(
    'a blob was replaced while it was fetched. Fetch the model again.',
  );
  const after = await azStore.open(before.resolved, env, soon());
  expect(after.revision).not.toBe(before.revision);
  await expectContent(after, 'model.onnx', bytes('v2'));
});

it.each([
  ['a blob', `${root}/iris/v3`, `${root}/ has no blob "iris/v3" and none below it.`],
  ['a container', `az://${ACCOUNT}/tulips/iris`, `${ACCOUNT} has no container tulips.`],
  [
    'an account',
    'az://others/models/iris',
    `is that of the account ${ACCOUNT}; the URI names others`,
  ],
])('says that there is not such %s', async (_what, uri, expected) => {
  expect(await refusalOf(azStore, uri, env)).toContain(expected);
});

it('refuses blobs with a name that leads out of the folder', async () => {
  await upload('hostile/a\\..\\..\\b', Buffer.from('x'));
  expect(await refusalOf(azStore, `${root}/hostile`, env)).toContain('expected a relative path');
});

describe('credentials', () => {
  const sas = (permissions: string, expiresOn: Date) =>
    String(
      generateBlobSASQueryParameters(
        {
          containerName: 'models',
          permissions: ContainerSASPermissions.parse(permissions),
          expiresOn,
        },
        new StorageSharedKeyCredential(ACCOUNT, KEY),
      ),
    );
  const inAnHour = () => new Date(Date.now() + 3_600_000);
  const signed = (query: string) => ({
    AZURE_STORAGE_CONNECTION_STRING: connection(server.url, `SharedAccessSignature=${query}`),
  });

  it('can be a signature', async () => {
    const model = await azStore.open(`${root}/iris/v1`, signed(sas('rl', inAnHour())), soon());
    await expectContent(model, 'model.onnx', bytes('v1'));
    expect(JSON.stringify(model)).not.toContain('sig=');
  });

  it.each([
    ['has expired', () => sas('rl', new Date(Date.now() - 60_000))],
    ['may not list', () => sas('r', inAnHour())],
  ])('that are a signature which %s are told of, and not shown', async (_what, query) => {
    const own = query();
    const secret = String(new URLSearchParams(own).get('sig'));
    const said = await refusalOf(azStore, `${root}/iris/v1/`, signed(own), [
      secret,
      encodeURIComponent(secret),
    ]);
    expect(said).toContain('Azure answered 403');
    expect(said).toContain(
      'Check that it is of this account, has not expired, and allows to read and to list.',
    );
  });

  it('that are a wrong key are told of, and not shown', async () => {
    const wrong = Buffer.from('wrong').toString('base64');
    const own = { AZURE_STORAGE_CONNECTION_STRING: connection(server.url, `AccountKey=${wrong}`) };
    expect(await refusalOf(azStore, `${root}/iris/v1`, own, [wrong])).toMatch(
      /Azure answered 403 .* to AZURE_STORAGE_CONNECTION_STRING\. Check that/,
    );
  });

  it('that are no connection string are told of', async () => {
    const own = { AZURE_STORAGE_CONNECTION_STRING: 'hunter2' };
    expect(await refusalOf(azStore, `${root}/iris/v1`, own, ['hunter2'])).toContain(
      'expected a connection string',
    );
  });
});

describe('a URI', () => {
  it.each([
    ['az://ours/models/iris/v1', 'https://ours.blob.core.windows.net', 'iris/v1', undefined],
    ['az://ours/models', 'https://ours.blob.core.windows.net', '', undefined],
    [
      'https://ours.blob.core.windows.net/models/a%20b?sv=1&sig=x',
      'https://ours.blob.core.windows.net',
      'a b',
      'sv=1&sig=x',
    ],
    [
      'https://ours.blob.core.usgovcloudapi.net/models/',
      'https://ours.blob.core.usgovcloudapi.net',
      '',
      undefined,
    ],
  ])('%s', (uri, endpoint, path, sas) => {
    expect(parseLocation(uri)).toEqual({
      account: 'ours',
      endpoint,
      container: 'models',
      path,
      sas,
    });
  });

  it.each([
    'az://',
    'az://ours',
    'az://Ours/models',
    'https://ours.blob.core.windows.net/?sig=hunter2',
    'https://ours.blob.core.windows.net.evil.example/models?sig=hunter2',
  ])('%s is refused, and its signature is not shown', (uri) => {
    expect(() => parseLocation(uri)).toThrow(
      /^(?!.*hunter2).*expected az:\/\/ACCOUNT\/CONTAINER\/FOLDER/,
    );
  });

  it('of https is one of Azure where it is that of a blob', () => {
    expect(isBlobAddress('https://ours.blob.core.windows.net/models/m.onnx')).toBe(true);
    expect(isBlobAddress('https://blob.core.windows.net/models/m.onnx')).toBe(false);
    expect(isBlobAddress('http://ours.blob.core.windows.net/models/m.onnx')).toBe(false);
  });
});

it('a server that never ends is given up with the signal', async () => {
  const { url } = await serveFile((_req, res) => void res.write('<?xml'));
  const own = { AZURE_STORAGE_CONNECTION_STRING: connection(url, `AccountKey=${KEY}`) };
  await expect(azStore.open(`${root}/iris/`, own, AbortSignal.timeout(500))).rejects.toMatchObject({
    name: /TimeoutError|AbortError/,
  });
});
