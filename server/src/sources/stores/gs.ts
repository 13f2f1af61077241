// Google Cloud Storage: the objects below a prefix, or a single one, each of one generation.
import { CommandError, UsageError } from '../../util/command-error.ts';
import type { Store } from '../remote.ts';
import { quoteUri } from '../shown-uri.ts';
import { type Bucket, openBucket } from './gs/bucket.ts';
import { checkPath } from './listed-path.ts';
import { ownName, revisionOf, type StoredObject } from './objects.ts';

const FORM = 'gs://BUCKET/FOLDER or gs://BUCKET/FILE.onnx';

export const gsStore: Store = {
  async open(uri, env, signal) {
    const { bucket, path, generation } = parse(uri);
    const objects = openBucket(bucket, env);
    const file = (object: StoredObject, own: string) => ({
      path: own,
      size: object.size,
      hasParts: true,
      read: (from: number, signal: AbortSignal, to?: number) =>
        objects.read(object, from, signal, to),
    });
    const single = await findSingle(objects, path, generation, signal);
    if (single !== undefined)
      return {
        resolved: `gs://${bucket}/${path}#${single.tag}`,
        revision: single.tag,
        files: [file(single, ownName(path))],
      };
    const folder = path === '' || path.endsWith('/') ? path : `${path}/`;
    const found = await objects.list(folder, signal);
    if (found.length === 0 || generation !== undefined)
      throw new CommandError(
        `gs://${bucket} has no object ${quoteUri(path)}${generation === undefined ? ' and none below it' : ` of the generation ${generation}`}. Check the name; expected ${FORM}.`,
      );
    return {
      resolved: `gs://${bucket}/${folder}`,
      revision: revisionOf(found),
      files: found.map((object) =>
        file(object, checkPath(object.name.slice(folder.length), `gs://${bucket}`)),
      ),
    };
  },
};

interface Parsed {
  readonly bucket: string;
  readonly path: string;
  /** Of a single object, as gcloud writes it: `gs://bucket/model.onnx#1795928295628607`. */
  readonly generation: string | undefined;
}

function parse(uri: string): Parsed {
  const [, bucket, path = '', generation] =
    /^gs:\/\/([a-z0-9][a-z0-9._-]{1,220}[a-z0-9])(?:\/(.*?)(?:#(\d+))?)?$/.exec(uri) ?? [];
  if (bucket === undefined)
    throw new UsageError(`${quoteUri(uri)} names no bucket; expected ${FORM}.`);
  return { bucket, path, generation };
}

async function findSingle(
  bucket: Bucket,
  path: string,
  generation: string | undefined,
  signal: AbortSignal,
): Promise<StoredObject | undefined> {
  return path === '' || path.endsWith('/') ? undefined : bucket.find(path, generation, signal);
}
