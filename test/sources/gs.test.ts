// The store for Google Cloud Storage against fake-gcs-server, and for credentials against the exchanges that Google documents.
import path from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import { gsStore } from '../../server/src/sources/stores/gs.ts';
import { folder, serveFile } from '../../server/test/file-server.ts';
import { toolPath } from '../tools/tool.ts';
import { bytes, isAnObjectStore, uploadModels } from './object-store.ts';
import { contentOf, expectContent, fileOf, refusalOf, soon } from './remote-files.ts';
import { type ServerProcess, startServer } from './server-process.ts';

let server: ServerProcess;
let env: NodeJS.ProcessEnv;

async function upload(name: string, data: Uint8Array): Promise<void> {
  const query = new URLSearchParams({ uploadType: 'media', name });
  const { status } = await fetch(`${server.url}/upload/storage/v1/b/models/o?${query}`, {
    method: 'POST',
    body: Buffer.from(data),
  });
  expect(status).toBe(200);
}

beforeAll(async () => {
  server = await startServer(toolPath('fake-gcs-server'), (port) => [
    '-backend=memory',
    '-scheme=http',
    '-host=127.0.0.1',
    `-port=${port}`,
    `-public-host=127.0.0.1:${port}`,
  ]);
  env = { STORAGE_EMULATOR_HOST: server.url };
  const { status } = await fetch(`${server.url}/storage/v1/b?project=ours`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: '{"name":"models","versioning":{"enabled":true}}',
  });
  expect(status).toBe(200);
  await uploadModels(upload);
  await upload('iris/v1/', Buffer.from('')); // as the console makes folders
});
afterAll(() => server?.stop());

isAnObjectStore({
  store: gsStore,
  root: 'gs://models',
  env: () => env,
  upload,
  envAt: (url) => ({ STORAGE_EMULATOR_HOST: url }),
});

it('a single object is pinned by its generation', async () => {
  await upload('single.onnx', bytes('v1'));
  const before = await gsStore.open('gs://models/single.onnx', env, soon());
  expect(before.resolved).toMatch(/^gs:\/\/models\/single\.onnx#\d+$/);
  await upload('single.onnx', bytes('v2'));
  const after = await gsStore.open('gs://models/single.onnx', env, soon());
  expect(after.revision).not.toBe(before.revision);
  await expectContent(after, 'model.onnx', bytes('v2'));
  const again = await gsStore.open(before.resolved, env, soon());
  expect(again.revision).toBe(before.revision);
  await expectContent(again, 'model.onnx', bytes('v1'));
});

it('an object of a folder is the listed one until its generation is gone', async () => {
  await upload('replaced/model.onnx', bytes('v1'));
  const before = await gsStore.open('gs://models/replaced', env, soon());
  await upload('replaced/model.onnx', bytes('v2'));
  const after = await gsStore.open('gs://models/replaced', env, soon());
  await expectContent(before, 'model.onnx', bytes('v1')); // the bucket keeps its generation
  await fetch(
    `${server.url}/storage/v1/b/models/o/replaced%2Fmodel.onnx?generation=${await generationOf('replaced/model.onnx')}`,
    { method: 'DELETE' },
  );
  const gone = fileOf(after, 'model.onnx').read(0, soon());
  await expect(gone).rejects.toThrow('was replaced or removed while it was downloaded');
});

async function generationOf(name: string): Promise<string> {
  const response = await fetch(`${server.url}/storage/v1/b/models/o/${encodeURIComponent(name)}`);
  const object: unknown = await response.json();
  return String(Reflect.get(Object(object), 'generation'));
}

it.each([
  ['a generation', 'gs://models/single.onnx#1', 'has no object "single.onnx" of the generation 1.'],
  ['a bucket', 'gs://tulips/iris', 'There is no bucket gs://tulips.'],
  ['a name', 'gs://', 'names no bucket; expected gs://BUCKET/FOLDER'],
])('says that there is not such %s', async (_what, uri, expected) => {
  expect(await refusalOf(gsStore, uri, env)).toContain(expected);
});

// Azure takes no such names.
it.each(['../../escape', 'a\u001b]0;owned\u0007'])('refuses the object %j', async (name) => {
  await upload(`hostile/${name.length}/${name}`, Buffer.from('x'));
  expect(await refusalOf(gsStore, `gs://models/hostile/${name.length}`, env)).toContain(
    `lists the file ${JSON.stringify(name)}; expected a relative path`,
  );
});

describe('credentials', () => {
  afterEach(() => vi.unstubAllEnvs());

  /** A storage that lets in who has the token, and the metadata server of a pod with workload identity, which gives it. */
  async function google(storageStatus = 200) {
    const seen: unknown[] = [];
    const storage = await serveFile((req, res) => {
      seen.push(req.headers.authorization);
      if (req.headers.authorization !== 'Bearer ya29.secret') res.writeHead(401).end('{}');
      else if (req.url?.includes('alt=media')) res.end('onnx');
      else {
        const item = { name: 'm.onnx', size: '4', generation: '7' };
        res.writeHead(storageStatus).end(JSON.stringify(item));
      }
    });
    const metadata = await serveFile((req, res) => {
      res.setHeader('metadata-flavor', 'Google');
      res.setHeader('content-type', 'application/json');
      if (req.url?.includes('/token'))
        res.end('{"access_token":"ya29.secret","expires_in":3600,"token_type":"Bearer"}');
      else if (req.url?.includes('/email')) res.end('models@ours.iam.gserviceaccount.com');
      else if (req.url?.includes('/service-accounts'))
        res.end('{"default":{"email":"models@ours.iam.gserviceaccount.com","scopes":[]}}');
      else res.end('ours');
    });
    vi.stubEnv('GCE_METADATA_HOST', metadata.url.replace('http://', ''));
    vi.stubEnv('GOOGLE_APPLICATION_CREDENTIALS', undefined);
    vi.stubEnv('HOME', folder()); // without a login of gcloud
    return { env: { CLOUDSDK_API_ENDPOINT_OVERRIDES_STORAGE: `${storage.url}/storage/v1/` }, seen };
  }

  it('are those of workload identity', async () => {
    const { env } = await google();
    const model = await gsStore.open('gs://private/m.onnx', env, soon());
    expect(await contentOf(fileOf(model, 'model.onnx'))).toEqual(Buffer.from('onnx'));
    expect(JSON.stringify(model)).not.toContain('secret');
  });

  it('without permission name whom to grant what', async () => {
    const { env } = await google(403);
    expect(await refusalOf(gsStore, 'gs://private/m.onnx', env, ['ya29.secret'])).toContain(
      'answered 403 Forbidden for gs://private to models@ours.iam.gserviceaccount.com. Grant it roles/storage.objectViewer',
    );
  });

  it('that are not there are asked for', async () => {
    const { env } = await google();
    vi.stubEnv('GCE_METADATA_HOST', undefined);
    vi.stubEnv('METADATA_SERVER_DETECTION', 'none');
    expect(await refusalOf(gsStore, 'gs://private/m.onnx', env)).toContain(
      'answered 401 Unauthorized for gs://private to nobody. Give the pod an identity',
    );
  });

  it('in a file that cannot be used are not shown', async () => {
    const { env } = await google();
    vi.stubEnv('GOOGLE_APPLICATION_CREDENTIALS', path.join(import.meta.dirname, 'gs.test.ts'));
    const said = await refusalOf(gsStore, 'gs://private/m.onnx', env, ['fake-gcs']);
    expect(said).toContain(
      'cannot be used: not the JSON that gcloud writes. Check GOOGLE_APPLICATION_CREDENTIALS',
    );
  });
});
