// The OCI store against a real registry, with what `oras push` and builders of images put there.
import { createHash } from 'node:crypto';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { gzipSync, zstdCompressSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ociStore } from '../../server/src/sources/stores/oci.ts';
import { fetchedFiles } from '../../server/test/fetched.ts';
import { type Entry, tar } from '../../server/test/tar.ts';
import { runTool, toolPath } from '../tools/tool.ts';
import { PASSWORD, startRegistry, USER } from './oci-registry.ts';
import { expectContent, fileOf, refusalOf, soon } from './remote-files.ts';
import type { ServerProcess } from './server-process.ts';

const models = path.resolve(import.meta.dirname, '../../model');
const bytes = (version: string, file = 'model.onnx') =>
  readFileSync(path.join(models, version, file));
const folder = mkdtempSync(path.join(tmpdir(), 'oci-'));
const login = Buffer.from(`${USER}:${PASSWORD}`).toString('base64');

let server: ServerProcess;
let host: string;
/** With a docker config that has the password. */
let env: NodeJS.ProcessEnv;

function dockerConfig(name: string, config: object): NodeJS.ProcessEnv {
  const directory = path.join(folder, name);
  mkdirSync(directory, { recursive: true });
  writeFileSync(path.join(directory, 'config.json'), JSON.stringify(config));
  return { PATH: process.env['PATH'], DOCKER_CONFIG: directory };
}

/** @param cwd with the files that it names */
function oras(cwd: string, ...args: readonly string[]): string {
  const login = ['--plain-http', `--username=${USER}`, `--password=${PASSWORD}`];
  const ended = runTool('oras', [...args, ...login], { cwd });
  expect(ended.status, ended.stderr).toBe(0);
  return ended.stdout;
}

beforeAll(async () => {
  server = await startRegistry(folder);
  toolPath('oras');
  host = `127.0.0.1:${server.port}`;
  env = dockerConfig('right', { auths: { [host]: { auth: login } } });
});

afterAll(async () => {
  await server?.stop();
  rmSync(folder, { recursive: true, force: true });
});

describe('an artifact', () => {
  it('of files is a model directory, pinned by its digest', async () => {
    oras(path.join(models, 'v1'), 'push', `${host}/iris:1`, 'model.onnx', 'model.json');
    const model = await ociStore.open(`oci://${host}/iris:1`, env, soon());
    expect(model.resolved).toBe(`oci://${host}/iris@${model.revision}`);
    expect(model.revision).toMatch(/^sha256:[0-9a-f]{64}$/);
    expect(model.files.map((file) => file.path).sort()).toEqual(['model.json', 'model.onnx']);
    await expectContent(model, 'model.onnx', bytes('v1'));
    await expectContent(model, 'model.json', bytes('v1', 'model.json'));
    expect(fileOf(model, 'model.onnx').sha256).toBeDefined();
    expect((await fileOf(model, 'model.onnx').read(1000, soon())).from).toBe(1000);
  });

  it('of one file of any name is a model', async () => {
    const cwd = path.join(folder, 'one');
    mkdirSync(cwd);
    writeFileSync(path.join(cwd, 'iris-v1.onnx'), bytes('v1'));
    oras(cwd, 'push', `${host}/one:1`, 'iris-v1.onnx');
    const model = await ociStore.open(`oci://${host}/one:1`, env, soon());
    await expectContent(model, 'model.onnx', bytes('v1'));
  });

  it('of several models, or for another server, is all its files', async () => {
    oras(models, 'push', `${host}/several:1`, 'v1/', 'v2/');
    const uri = `oci://${host}/several:1`;
    const places = Object.keys(await fetchedFiles(uri, { env, form: 'models' }));
    expect(places).toEqual(expect.arrayContaining(['v1/model.onnx', 'v2/golden.json']));
    await expect(fetchedFiles(uri, { env })).rejects.toThrow('ONNX files');
  });

  it('of a directory that oras has packed is that directory', async () => {
    oras(models, 'push', `${host}/packed:1`, 'v1/');
    expect(await fetchedFiles(`oci://${host}/packed:1`, { env })).toEqual(
      Object.fromEntries(
        ['golden.json', 'model.json', 'model.onnx'].map((file) => [file, bytes('v1', file)]),
      ),
    );
  });

  it('is opened again by what it resolved to, after its tag has moved', async () => {
    const tag = `oci://${host}/moving:latest`;
    oras(path.join(models, 'v1'), 'push', `${host}/moving:latest`, 'model.onnx');
    const before = await ociStore.open(tag, env, soon());
    oras(path.join(models, 'v2'), 'push', `${host}/moving:latest`, 'model.onnx');
    const after = await ociStore.open(`oci://${host}/moving`, env, soon());
    expect(after.revision).not.toBe(before.revision);
    await expectContent(after, 'model.onnx', bytes('v2'));
    const again = await ociStore.open(before.resolved, env, soon());
    expect(again.revision).toBe(before.revision);
    await expectContent(again, 'model.onnx', bytes('v1'));
    // A tag beside a digest says nothing.
    const both = await ociStore.open(`${tag}@${before.revision}`, env, soon());
    expect(both.revision).toBe(before.revision);
  });

  it.each([
    [
      'two models',
      ['v1/model.onnx', 'v2/model.onnx'],
      /holds 2 ONNX files: v1\/model.onnx, v2\/model.onnx; expected one/,
    ],
    ['no model', ['v1/model.json'], /holds no model.onnx; expected one/],
  ])('of %s is refused', async (name, files, expected) => {
    const tag = `${host}/${name.replace(' ', '-')}:1`;
    oras(models, 'push', tag, ...files);
    expect(await refusalOf(ociStore, `oci://${tag}`, env)).toMatch(expected);
  });
});

describe('an image', () => {
  const sum = (data: Uint8Array) => `sha256:${createHash('sha256').update(data).digest('hex')}`;
  const authorization = `Basic ${login}`;

  async function pushBlob(repository: string, data: Uint8Array): Promise<string> {
    const digest = sum(data);
    const started = await fetch(`${server.url}/v2/${repository}/blobs/uploads/`, {
      method: 'POST',
      headers: { authorization },
    });
    const location = new URL(started.headers.get('location') ?? '');
    location.searchParams.set('digest', digest);
    const { status } = await fetch(location, {
      method: 'PUT',
      headers: { authorization, 'content-type': 'application/octet-stream' },
      body: Buffer.from(data),
    });
    expect(status).toBe(201);
    return digest;
  }

  async function pushManifest(repository: string, tag: string, manifest: object) {
    const data = Buffer.from(JSON.stringify(manifest));
    const response = await fetch(`${server.url}/v2/${repository}/manifests/${tag}`, {
      method: 'PUT',
      headers: {
        authorization,
        'content-type': String(Reflect.get(manifest, 'mediaType')),
      },
      body: data,
    });
    expect(response.status, await response.text()).toBe(201);
    return { digest: sum(data), size: data.length };
  }

  /** @param layers as tar archives, the lowest first */
  async function pushImage(repository: string, layers: readonly Uint8Array[], tag = '1') {
    const type = 'application/vnd.oci.image';
    const config = Buffer.from('{"architecture":"amd64","os":"linux"}');
    return pushManifest(repository, tag, {
      schemaVersion: 2,
      mediaType: `${type}.manifest.v1+json`,
      config: {
        mediaType: `${type}.config.v1+json`,
        digest: await pushBlob(repository, config),
        size: config.length,
      },
      layers: await Promise.all(
        layers.map(async (layer) => ({
          mediaType: `${type}.layer.v1.tar+gzip`,
          digest: await pushBlob(repository, layer),
          size: layer.length,
        })),
      ),
    });
  }

  const text = (name: string, data: string): Entry => ({ name, data: Buffer.from(data) });
  const base = gzipSync(tar([text('etc/passwd', 'root'), text('bin/sh', 'a shell')]));
  const model = (version: string): Entry => ({ name: 'models/model.onnx', data: bytes(version) });

  it('has the files below /models of all its layers', async () => {
    await pushImage('image', [
      base,
      gzipSync(tar([model('v1'), text('./models/model.json', '{"name":"old"}')])),
      zstdCompressSync(tar([text('models/model.json', '{"name":"new"}')])),
      tar([text('app/models/other.onnx', 'not a model directory')]),
    ]);
    expect(await fetchedFiles(`oci://${host}/image:1`, { env })).toEqual({
      'model.json': Buffer.from('{"name":"new"}'),
      'model.onnx': bytes('v1'),
    });
  });

  it.each([
    [
      'a file',
      [text('models/.wh.golden.json', '')],
      ['model.json', 'model.onnx', 'sub/a', 'sub/b'],
    ],
    ['a folder', [text('models/.wh.sub', '')], ['golden.json', 'model.json', 'model.onnx']],
    [
      'what a folder held',
      [text('models/sub/c', 'c'), text('models/sub/.wh..wh..opq', '')],
      ['golden.json', 'model.json', 'model.onnx', 'sub/c'],
    ],
    ['all models, and brings one', [model('v2'), text('.wh.models', '')], ['model.onnx']],
    [
      'a folder by a file of its name',
      [text('models/sub', 'a file')],
      ['golden.json', 'model.json', 'model.onnx', 'sub'],
    ],
  ])('has not what a higher layer removes: %s', async (name, upper, expected) => {
    const lower = [
      model('v1'),
      ...['golden.json', 'model.json', 'sub/a', 'sub/b'].map((one) => text(`models/${one}`, one)),
    ];
    const repository = `whiteout/${name.replace(/[^a-z]+/g, '-')}`;
    await pushImage(repository, [gzipSync(tar(lower)), gzipSync(tar(upper))]);
    const found = await fetchedFiles(`oci://${host}/${repository}:1`, { env });
    expect(Object.keys(found)).toEqual(expected);
  });

  it('of several platforms is that of this machine', async () => {
    const architecture = process.arch === 'x64' ? 'amd64' : process.arch;
    const type = 'application/vnd.oci.image';
    const manifests = [];
    for (const [platform, version] of [
      [{ os: 'linux', architecture: 's390x' }, 'v2'],
      [{ os: 'linux', architecture }, 'v1'],
      [{ os: 'unknown', architecture: 'unknown' }, 'v2'],
    ] as const) {
      const layer = gzipSync(
        tar([model(version), text('models/model.json', platform.architecture)]),
      );
      const pushed = await pushImage('multi', [layer], platform.architecture);
      manifests.push({ mediaType: `${type}.manifest.v1+json`, ...pushed, platform });
    }
    const index = { schemaVersion: 2, mediaType: `${type}.index.v1+json`, manifests };
    const { digest } = await pushManifest('multi', 'all', index);
    const found = await ociStore.open(`oci://${host}/multi:all`, env, soon());
    expect(found.revision).toBe(digest);
    const files = await fetchedFiles(`oci://${host}/multi:all`, { env });
    expect(files['model.onnx']).toEqual(bytes('v1'));
    await pushManifest('multi', 'foreign', { ...index, manifests: [manifests[0], manifests[0]] });
    expect(await refusalOf(ociStore, `oci://${host}/multi:foreign`, env)).toContain(
      `nothing for linux/${architecture} among its 2 manifests`,
    );
  });

  it.each(['models/../../etc/passwd', 'models/a\\b'])(
    'with the file %j is refused',
    async (name) => {
      const repository = `hostile/${createHash('md5').update(name).digest('hex')}`;
      await pushImage(repository, [gzipSync(tar([model('v1'), text(name, 'x')]))]);
      await expect(fetchedFiles(`oci://${host}/${repository}:1`, { env })).rejects.toThrow(
        'expected a relative path without ".."',
      );
    },
  );

  it('has no file of a link', async () => {
    await pushImage('links', [
      gzipSync(tar([{ name: 'models/model.onnx', type: '2', to: '../blobs/1' }])),
    ]);
    await expect(fetchedFiles(`oci://${host}/links:1`, { env })).rejects.toThrow(
      ', without its 1 link, holds no model.onnx',
    );
  });
});

describe('credentials', () => {
  const uri = () => `oci://${host}/private:1`;
  beforeAll(() => {
    oras(path.join(models, 'v1'), 'push', `${host}/private:1`, 'model.onnx');
  });

  it('that are missing are asked for', async () => {
    const said = await refusalOf(ociStore, uri(), { DOCKER_CONFIG: folder });
    expect(said).toContain(
      `${host} answered 401 Unauthorized, and ${folder}/config.json has no credentials`,
    );
    expect(said).toContain(`oras login ${host}`);
  });

  it('that are wrong are told of, and not shown', async () => {
    const wrong = Buffer.from('me:hunter3-wrong').toString('base64');
    const said = await refusalOf(
      ociStore,
      uri(),
      dockerConfig('wrong', { auths: { [host]: { auth: wrong } } }),
      ['hunter3-wrong', wrong],
    );
    expect(said).toContain(
      `${host} answered 401 Unauthorized to the credentials in ${folder}/wrong`,
    );
  });

  it.each([
    ['as oras login writes them', undefined],
    ['of an address', (name: string) => ({ auths: { [`https://${name}/v2/`]: { auth: login } } })],
    [
      'of the repository',
      (name: string) => ({
        auths: { [`${name}/private`]: { auth: login }, [name]: { auth: 'bm86bm8=' } },
      }),
    ],
    ['in words', (name: string) => ({ auths: { [name]: { username: USER, password: PASSWORD } } })],
    ['of a helper for the registry', (name: string) => ({ credHelpers: { [name]: 'ours' } })],
    ['of a store', (name: string) => ({ auths: { [name]: {} }, credsStore: 'ours' })],
  ])('%s are found', async (name, config) => {
    const bin = path.join(folder, 'bin');
    mkdirSync(bin, { recursive: true });
    writeFileSync(
      path.join(bin, 'docker-credential-ours'),
      `#!/bin/sh\nread -r host\n[ "$1 $host" = "get ${host}" ] && echo '{"ServerURL":"","Username":"${USER}","Secret":"${PASSWORD}"}'\n`,
      { mode: 0o755 },
    );
    const own = dockerConfig(name.replaceAll(' ', '-'), config?.(host) ?? {});
    if (config === undefined) {
      const file = path.join(String(own['DOCKER_CONFIG']), 'config.json');
      oras(folder, 'login', host, `--registry-config=${file}`);
    }
    const model = await ociStore.open(
      uri(),
      { ...own, PATH: `${bin}:${process.env['PATH']}` },
      soon(),
    );
    await expectContent(model, 'model.onnx', bytes('v1'));
  });

  it('of a helper that is not there name it', async () => {
    const own = dockerConfig('gone', { credHelpers: { [host]: 'gone' } });
    expect(await refusalOf(ociStore, uri(), own)).toContain(
      'docker-credential-gone, which is not installed here',
    );
  });
});

it.each([
  ['a tag', 'iris:nobody', 'iris has no tag nobody.'],
  ['a digest', `iris@sha256:${'0'.repeat(64)}`, `iris has no manifest sha256:${'0'.repeat(64)}.`],
  ['a repository', 'tulips:1', 'tulips has no tag 1. Check the name'],
])('says that there is not such %s', async (_what, name, expected) => {
  expect(await refusalOf(ociStore, `oci://${host}/${name}`, env)).toContain(expected);
});
