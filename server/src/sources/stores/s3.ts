// Amazon S3 and what speaks its protocol: an object, or the objects below a prefix, each read only as it was when it was listed.

import { Readable } from 'node:stream';
import {
  GetObjectCommand,
  HeadObjectCommand,
  ListObjectsV2Command,
  S3Client,
  type _Object as S3Object,
} from '@aws-sdk/client-s3';
import { CommandError } from '../../util/command-error.ts';
import { quote } from '../../util/quote.ts';
import { MOST_FILES } from '../paths.ts';
import type { RemoteFile, Store } from '../remote.ts';
import { revisionOf } from '../revision.ts';
import { s3Error } from './s3-errors.ts';

const FORM = 's3://BUCKET/PREFIX';

export const s3: Store = {
  form: FORM,
  async open(uri, env, signal) {
    const place = placeOf(uri);
    const { client, region } = await connect(env);
    const call = async <T>(work: Promise<T>): Promise<T> => {
      try {
        return await work;
      } catch (error) {
        signal.throwIfAborted();
        throw s3Error(error, { ...place, region });
      }
    };
    const objects = await call(objectsAt(client, place, signal));
    if (objects.length === 0)
      throw new CommandError(
        `${place.name} is not there: the bucket has no such object, and none below ${quote(`${place.key}/`)}. Check the URI.`,
      );
    return {
      resolved: place.name,
      revision: revisionOf(objects.map(({ key, etag, size }) => [key, etag, size])),
      files: objects.map(
        ({ key, path, etag, size }): RemoteFile => ({
          path,
          size,
          async read(from, reading) {
            const { Body } = await client
              .send(
                new GetObjectCommand({
                  Bucket: place.bucket,
                  Key: key,
                  IfMatch: etag,
                  ...(from > 0 && { Range: `bytes=${from}-` }),
                }),
                { abortSignal: reading },
              )
              .catch((error: unknown) => {
                reading.throwIfAborted();
                throw s3Error(error, { ...place, region });
              });
            if (!(Body instanceof Readable)) throw new Error('S3 sent no body');
            return { from, bytes: Body };
          },
        }),
      ),
    };
  },
};

export interface Place {
  readonly bucket: string;
  /** Without a slash at its end; '' for the whole bucket. */
  readonly key: string;
  /** As it was named. */
  readonly name: string;
}

function placeOf(uri: string): Place {
  const [, bucket, key = ''] = /^s3:\/\/([^/?#]+)(?:\/(.*))?$/.exec(uri) ?? [];
  if (bucket === undefined)
    throw new CommandError(`Expected a URI of the form ${FORM}, got ${quote(uri)}.`);
  return { bucket, key: key.replace(/\/+$/, ''), name: uri };
}

/** Credentials, region and endpoint come as for every AWS client: environment, profile, web identity, Pod Identity, instance. */
async function connect(env: NodeJS.ProcessEnv) {
  const endpoint = env['AWS_ENDPOINT_URL_S3'] ?? env['AWS_ENDPOINT_URL'];
  const options = {
    // Few other servers have a host name for each bucket.
    forcePathStyle: endpoint !== undefined,
    followRegionRedirects: true,
    // Attempts are made by who reads, from where it was cut.
    maxAttempts: 1,
    // Of whole objects only, and other servers send none.
    responseChecksumValidation: 'WHEN_REQUIRED',
  } as const;
  const client = new S3Client(options);
  try {
    return { client, region: await client.config.region() };
  } catch {
    // Nobody has named a region. AWS redirects from this one; other servers have none.
    const region = 'us-east-1';
    return { client: new S3Client({ ...options, region }), region };
  }
}

interface Listed {
  readonly key: string;
  readonly path: string;
  readonly etag: string | undefined;
  readonly size: number;
}

async function objectsAt(client: S3Client, place: Place, signal: AbortSignal): Promise<Listed[]> {
  const folder = place.key === '' ? '' : `${place.key}/`;
  const found: S3Object[] = [];
  for (let token: string | undefined; ; ) {
    const page = await client
      .send(
        new ListObjectsV2Command({
          Bucket: place.bucket,
          Prefix: folder,
          ...(token !== undefined && { ContinuationToken: token }),
        }),
        { abortSignal: signal },
      )
      // Who may read one object need not be allowed to list.
      .catch((error: unknown) => {
        if (place.key !== '' && isDenied(error))
          return { Contents: [], NextContinuationToken: undefined };
        throw error;
      });
    found.push(...(page.Contents ?? []));
    if (found.length > MOST_FILES)
      throw new CommandError(
        `${place.name} has more than ${MOST_FILES} objects; expected the folder of a model. Name that folder.`,
      );
    if (page.NextContinuationToken === undefined || page.NextContinuationToken === token) break;
    token = page.NextContinuationToken;
  }
  const listed = found
    // Consoles make an empty object of this form for each folder.
    .filter(({ Key = '' }) => !Key.endsWith('/'))
    .map(({ Key = '', ETag, Size = 0 }) => ({
      key: Key,
      path: Key.slice(folder.length),
      etag: ETag,
      size: Size,
    }));
  return listed.length > 0 || place.key === ''
    ? listed
    : [await objectAt(client, place, signal)].flat();
}

async function objectAt(
  client: S3Client,
  { bucket, key }: Place,
  signal: AbortSignal,
): Promise<Listed[]> {
  try {
    const { ETag, ContentLength = 0 } = await client.send(
      new HeadObjectCommand({ Bucket: bucket, Key: key }),
      { abortSignal: signal },
    );
    return [{ key, path: key.slice(key.lastIndexOf('/') + 1), etag: ETag, size: ContentLength }];
  } catch (error) {
    if (error instanceof Error && error.name === 'NotFound') return [];
    throw error;
  }
}

function isDenied(error: unknown): boolean {
  return error instanceof Error && error.name === 'AccessDenied';
}
