// Registries that give tokens, that send others elsewhere, and that do not keep to what they say.
import { createHash } from 'node:crypto';
import { mkdirSync, writeFileSync } from 'node:fs';
import type { IncomingMessage, ServerResponse } from 'node:http';
import path from 'node:path';
import { gzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import type { Wanted } from '../../src/sources/fetch.ts';
import { parseReference } from '../../src/sources/stores/oci/reference.ts';
import { ociStore } from '../../src/sources/stores/oci.ts';
import { fetchedFiles, limits } from '../fetched.ts';
import { folder, serveFile } from '../file-server.ts';
import { tar } from '../tar.ts';

const model = Buffer.from('a model of a few bytes');
const sum = (data: Uint8Array) => `sha256:${createHash('sha256').update(data).digest('hex')}`;
const TITLE = 'org.opencontainers.image.title';
const soon = () => AbortSignal.timeout(20_000);

function artifact(
  layers: object[] = [
    { digest: sum(model), size: model.length, annotations: { [TITLE]: 'model.onnx' } },
  ],
) {
  return JSON.stringify({ schemaVersion: 2, layers });
}

/** A registry of one artifact; what `before` handles, it does not. */
async function registry(
  manifest: string,
  blob: Uint8Array = model,
  before: (req: IncomingMessage, res: ServerResponse) => boolean = () => false,
) {
  const { url } = await serveFile((req, res) => {
    if (before(req, res)) return;
    if (req.url?.includes('/manifests/')) res.end(manifest);
    else res.end(blob);
  });
  return url.replace('http://', '');
}

function configWith(host: string, entry: object): NodeJS.ProcessEnv {
  const directory = path.join(folder(), 'docker');
  mkdirSync(directory);
  writeFileSync(path.join(directory, 'config.json'), JSON.stringify({ auths: { [host]: entry } }));
  return { DOCKER_CONFIG: directory };
}
const nobody = () => ({ DOCKER_CONFIG: folder() });

async function read(host: string, env: NodeJS.ProcessEnv, signal = soon()): Promise<Buffer> {
  const { files } = await ociStore.open(`oci://${host}/org/m:1`, env, signal);
  const chunks: Uint8Array[] = [];
  for (const file of files)
    for await (const chunk of (await file.read(0, signal)).bytes) chunks.push(chunk);
  return Buffer.concat(chunks);
}

describe('a URI', () => {
  it.each([
    ['oci://ghcr.io/org/iris:1.2', 'https://ghcr.io/', 'org/iris', '1.2'],
    ['oci://ghcr.io/iris', 'https://ghcr.io/', 'iris', 'latest'],
    [
      `oci://r:5000/a/b/c:x@sha256:${'a'.repeat(64)}`,
      'https://r:5000/',
      'a/b/c',
      `sha256:${'a'.repeat(64)}`,
    ],
    ['oci://docker.io/iris:1', 'https://registry-1.docker.io/', 'library/iris', '1'],
    ['oci://docker.io/org/iris:1', 'https://registry-1.docker.io/', 'org/iris', '1'],
    ['oci://localhost:5000/iris:1', 'http://localhost:5000/', 'iris', '1'],
    ['oci://127.0.0.1:5000/iris:1', 'http://127.0.0.1:5000/', 'iris', '1'],
    ['oci://[::1]:5000/iris:1', 'http://[::1]:5000/', 'iris', '1'],
    ['oci://plain:5000/iris:1', 'http://plain:5000/', 'iris', '1'],
    ['oci://localhost.example/iris:1', 'https://localhost.example/', 'iris', '1'],
  ])('%s', (uri, origin, repository, version) => {
    const found = parseReference(uri, 'other:1, plain:5000');
    expect([found.origin.href, found.repository, found.version]).toEqual([
      origin,
      repository,
      version,
    ]);
  });

  it.each([
    'oci://',
    'oci://ghcr.io',
    'oci://ghcr.io/',
    'oci://ghcr.io/Org/Iris:1',
    'oci://me:secret@ghcr.io/iris:1',
    'oci://ghcr.io/../iris:1',
    'oci://ghcr.io/iris@sha256:short',
    'oci://ghcr.io/iris:1?x',
    `oci://ghcr.io/${'a-'.repeat(10_000)}`,
  ])('%.60s is refused with how one looks', (uri) => {
    expect(() => parseReference(uri, undefined)).toThrow('expected oci://REGISTRY/REPOSITORY:TAG');
  });
});

describe('a registry that wants a token', () => {
  /** Gives one for the header or body that it expects; otherwise 401. */
  function withTokens(expected: (request: string, authorization: string | undefined) => boolean) {
    const asked: string[] = [];
    return {
      asked,
      handle(req: IncomingMessage, res: ServerResponse): boolean {
        const { url = '', method, headers } = req;
        if (url.startsWith('/token')) {
          let body = '';
          req.on('data', (chunk) => {
            body += chunk;
          });
          req.on('end', () => {
            asked.push(`${method} ${url} ${body}`.trim());
            if (expected(`${url}${body}`, headers.authorization)) res.end('{"token":"t0ken"}');
            else res.writeHead(401).end('{"errors":[{"message":"hunter2 is wrong"}]}');
          });
          return true;
        }
        if (headers.authorization === 'Bearer t0ken') return false;
        res.writeHead(401, {
          'www-authenticate': `Bearer realm="http://${headers.host}/token",service="s",scope="repository:org/m:pull"`,
        });
        res.end();
        return true;
      },
    };
  }

  it('gets one anonymously', async () => {
    const { asked, handle } = withTokens((_request, authorization) => authorization === undefined);
    const host = await registry(artifact(), model, handle);
    expect(await read(host, nobody())).toEqual(model);
    expect(asked).toEqual(['GET /token?service=s&scope=repository%3Aorg%2Fm%3Apull']);
  });

  it('gets one for a password', async () => {
    const basic = `Basic ${Buffer.from('me:hunter2').toString('base64')}`;
    const { handle } = withTokens((_request, authorization) => authorization === basic);
    const host = await registry(artifact(), model, handle);
    const env = configWith(host, { auth: basic.slice('Basic '.length) });
    expect(await read(host, env)).toEqual(model);
  });

  it('gets one for an identity token', async () => {
    const { asked, handle } = withTokens((request) => request.includes('refresh_token=1dentity'));
    const host = await registry(artifact(), model, handle);
    expect(await read(host, configWith(host, { identitytoken: '1dentity' }))).toEqual(model);
    expect(asked[0]).toMatch(/^POST \/token .*grant_type=refresh_token/);
  });

  it('refuses wrong ones, and nothing secret is shown', async () => {
    const { handle } = withTokens(() => false);
    const host = await registry(artifact(), model, handle);
    const error = await read(host, configWith(host, { username: 'me', password: 'hunter2' })).catch(
      (one: Error) => one,
    );
    expect(String(error)).toContain('answered 401 Unauthorized to the credentials in');
    expect(String(error)).not.toContain('hunter2');
  });

  it.each(['', 'nowhere', 'file:///etc/passwd'])('at %j gets no credentials', async (realm) => {
    const host = await registry(artifact(), model, (_req, res) => {
      res.writeHead(401, { 'www-authenticate': `Bearer realm="${realm}"` }).end();
      return true;
    });
    await expect(read(host, configWith(host, { auth: 'bWU6aHVudGVyMg==' }))).rejects.toThrow(
      'names no https address that issues tokens',
    );
  });
});

it('sends no credentials where a blob is redirected to', async () => {
  const seen: unknown[] = [];
  const elsewhere = await serveFile((req, res) => {
    seen.push(req.headers.authorization);
    res.end(model);
  });
  const basic = `Basic ${Buffer.from('me:hunter2').toString('base64')}`;
  const host = await registry(artifact(), model, (req, res) => {
    if (req.headers.authorization !== basic)
      res.writeHead(401, { 'www-authenticate': 'Basic realm="x"' }).end();
    else if (req.url?.includes('/blobs/'))
      res.writeHead(307, { location: `${elsewhere.url}/blob?sig=x` }).end();
    else return false;
    return true;
  });
  const env = configWith(host, { auth: basic.slice('Basic '.length) });
  expect(await read(host, env)).toEqual(model);
  expect(seen).toEqual([undefined]);
});

describe('a manifest', () => {
  it('with another digest than was asked for is refused', async () => {
    const host = await registry(artifact());
    await expect(
      ociStore.open(`oci://${host}/m@sha256:${'1'.repeat(64)}`, nobody(), soon()),
    ).rejects.toThrow(`has the digest ${sum(Buffer.from(artifact()))}; expected sha256:1111`);
  });

  it.each([
    ['of more than 4 MB', 'x'.repeat(5_000_000), 'has more than 4194304 bytes'],
    ['that is a page', '<html>', 'is not JSON. Check that'],
    ['without layers', '{}', 'is not a manifest with layers'],
    [
      'with a digest that is a path',
      artifact([{ digest: '../../secret' }]),
      'whose digest is not sha256',
    ],
    [
      'with a title that leads out',
      artifact([{ digest: sum(model), annotations: { [TITLE]: '../x.onnx' } }]),
      'expected a relative path',
    ],
    [
      'of very many layers',
      artifact(Array(10_001).fill({ digest: sum(model) })),
      'more than 10000 files',
    ],
  ])('%s is refused', async (_what, manifest, expected) => {
    const host = await registry(manifest);
    await expect(read(host, nobody())).rejects.toMatchObject({
      name: 'CommandError',
      message: expect.stringContaining(expected),
    });
  });

  it('that never ends is given up with the signal', async () => {
    const host = await registry('', model, (_req, res) => res.write('{'));
    await expect(read(host, nobody(), AbortSignal.timeout(300))).rejects.toMatchObject({
      name: /TimeoutError|AbortError/,
    });
  });
});

describe('a layer', () => {
  const weights = Buffer.alloc(200_000, '\bx'); // no text
  const layer = gzipSync(tar([{ name: 'models/model.onnx', data: weights }]));
  const listed = (data: Uint8Array) => ({ digest: sum(data), size: data.length });
  const image = artifact([listed(layer)]);
  const fetched = (host: string, wanted: Partial<Wanted> = {}) =>
    fetchedFiles(`oci://${host}/org/m:1`, { env: nobody(), ...wanted });

  /** A registry of several layers, each by its digest; counts what it is asked for. */
  async function registryOf(layers: readonly Uint8Array[], manifest: string) {
    const asked: string[] = [];
    const host = await registry(manifest, undefined, (req, res) => {
      const found = layers.find((data) => req.url?.endsWith(sum(data)));
      if (found === undefined) return false;
      asked.push(sum(found));
      res.end(found);
      return true;
    });
    return { host, asked };
  }

  it('that is not what its digest says is not used', async () => {
    const other = gzipSync(tar([{ name: 'models/model.onnx', data: model }]));
    const same = Buffer.concat([other, Buffer.alloc(layer.length - other.length)]);
    await expect(fetched(await registry(image, same))).rejects.toThrow(
      `the SHA-256 ${sum(same).slice('sha256:'.length)}; the store says`,
    );
  });

  it('goes on where it was cut', async () => {
    const ranges: (string | undefined)[] = [];
    const host = await registry(image, layer, (req, res) => {
      if (!req.url?.includes('/blobs/')) return false;
      const { range } = req.headers;
      ranges.push(range);
      const from = Number(/\d+/.exec(range ?? '')?.[0] ?? 0);
      const length = layer.length - from;
      if (from === 0) res.writeHead(200, { 'content-length': length });
      else
        res.writeHead(206, {
          'content-length': length,
          'content-range': `bytes ${from}-${layer.length - 1}/${layer.length}`,
        });
      res.write(layer.subarray(from, from === 0 ? 100 : undefined), () => res.destroy());
      return true;
    });
    expect(await fetched(host)).toEqual({ 'model.onnx': weights });
    expect(ranges).toEqual([undefined, 'bytes=100-']);
  });

  it('is read from the network once, however many files are in it', async () => {
    const files = Array.from({ length: 500 }, (_, i) => ({
      name: `models/part-${i}`,
      data: Buffer.from(`${i}`),
    }));
    const many = gzipSync(tar([{ name: 'models/model.onnx', data: weights }, ...files]));
    const { host, asked } = await registryOf([many], artifact([listed(many)]));
    const found = await fetched(host);
    expect(Object.keys(found)).toHaveLength(501);
    expect(String(found['part-499'])).toBe('499');
    expect(asked).toEqual([sum(many)]);
  });

  it('that is there twice comes once', async () => {
    const { host, asked } = await registryOf([layer], artifact([listed(layer), listed(layer)]));
    expect(await fetched(host)).toEqual({ 'model.onnx': weights });
    expect(asked).toEqual([sum(layer)]);
  });

  it('of a packed directory may stand beside files', async () => {
    const packed = gzipSync(tar([{ name: 'v1/more/labels.txt', data: Buffer.from('a') }]));
    const annotated = (data: Uint8Array, title: string, unpack?: string) => ({
      ...listed(data),
      annotations: { [TITLE]: title, ...(unpack && { 'io.deis.oras.content.unpack': unpack }) },
    });
    const { host } = await registryOf(
      [weights, packed],
      artifact([annotated(weights, 'v1/model.onnx'), annotated(packed, 'v1', 'true')]),
    );
    expect(await fetched(host)).toEqual({
      'model.onnx': weights,
      'more/labels.txt': Buffer.from('a'),
    });
  });

  it('that shrank a thousandfold is read past', async () => {
    // One file that the image does not serve.
    const zeros = gzipSync(tar([{ name: 'zeros', data: Buffer.alloc(64 * 1024 * 1024) }]));
    const { host } = await registryOf([zeros, layer], artifact([listed(zeros), listed(layer)]));
    expect(await fetched(host)).toEqual({ 'model.onnx': weights });
  });

  it('of more bytes than are allowed is refused, whatever it shrank to', async () => {
    const zeros = tar([{ name: 'models/model.onnx', data: Buffer.alloc(4 * 1024 * 1024) }]);
    const bomb = gzipSync(zeros);
    const { host } = await registryOf([bomb], artifact([listed(bomb)]));
    const refused = fetched(host, { limits: { ...limits, maxBytes: 1024 * 1024 } });
    await expect(refused).rejects.toThrow(
      'holds more than the 1048576 bytes that FETCH_MAX_BYTES allows. Nothing was changed.',
    );
  });

  it.each([
    ['compressed, and cut before it was pushed', layer.subarray(0, 100), /cannot be decompressed/],
    ['no archive', Buffer.alloc(5000, 'no archive'), /holds no model\.onnx/],
    ['empty', Buffer.alloc(0), /holds no model\.onnx/],
  ])('%s is refused', async (_what, data, why) => {
    const { host } = await registryOf([data], artifact([listed(data)]));
    await expect(fetched(host)).rejects.toMatchObject({
      name: 'CommandError',
      message: expect.stringMatching(why),
    });
  });

  it('has the sum of its only file, where one is given', async () => {
    const host = await registry(image, layer);
    const right = sum(weights).slice('sha256:'.length);
    expect(await fetched(host, { sha256: right })).toEqual({ 'model.onnx': weights });
    await expect(fetched(host, { sha256: right.replace(/^./, 'x') })).rejects.toThrow(
      `has the SHA-256 ${right}; MODEL_SHA256 (or fetch --sha256) expects`,
    );
  });
});
