// Which URIs, with which settings, name one model: the folders of serve's cache.
import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { expect, it } from 'vitest';
import { identityOf } from '../../src/sources/identity.ts';
import { serversOf } from '../../src/sources/open.ts';

const signed = (query: string) => `https://bucket.s3.amazonaws.com/m.onnx?${query}`;
const blob = (query: string) => `https://ours.blob.core.windows.net/models/m.onnx?${query}`;
const connection = (key: string, host = 'ours') =>
  `DefaultEndpointsProtocol=https;AccountName=ours;AccountKey=${key};BlobEndpoint=https://${host}/`;

it.each<[string, [string, NodeJS.ProcessEnv], [string, NodeJS.ProcessEnv]]>([
  [
    'signatures of AWS',
    [signed('versionId=3&X-Amz-Date=1&X-Amz-Expires=60&X-Amz-Signature=a'), {}],
    [signed('X-Amz-Date=2&X-Amz-Security-Token=t&X-Amz-Signature=b&versionId=3'), {}],
  ],
  ['older ones', [signed('Expires=1&Signature=a&AWSAccessKeyId=b'), {}], [signed(''), {}]],
  ['of Google', [signed('X-Goog-Signature=a'), {}], [signed('X-Goog-Signature=b'), {}]],
  ['of Azure', [blob('sv=1&se=2&sr=b&sp=r&sig=a'), {}], [blob('sv=1&se=3&sr=b&sp=r&sig=b'), {}]],
  ['passwords', ['https://me:a@h/m.onnx', {}], ['https://me:b@h/m.onnx#x', {}]],
  [
    'keys of a connection string',
    ['az://ours/models/m', { AZURE_STORAGE_CONNECTION_STRING: connection('a') }],
    ['az://ours/models/m', { AZURE_STORAGE_CONNECTION_STRING: connection('b') }],
  ],
  [
    'passwords of a server',
    ['mlflow://iris/1', { MLFLOW_TRACKING_URI: 'http://me:a@mlflow:5000' }],
    ['mlflow://iris/1', { MLFLOW_TRACKING_URI: 'http://mlflow:5000/' }],
  ],
  [
    'settings of other stores',
    ['hf://org/model', { AWS_ENDPOINT_URL: 'http://a' }],
    ['hf://org/model', {}],
  ],
  ['forms of a path', ['./x/../m.onnx', {}], [`file://${path.resolve('m.onnx')}`, {}]],
])('%s do not tell models apart', (_name, one, other) => {
  expect(identityOf(...one)).toBe(identityOf(...other));
});

it.each<[string, string, string]>([
  ['versions', signed('versionId=3'), signed('versionId=4')],
  ['versions beside a signature', blob('versionid=1&sig=a'), blob('versionid=2&sig=a')],
  ['snapshots', blob('snapshot=1&sig=a'), blob('snapshot=2&sig=a')],
  ['what looks like a part of a signature of Azure', signed('sp=1'), signed('sp=2')],
  ['generations', 'gs://b/m.onnx#1', 'gs://b/m.onnx#2'],
])('%s do', (_name, one, other) => {
  expect(identityOf(one, {})).not.toBe(identityOf(other, {}));
});

it('a path is that of its working directory', () => {
  const before = process.cwd();
  const here = identityOf('m.onnx', {});
  try {
    process.chdir('/');
    expect(identityOf('m.onnx', {})).not.toBe(here);
  } finally {
    process.chdir(before);
  }
});

const URIS = [
  's3://b/m',
  'gs://b/m',
  'az://ours/models/m',
  'hf://o/m',
  'mlflow://m/1',
  'oci://r/m',
];

it('servers that settings name do', () => {
  for (const uri of URIS)
    for (const name of serversOf(uri))
      expect(identityOf(uri, { [name]: 'http://one' }), `${name} of ${uri}`).not.toBe(
        identityOf(uri, { [name]: 'http://other' }),
      );
});

/** Who asks, and how: not what is asked for. */
const NO_SERVERS =
  /^(AZURE_STORAGE_(ACCOUNT|KEY|SAS_TOKEN)|HF_(TOKEN|TOKEN_PATH|HOME)|HUGGING_FACE_HUB_TOKEN|MLFLOW_TRACKING_(USERNAME|PASSWORD|TOKEN|INSECURE_TLS|(SERVER|CLIENT)_CERT_PATH)|OCI_PLAIN_HTTP|DOCKER_CONFIG|MODEL_URL_HEADERS_FILE|XDG_CACHE_HOME|HOME)$/;

it('there is no setting of a store that nobody has thought of', () => {
  const stores = path.resolve(import.meta.dirname, '../../src/sources/stores');
  const known = new Set(URIS.flatMap(serversOf));
  const used = readdirSync(stores, { recursive: true, encoding: 'utf8' })
    .filter((file) => file.endsWith('.ts'))
    .flatMap((file) => {
      const text = readFileSync(path.join(stores, file), 'utf8');
      // env['NAME'], and { NAME: local } = env
      return [...text.matchAll(/env\['(\w+)'\]|^ +([A-Z]+_[A-Z_]+): \w+(?: = '')?,$/gm)].map(
        ([, one, other]) => one ?? other ?? '',
      );
    });
  expect(used.length).toBeGreaterThan(15);
  expect(used.filter((name) => !known.has(name) && !NO_SERVERS.test(name))).toEqual([]);
});
