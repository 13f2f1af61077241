// What every store of objects promises, tried at the real server of each.
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { expect, it } from 'vitest';
import type { Store } from '../../server/src/sources/remote.ts';
import { serveFile } from '../../server/test/file-server.ts';
import { contentOf, expectContent, fileOf, refusalOf, soon } from './remote-files.ts';

const models = path.resolve(import.meta.dirname, '../../model');

/** Of an iris model. */
export const bytes = (version: string, file = 'model.onnx') =>
  readFileSync(path.join(models, version, file));

export interface ObjectStore {
  readonly store: Store;
  /** The URI of a bucket or container, without a slash at its end. */
  readonly root: string;
  /** Of the server, once it has started. */
  readonly env: () => NodeJS.ProcessEnv;
  readonly upload: (name: string, data: Uint8Array) => Promise<void>;
  /** For a server at an address that begins to answer and never ends. */
  readonly envAt: (url: string) => NodeJS.ProcessEnv;
}

/** What `isAnObjectStore` reads. */
export async function uploadModels(upload: ObjectStore['upload']): Promise<void> {
  for (const file of ['model.onnx', 'model.json', 'golden.json'])
    await upload(`iris/v1/${file}`, bytes('v1', file));
  await upload('iris/v1/sub folder/ü.txt', Buffer.from('ü'));
  await upload('iris/v10/model.onnx', bytes('v2'));
}

export function isAnObjectStore({ store, root, env, upload, envAt }: ObjectStore): void {
  it.each([`${root}/iris/v1`, `${root}/iris/v1/`])('%s is a folder', async (uri) => {
    const model = await store.open(uri, env(), soon());
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

  it('a single object is the model', async () => {
    const uri = `${root}/iris/v10/model.onnx`;
    const model = await store.open(uri, env(), soon());
    expect(model.resolved.replace(/#\d+$/, '')).toBe(uri);
    await expectContent(model, 'model.onnx', bytes('v2'));
  });

  it('an object that is replaced gives another revision', async () => {
    await upload('changing/model.onnx', bytes('v1'));
    const before = await store.open(`${root}/changing`, env(), soon());
    await upload('changing/model.onnx', bytes('v2'));
    const after = await store.open(before.resolved, env(), soon());
    expect(after.revision).not.toBe(before.revision);
    await expectContent(after, 'model.onnx', bytes('v2'));
  });

  it('says that there is nothing of a name', async () => {
    expect(await refusalOf(store, `${root}/iris/v3?sig=hunter2`, env(), ['hunter2'])).toMatch(
      /has no (blob|object) "iris\/v3\?…" and none below it\. Check the name; expected/,
    );
  });

  it.each(['a\\..\\..\\b', 'a//b'])('refuses an object %j', async (name) => {
    const folder = `hostile-${name.length}`;
    await upload(`${folder}/${name}`, Buffer.from('x'));
    expect(await refusalOf(store, `${root}/${folder}`, env())).toMatch(
      /lists the file ".+"; expected a relative path/,
    );
  });

  it('a listing that never ends is given up with the signal', async () => {
    const { url } = await serveFile((_req, res) => void res.write(' '));
    await expect(
      store.open(`${root}/iris/`, envAt(url), AbortSignal.timeout(500)),
    ).rejects.toMatchObject({ name: /TimeoutError|AbortError/ });
  });
}
