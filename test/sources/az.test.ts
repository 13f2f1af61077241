// The store for Azure Blob Storage against Azurite, Microsoft's emulator.
import {
  BlobServiceClient,
  ContainerSASPermissions,
  generateBlobSASQueryParameters,
  StorageSharedKeyCredential,
} from '@azure/storage-blob';
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import { isBlobAddress, parseLocation } from '../../server/src/sources/stores/az/location.ts';
import { azStore } from '../../server/src/sources/stores/az.ts';
import { ACCOUNT, connectionString, KEY, startAzurite } from './azurite.ts';
import { bytes, isAnObjectStore, uploadModels } from './object-store.ts';
import { expectContent, fileOf, refusalOf, soon } from './remote-files.ts';
import type { ServerProcess } from './server-process.ts';

let server: ServerProcess;
let service: BlobServiceClient;
let env: NodeJS.ProcessEnv;

async function upload(name: string, data: Uint8Array): Promise<void> {
  await service.getContainerClient('models').getBlockBlobClient(name).uploadData(data);
}

beforeAll(async () => {
  server = await startAzurite();
  env = { AZURE_STORAGE_CONNECTION_STRING: connectionString(server.url) };
  service = BlobServiceClient.fromConnectionString(String(env['AZURE_STORAGE_CONNECTION_STRING']));
  await service.createContainer('models');
  await uploadModels(upload);
});
afterAll(() => server?.stop());
afterEach(() => vi.unstubAllEnvs());

const root = `az://${ACCOUNT}/models`;

isAnObjectStore({
  store: azStore,
  root,
  env: () => env,
  upload,
  envAt: (url) => ({ AZURE_STORAGE_CONNECTION_STRING: connectionString(url) }),
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

it.each([
  ['replaced', (name: string) => upload(name, bytes('v2'))],
  ['removed', (name: string) => service.getContainerClient('models').deleteBlob(name)],
])(
  'a blob that is %s while it is fetched ends the fetch, so that no model is made of two',
  async (what, change) => {
    await upload(`${what}/model.onnx`, bytes('v1'));
    const before = await azStore.open(`${root}/${what}`, env, soon());
    await change(`${what}/model.onnx`);
    await expect(fileOf(before, 'model.onnx').read(0, soon())).rejects.toThrow(
      `A blob of ${ACCOUNT}/models was replaced or removed while it was downloaded. Nothing was changed. Try again.`,
    );
  },
);

it.each([
  ['a container', `az://${ACCOUNT}/tulips/iris`, `${ACCOUNT} has no container tulips.`],
  [
    'an account',
    'az://others/models/iris',
    `is that of the account ${ACCOUNT}; the URI names others`,
  ],
])('says that there is not such %s', async (_what, uri, expected) => {
  expect(await refusalOf(azStore, uri, env)).toContain(expected);
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
    AZURE_STORAGE_CONNECTION_STRING: connectionString(server.url, `SharedAccessSignature=${query}`),
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
    const own = {
      AZURE_STORAGE_CONNECTION_STRING: connectionString(server.url, `AccountKey=${wrong}`),
    };
    expect(await refusalOf(azStore, `${root}/iris/v1`, own, [wrong])).toMatch(
      /Azure answered 403 .* to AZURE_STORAGE_CONNECTION_STRING\. Check that/,
    );
  });

  it('know their account also where its host is one of ours', async () => {
    const own = { AZURE_STORAGE_CONNECTION_STRING: connectionString('http://blobs.invalid') };
    expect(await refusalOf(azStore, 'az://others/models/iris', own)).toContain(
      `is that of the account ${ACCOUNT}; the URI names others`,
    );
    expect(await refusalOf(azStore, `${root}/iris/v1`, own)).toBe(
      `There is no storage account ${ACCOUNT} at blobs.invalid: that address is unknown (ENOTFOUND). Check its name.`,
    );
  });

  it('may have blanks between their parts, and no protocol beside an endpoint', async () => {
    const own = {
      AZURE_STORAGE_CONNECTION_STRING: ` AccountName=${ACCOUNT} ; AccountKey=${KEY} ; BlobEndpoint=${server.url}/${ACCOUNT} ;`,
    };
    const model = await azStore.open(`${root}/iris/v1`, own, soon());
    await expectContent(model, 'model.onnx', bytes('v1'));
  });

  it.each([
    ['hunter2', 'has no AccountName and no AccountKey; expected a connection string'],
    [`AccountName=${ACCOUNT};BlobEndpoint=http://hunter2`, 'has no AccountKey; expected'],
    [`AccountName=${ACCOUNT};AccountKey=hunter2;BlobEndpoint=no`, 'one of its parts is invalid'],
  ])('that are no connection string are told of: %s', async (text, said) => {
    const own = { AZURE_STORAGE_CONNECTION_STRING: text };
    expect(await refusalOf(azStore, `${root}/iris/v1`, own, ['hunter2'])).toContain(said);
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
