// The store of models of the Hugging Face Hub.
import { mkdirSync, writeFileSync } from 'node:fs';
import type { IncomingMessage, ServerResponse } from 'node:http';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import type { RemoteModel } from '../../src/sources/remote.ts';
import { defaultsOf } from '../../src/sources/stores/hf/defaults.ts';
import { parseReference } from '../../src/sources/stores/hf/reference.ts';
import { hfStore } from '../../src/sources/stores/hf.ts';
import { folder } from '../file-server.ts';
import { classifier, hub, weights } from './hub.ts';
import { COMMIT, sha256 } from './hub-protocol.ts';

const soon = () => AbortSignal.timeout(20_000);

async function contentOf(model: RemoteModel, name: string, from = 0, to?: number): Promise<Buffer> {
  const file = model.files.find((one) => one.path === name);
  if (file === undefined) throw new Error(`no ${name}`);
  const { from: start, isPart, bytes } = await file.read(from, soon(), to);
  expect(start).toBe(from);
  if (to !== undefined) expect(isPart).toBe(true);
  const chunks: Uint8Array[] = [];
  for await (const chunk of bytes) chunks.push(chunk);
  return Buffer.concat(chunks);
}

const names = ({ files }: RemoteModel) => files.map((file) => file.path).sort();

describe('a URI', () => {
  it.each([
    ['hf://org/model', 'org/model', 'main', ''],
    ['hf://org/model@v1', 'org/model', 'v1', ''],
    ['hf://org/model@v1/onnx/', 'org/model', 'v1', 'onnx'],
    ['hf://org/model/onnx/model_q4.onnx', 'org/model', 'main', 'onnx/model_q4.onnx'],
    ['hf://org/model@refs/pr/1/onnx', 'org/model', 'refs/pr/1', 'onnx'],
    ['hf://org/model@feature%2Fonnx', 'org/model', 'feature/onnx', ''],
  ])('%s', (uri, repo, revision, folder) => {
    expect(parseReference(uri)).toEqual({ repo, revision, path: folder });
  });

  it.each([
    'hf://',
    'hf://model',
    'hf://datasets/org/data',
    'hf://org/model@',
    'hf://../model',
    'hf://org/..',
    'hf://org/model?x',
    'hf://org/model/%zz',
    'hf://org/model@a@b',
  ])('%s is refused with how one looks', (uri) => {
    expect(() => parseReference(uri)).toThrow('expected hf://OWNER/REPO[@REVISION][/FOLDER]');
  });
});

describe('a model', () => {
  it('is the ONNX file with its weights and what describes it, at one commit', async () => {
    const { env } = await hub();
    const model = await hfStore.open('hf://org/model', env, soon());
    expect(model).toMatchObject({ resolved: `hf://org/model@${COMMIT}`, revision: COMMIT });
    expect(names(model)).toEqual([
      'config.json',
      'model.defaults.json',
      'model.onnx',
      'model.onnx_data',
      'tokenizer.json',
    ]);
    expect(model.files[0]).toMatchObject({
      path: 'model.onnx',
      size: weights.length,
      sha256: sha256(weights),
    });
    expect(await contentOf(model, 'model.onnx')).toEqual(weights);
    expect(await contentOf(model, 'model.onnx', 100)).toEqual(weights.subarray(100));
    expect(await contentOf(model, 'model.onnx', 100, 200)).toEqual(weights.subarray(100, 200));
    expect(await contentOf(model, 'model.onnx', 0, 7)).toEqual(weights.subarray(0, 7));
    expect(await contentOf(model, 'tokenizer.json', 1)).toEqual(Buffer.from('}'));
    expect(JSON.parse(String(await contentOf(model, 'model.defaults.json')))).toEqual({
      name: 'model',
      version: 'aaaaaaaaaaaa',
      task: 'classification',
      labels: ['NEGATIVE', 'POSITIVE'],
      license: 'apache-2.0',
    });
    expect(names(await hfStore.open(model.resolved, env, soon()))).toEqual(names(model));
  });

  it.each([
    ['a folder', 'hf://org/model@v1/onnx', `hf://org/model@${COMMIT}/onnx`, 'model.onnx_data'],
    [
      'a file',
      'hf://org/model/onnx/model_quantized.onnx',
      `hf://org/model@${COMMIT}/onnx/model_quantized.onnx`,
      undefined,
    ],
  ])('can be named by %s', async (_what, uri, resolved, data) => {
    const model = await hfStore.open(uri, (await hub()).env, soon());
    expect(model.resolved).toBe(resolved);
    expect(names(model)).toEqual(
      ['config.json', 'model.defaults.json', 'model.onnx', data, 'tokenizer.json'].filter(Boolean),
    );
  });

  it('keeps the model.json of its repository', async () => {
    const { env } = await hub({ files: { ...classifier, 'model.json': '{"name":"own"}' } });
    const model = await hfStore.open('hf://org/model', env, soon());
    expect(String(await contentOf(model, 'model.json'))).toBe('{"name":"own"}');
  });

  it.each([
    [
      'no ONNX file',
      { 'pytorch_model.bin': weights },
      'has no ONNX file. Export it with: optimum-cli export onnx --model org/model',
    ],
    [
      'several',
      { 'a.onnx': weights, 'b/b.onnx': weights },
      'has 2 ONNX files and none called model.onnx; expected a URI that names one of hf://org/model@main/a.onnx, hf://org/model@main/b/b.onnx.',
    ],
    ['a hostile name', { '../model.onnx': weights }, 'expected a relative path without ".."'],
    [
      'no end',
      Object.fromEntries(Array.from({ length: 10_001 }, (_, i) => [`f${i}`, ''])),
      'more than 10000 files',
    ],
  ])('of a repository with %s is refused', async (_what, files, expected) => {
    const { env } = await hub({ files, pageSize: 5000 });
    await expect(hfStore.open('hf://org/model', env, soon())).rejects.toMatchObject({
      name: 'CommandError',
      message: expect.stringContaining(expected),
    });
  });
});

describe('all files, for another server', () => {
  it.each([
    ['hf://org/model', ['README.md', 'model.safetensors', 'onnx/model_quantized.onnx']],
    ['hf://org/model/onnx', ['model.onnx', 'other.onnx_data']],
    ['hf://org/model/pytorch_model.bin', ['pytorch_model.bin']],
  ])('%s', async (uri, some) => {
    const model = await hfStore.open(uri, (await hub()).env, soon(), 'files');
    expect(names(model)).toEqual(expect.arrayContaining(some));
    expect(names(model)).not.toContain('model.defaults.json');
    expect(await contentOf(model, some.at(-1) ?? '', 8)).toEqual(weights.subarray(8));
  });

  it('names what there is not', async () => {
    await expect(
      hfStore.open('hf://org/model/weights', (await hub()).env, soon(), 'files'),
    ).rejects.toThrow('hf://org/model@main has no file or folder "weights". Check the URI.');
  });
});

describe('a token', () => {
  it.each([
    ['HF_TOKEN', (home: string) => ({ HF_TOKEN: 'hf_secret', HOME: home })],
    [
      'HF_TOKEN_PATH',
      (home: string) => ({ HF_TOKEN_PATH: path.join(home, '.cache/huggingface/token') }),
    ],
    ['HF_HOME', (home: string) => ({ HF_HOME: path.join(home, '.cache/huggingface') })],
    ['a login', (home: string) => ({ HOME: home })],
  ])('comes from %s, and goes to the Hub alone', async (_what, settings) => {
    const home = folder();
    mkdirSync(path.join(home, '.cache/huggingface'), { recursive: true });
    writeFileSync(path.join(home, '.cache/huggingface/token'), 'hf_secret\n');
    const { env, seenElsewhere } = await hub({ token: 'hf_secret' });
    const model = await hfStore.open('hf://org/model', { ...env, ...settings(home) }, soon());
    expect(await contentOf(model, 'model.onnx')).toEqual(weights);
    expect(seenElsewhere).toEqual([undefined]);
  });

  it.each([
    ['missing', {}, 'If it is private or gated, set HF_TOKEN'],
    ['wrong', { HF_TOKEN: 'hf_wrong' }, 'The token in HF_TOKEN is not valid'],
    ['no token', { HF_TOKEN: 'hf_wrong\nX-Evil: 1' }, 'HF_TOKEN: expected a token'],
    [
      'in a file that is not there',
      { HF_TOKEN_PATH: '/nowhere/token' },
      'HF_TOKEN_PATH: /nowhere/token cannot be read',
    ],
  ])('that is %s is told of, and not shown', async (_what, settings, expected) => {
    const { env } = await hub({ token: 'hf_secret' });
    const error = await hfStore
      .open('hf://org/model', { ...env, ...settings }, soon())
      .catch(String);
    expect(error).toContain(`CommandError: `);
    expect(error).toContain(expected);
    expect(error).not.toContain('hf_wrong');
  });
});

describe('the Hub says no', () => {
  const answering = (status: number, code: string) => ({
    before: (_req: IncomingMessage, res: ServerResponse) => {
      res.writeHead(status, { 'x-error-code': code }).end('{"error":"x"}');
      return true;
    },
  });

  it('of a revision', async () => {
    const { env } = await hub();
    await expect(hfStore.open('hf://org/model@nobody', env, soon())).rejects.toThrow(
      'org/model has no such revision. Expected a branch, a tag or a commit',
    );
  });

  it('of a repository', async () => {
    const { env } = await hub({ token: 'hf_secret' });
    await expect(
      hfStore.open('hf://org/other', { ...env, HF_TOKEN: 'hf_secret' }, soon()),
    ).rejects.toThrow(
      'answered 404 Not Found for org/other. Check the name, and that the token may read it',
    );
  });

  it.each([
    [{}, 'set HF_TOKEN to a token of that account'],
    [{ HF_TOKEN: 'hf_x' }, 'with the account of the token in HF_TOKEN'],
  ])('of a gated repository, with the settings %j', async (settings, expected) => {
    const { env } = await hub(answering(403, 'GatedRepo'));
    await expect(hfStore.open('hf://org/model', { ...env, ...settings }, soon())).rejects.toThrow(
      new RegExp(
        `org/model is gated. Accept its conditions at http://[^ ]+/org/model, .*${expected}`,
      ),
    );
  });

  it.each([429, 500, 503])('with status %i, and another attempt may succeed', async (status) => {
    const { env } = await hub(answering(status, ''));
    await expect(hfStore.open('hf://org/model', env, soon())).rejects.toMatchObject({
      name: 'Error',
    });
  });

  it('by never ending: the signal gives up', async () => {
    const { env } = await hub({ before: (_req, res) => res.write('[') });
    await expect(
      hfStore.open('hf://org/model', env, AbortSignal.timeout(300)),
    ).rejects.toMatchObject({ name: /TimeoutError|AbortError/ });
  });

  it('by pages of which the next is on another server', async () => {
    const { env } = await hub({
      pageSize: 100,
      before: (req, res) => {
        if (req.url?.includes('/tree/'))
          res.setHeader('link', '<http://127.0.0.1:1/x>; rel="next"');
        return false;
      },
    });
    expect(names(await hfStore.open('hf://org/model', env, soon()))).toContain('model.onnx');
  });
});

describe('model.defaults.json of config.json', () => {
  const origin = { repo: 'org/My model', commit: COMMIT, license: 'other' };
  const named = { name: 'My-model', version: 'aaaaaaaaaaaa' };

  it.each([
    [
      'a classifier of text',
      { architectures: ['BertForSequenceClassification'], id2label: { 0: 'no', 1: 'yes' } },
      { task: 'classification', labels: ['no', 'yes'] },
    ],
    [
      'labels in another order',
      { architectures: ['ViTForImageClassification'], id2label: { 1: 'b', 0: 'a' } },
      { task: 'classification', labels: ['a', 'b'] },
    ],
    [
      'labels with a gap',
      { architectures: ['ViTForImageClassification'], id2label: { 0: 'a', 2: 'c' } },
      { task: 'classification' },
    ],
    ['no labels', { architectures: ['ViTForImageClassification'] }, { task: 'classification' }],
    [
      'a regression',
      {
        architectures: ['BertForSequenceClassification'],
        problem_type: 'regression',
        id2label: { 0: 'LABEL_0' },
      },
      { task: 'regression' },
    ],
    [
      'one label, as rerankers have',
      { architectures: ['BertForSequenceClassification'], id2label: { 0: 'LABEL_0' } },
      { task: 'regression' },
    ],
    [
      'several labels at once',
      {
        architectures: ['BertForSequenceClassification'],
        problem_type: 'multi_label_classification',
        id2label: { 0: 'a', 1: 'b' },
      },
      { task: 'tensor' },
    ],
    [
      'a label for each token',
      { architectures: ['BertForTokenClassification'], id2label: { 0: 'O', 1: 'B' } },
      {},
    ],
    ['embeddings', { architectures: ['BertModel'] }, {}],
    ['other things', { architectures: 'x', id2label: [] }, {}],
    ['no object', [], {}],
    ['nothing', undefined, {}],
  ])('of %s', (_what, config, expected) => {
    expect(defaultsOf(origin, config)).toEqual({ ...named, ...expected });
  });
});
