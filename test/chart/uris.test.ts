// A URI of a model is refused by the chart where the fetcher would refuse it for its form, and only there: both are asked about each. The
// chart alone refuses what it says by itself: paths of a machine, blanks, secrets, hosts that cannot be, and what is not pinned.
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { checkForm } from '../../server/src/commands/fetch/address.ts';
import { normalised, openModel } from '../../server/src/sources/open.ts';
import { UsageError } from '../../server/src/util/command-error.ts';
import { startAdmitter } from './admit.ts';
import { faultsOf } from './faults.ts';

const admitter = startAdmitter();
afterAll(() => admitter.close());

// What clients look for before they ask anybody.
beforeAll(() => void vi.stubEnv('AWS_REGION', 'eu-central-1'));
afterAll(() => void vi.unstubAllEnvs());
const env = { MLFLOW_TRACKING_URI: 'http://127.0.0.1:9' };

type Form = Parameters<typeof checkForm>[1];

/** What the fetcher says of a URI before it asks a server: it is told to stop there. */
async function fetcher(uri: string, form: Form): Promise<'takes' | 'refuses'> {
  try {
    const address = normalised(uri);
    checkForm(address, form, 'MODEL_URI');
    await openModel(address, env, AbortSignal.abort(), form);
  } catch (error) {
    if (error instanceof UsageError) return 'refuses';
  }
  return 'takes';
}

/** What the chart makes of it; a refusal names the value. */
async function chart(uri: string, version: object): Promise<'takes' | 'refuses'> {
  const values = { versions: { v1: version }, ingress: { controller: 'nginx' } };
  const rendering = { release: 'ml-api', namespace: 'models', upgrade: false, values };
  const admission = await admitter.admit(rendering);
  expect(faultsOf(rendering, admission), uri).toEqual([]);
  if (!('refused' in admission)) return 'takes';
  expect(admission.refused).toMatch(/versions.v1.model.uri: |at '\/versions\/v1\/model\/uri': /);
  return 'refuses';
}

const model = (uri: string) => ({ uri, requirePinned: 'never' });
const oneModel = (uri: string) => ({ model: model(uri) });
const forms: readonly { what: string; form: Form; version: (uri: string) => object }[] = [
  { what: 'one model', form: 'model', version: oneModel },
  {
    what: 'several models',
    form: 'models',
    version: (uri) => ({ model: { ...model(uri), several: true, default: 'a' } }),
  },
  {
    what: 'the files of another server',
    form: 'files',
    version: (uri) => ({ runtime: 'triton', model: model(uri) }),
  },
];

const digest = `sha256:${'0'.repeat(64)}`;
const good = [
  ...['s3://models', 's3://models/', 's3://models/iris/v1', 's3://Mo.d_e-ls/é/日本#1'],
  ...['S3://models/iris', 's3://9ab/x.onnx', `s3://${'a'.repeat(255)}/x`, 's3://a-/x'],
  ...['gs://models', 'gs://models/iris.onnx#12', 'gs://9_a.b-c/x', `gs://${'a'.repeat(222)}/x`],
  ...['az://acc/con', 'az://acc/con/', 'az://account1/$web/iris', `az://${'a'.repeat(24)}/con/x`],
  ...['https://acc.blob.core.windows.net/c', 'https://acc.blob.core.windows.net/con/iris?a=b'],
  ...['hf://org/model', 'HF://org/model', 'hf://org/model@main', 'hf://org/model@refs/pr/1/onnx'],
  ...['hf://org/model/onnx/model_q4.onnx', 'hf://_o/-m@v1.0/a%20b', 'hf://org/model@a%2Fb'],
  ...['mlflow://iris@champion', 'mlflow://iris/3', 'models:/iris/3', 'models://iris@a'],
  ...['models:///iris/3', 'mlflow://my.iris@a%20b', 'MLFlow://iris/1'],
  ...['mlflow://_iris@x', 'mlflow://日本@x', 'mlflow://a%40b@x', 'mlflow://iris@a%40b'],
  ...['oci://h/iris', 'oci://ghcr.io/org/iris:1.2', `oci://h:5000/a/b/c@${digest}`],
  ...[`oci://10.0.0.1/a__b/c---d:A_b@${digest}`, 'oci://[::1]:5000/x', 'OCI://H.example.com/x'],
  ...['https://example.com/x.tar', 'http://example.com:8080/a/x.tar.gz?v=1', 'https://h/x.tgz#a'],
  ...['HTTPS://example.com/x.tgz', 'https://h/é/x.tar'],
];
const bad = [
  ...['s3://', 's3://9', 's3:///x', 's3://-ab/x', 's3://b!d/x', 's3:models/x', 's3:/models/x'],
  ...[`s3://${'a'.repeat(256)}/x`, 's3://models?x', 's3://.ab', 'ftp://models/x', 's4://models/x'],
  ...[
    'gs://',
    'gs://ab',
    'gs://B/x',
    'gs://Models/x',
    'gs://models-/x',
    'gs://models.',
    'gs://x/y',
  ],
  ...['gs://models#1', `gs://${'a'.repeat(223)}/x`],
  ...[
    'az://',
    'az://acc',
    'az://acc/',
    'az://ac/con',
    'az://acc/co',
    'az://Acc/con',
    'az://a-c/con',
  ],
  ...['az://acc/Con', 'az://acc/-con', `az://${'a'.repeat(25)}/con`, `az://acc/${'a'.repeat(64)}`],
  ...['https://acc.blob.core.windows.net', 'https://acc.blob.core.windows.net/'],
  ...[
    'https://acc.blob.core.windows.net/?restype=container',
    'https://acc.blob.core.windows.net//x',
  ],
  ...['hf://', 'hf://org', 'hf://org/', 'hf:///model', 'hf://datasets/model', 'hf://spaces/a/b'],
  ...['hf://o.rg!/a', 'hf://.o/a', 'hf://org/model@', 'hf://org/model?x', 'hf://org/model/a#b'],
  ...['hf://org/model@a/b@c?', 'hf://org/model/%', 'hf://org/model/a%2', 'hf://org/model/%zz'],
  ...[`hf://${'a'.repeat(97)}/m`, `hf://org/${'a'.repeat(97)}`],
  ...[
    'mlflow://',
    'mlflow://iris',
    'mlflow://iris@',
    'mlflow://@x',
    'mlflow://iris/',
    'mlflow:iris',
  ],
  ...['mlflow://iris/0', 'mlflow://iris/01', 'mlflow://iris/Production', 'mlflow://iris/latest'],
  ...['mlflow://iris/1/2', 'mlflow://iris/3a', 'mlflow://iris/-1', 'mlflow://iris@a@', 'models:/'],
  ...['mlflow://iris?@a', 'mlflow://iris@a#b', 'mlflow://iris/%', 'mlflow://a:b@c'],
  ...['mlflow://a%2Fb@c', 'mlflow://a%3Ab@c', 'mlflow://iris@a%2fb'],
  ...[`mlflow://iris/${'1'.repeat(19)}`, 'models:////iris/3', 'models:iris/3'],
  ...['oci://', 'oci://h', 'oci://h/', 'oci:///x', 'oci://h/Iris', 'oci://h/a//b', 'oci://h/x/'],
  ...['oci://token@ghcr.io/org/iris', 'hf://token@org/model', 's3://key@models/x'],
  ...['oci://h/x:', 'oci://h/x@sha256:0', 'oci://h/x@sha512:0', 'oci://h/x:a+b'],
  ...[
    'oci://-h/x',
    'oci://h./x',
    'oci://h:/x',
    'oci://h:123456/x',
    'oci://h:99999/x',
    'oci://h_a/x',
  ],
  ...['oci://h/a..b', 'oci://h/-a', 'oci://h/x?y', 'oci://h/x#y', `oci://h/${'a'.repeat(256)}`],
  ...['https://example.com', 'https://example.com/', 'https://example.com/x/', 'https:///x.tar'],
  ...['https://h:99999/x.tar', 'https://1.2.3.256/x.tar', 'https://[::1::]/x.tar', 'https://'],
  ...['https://h?x.tar', 'https://h/?a=x.tar', 'https://h#x.tar'],
];
/** What becomes of it depends on what is fetched. */
const onWeb = [
  ...['x.zip', 'x', 'x.onnx', 'x.ONNX', 'x.tar.bz2', 'x.gz', 'xonnx', '.onnx', 'x.onnx/', 'x.tar/'],
  ...['x.zip?a=.onnx', 'x.zip#.onnx', 'model.gguf', '%', 'a.tar;v=1'],
].map((path) => `https://example.com/${path}`);

test.each(good)('the fetcher and the chart take %s', async (uri) => {
  const said = [await fetcher(uri, 'model'), await chart(uri, oneModel(uri))];
  expect(said).toEqual(['takes', 'takes']);
});

test.each(bad)('the fetcher and the chart refuse %s', async (uri) => {
  const said = [await fetcher(uri, 'model'), await chart(uri, oneModel(uri))];
  expect(said).toEqual(['refuses', 'refuses']);
});

describe.each(forms)('of $what', ({ form, version }) => {
  test.each(onWeb)('the fetcher and the chart agree about %s', async (uri) => {
    expect(await chart(uri, version(uri))).toBe(await fetcher(uri, form));
  });
});

test('the chart gives the fetcher a scheme in lower case, as it reads it', async () => {
  const values = { versions: { v1: { model: { uri: 'S3://Models/Iris' } } } };
  const admission = await admitter.admit({ release: 'a', namespace: 'b', upgrade: false, values });
  expect(JSON.stringify(admission)).toContain('{"name":"MODEL_URI","value":"s3://Models/Iris"}');
});
