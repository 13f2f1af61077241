// Amazon S3 and what speaks its protocol: an object, or the objects below a prefix, each read only as it was when it was listed.
import { Readable } from 'node:stream';
import {
  GetObjectCommand,
  HeadObjectCommand,
  ListObjectsV2Command,
  S3Client,
} from '@aws-sdk/client-s3';
import { CommandError, UsageError } from '../../util/command-error.ts';
import type { RemoteBytes, Store } from '../remote.ts';
import { quoteUri, shownUri } from '../shown-uri.ts';
import { partOf, rangeOf } from './client.ts';
import { checkCount, checkPath } from './listed-path.ts';
import { isPlaceholder, ownName, revisionOf, type StoredObject } from './objects.ts';
import { type Endpoint, notS3, s3Error } from './s3/errors.ts';

const FORM = 's3://BUCKET/FOLDER or s3://BUCKET/FILE.onnx';

export const s3Store: Store = {
  async open(uri, env, signal) {
    const bucket = await openBucket(uri, env);
    const objects = await bucket.list(signal);
    const single = objects.length === 0 ? await bucket.find(signal) : undefined;
    const found = single === undefined ? objects : [single];
    if (found.length === 0)
      throw new CommandError(
        `${bucket.shown} is not there: the bucket has no such object, and none below it. Check the URI; expected ${FORM}.`,
      );
    return {
      resolved: bucket.uri,
      revision: revisionOf(found),
      files: found.map((object) => ({
        path: object === single ? ownName(object.name) : bucket.pathOf(object),
        size: object.size,
        hasParts: object.tag !== '',
        read: (from, signal, to) => bucket.read(object, from, signal, to),
      })),
    };
  },
};

async function openBucket(uri: string, env: NodeJS.ProcessEnv) {
  const [, bucket, named = ''] =
    /^s3:\/\/([A-Za-z0-9][A-Za-z0-9._-]{1,254})(?:\/(.*))?$/s.exec(uri) ?? [];
  if (bucket === undefined)
    throw new UsageError(`${quoteUri(uri)} names no bucket; expected ${FORM}.`);
  const key = named.replace(/\/$/, '');
  const folder = key === '' ? '' : `${key}/`;
  const shown = shownUri(`s3://${bucket}/${named}`);
  const endpoint = endpointOf(env);
  const { client, region } = await connect(endpoint);

  const place = { bucket, shown, region, endpoint, isListed: false };

  /** @param isListed whether it is about an object that was there before */
  const ask = async <Answer>(
    answer: Promise<Answer>,
    signal: AbortSignal,
    isListed = false,
  ): Promise<Answer> => {
    try {
      return await answer;
    } catch (error) {
      signal.throwIfAborted();
      throw s3Error(error, { ...place, isListed });
    }
  };

  return {
    uri: `s3://${bucket}/${named}`,
    shown,

    pathOf: ({ name }: StoredObject): string =>
      checkPath(name.slice(folder.length), `s3://${bucket}`),

    /** Those below the key. Who may read one object need not be allowed to list: then there are none. */
    async list(signal: AbortSignal): Promise<StoredObject[]> {
      const found: StoredObject[] = [];
      for (let token: string | undefined; ; ) {
        const sent = client.send(
          new ListObjectsV2Command({ Bucket: bucket, Prefix: folder, ContinuationToken: token }),
          { abortSignal: signal },
        );
        const page = await ask(
          sent.catch((error: unknown) => {
            if (key !== '' && isDenied(error)) return undefined;
            throw error;
          }),
          signal,
        );
        // Which every listing says.
        if (page && page.Name === undefined && page.IsTruncated === undefined) throw notS3(place);
        for (const { Key = '', ETag = '', Size = 0 } of page?.Contents ?? [])
          if (!isPlaceholder({ name: Key })) found.push({ name: Key, tag: ETag, size: Size });
        checkCount(found.length, shown);
        const next = page?.NextContinuationToken;
        if (next === undefined || next === token) return found;
        token = next;
      }
    },

    /** The object of the key itself. */
    async find(signal: AbortSignal): Promise<StoredObject | undefined> {
      if (key === '' || named.endsWith('/')) return undefined;
      const head = client.send(new HeadObjectCommand({ Bucket: bucket, Key: key }), {
        abortSignal: signal,
      });
      return ask(
        head.then(
          ({ ETag = '', ContentLength = 0 }) => ({ name: key, tag: ETag, size: ContentLength }),
          (error: unknown) => {
            if (error instanceof Error && error.name === 'NotFound') return undefined;
            throw error;
          },
        ),
        signal,
      );
    },

    async read(
      { name, tag }: StoredObject,
      from: number,
      signal: AbortSignal,
      to?: number,
    ): Promise<RemoteBytes> {
      const command = new GetObjectCommand({
        Bucket: bucket,
        Key: name,
        IfMatch: tag || undefined,
        Range: rangeOf(from, to),
      });
      const { Body, ContentRange, ETag } = await ask(
        client.send(command, { abortSignal: signal }),
        signal,
        true,
      );
      if (!(Body instanceof Readable)) throw new Error('it was sent without a body');
      return { ...partOf(ContentRange), tag: ETag, bytes: Body };
    },
  };
}

/** Credentials, region and endpoint come as for every AWS client: environment, profile, web identity, Pod Identity, instance. */
/** @throws UsageError for one that is no address */
function endpointOf(env: NodeJS.ProcessEnv): Endpoint | undefined {
  const variable = env['AWS_ENDPOINT_URL_S3'] ? 'AWS_ENDPOINT_URL_S3' : 'AWS_ENDPOINT_URL';
  const address = env[variable];
  if (!address) return undefined;
  const url = URL.canParse(address) ? new URL(address) : undefined;
  if (url?.protocol !== 'https:' && url?.protocol !== 'http:')
    throw new UsageError(
      `${variable}: expected an address such as https://minio.example.com:9000.`,
    );
  return { host: url.host, variable };
}

async function connect(endpoint: Endpoint | undefined) {
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

function isDenied(error: unknown): boolean {
  return error instanceof Error && error.name === 'AccessDenied';
}
