// A bucket of Google Cloud Storage, by its JSON API: https://cloud.google.com/storage/docs/json_api/v1
import type { IncomingMessage } from 'node:http';
import { withoutTrailingSlashes } from '../../../net/base-url.ts';
import { CommandError } from '../../../util/command-error.ts';
import { isRecord } from '../../../util/is-record.ts';
import { type RemoteBytes, ReplacedError } from '../../remote.ts';
import { shownUri } from '../../shown-uri.ts';
import { bytesOf, createClient, isPassing, jsonOf, rangeFrom, statusOf } from '../client.ts';
import { checkCount } from '../listed-path.ts';
import { isPlaceholder, type StoredObject } from '../objects.ts';
import { defaultIdentity, type Identity } from './identity.ts';

export interface Bucket {
  /** @returns undefined where there is no object of this name, or of this generation */
  find(
    name: string,
    generation: string | undefined,
    signal: AbortSignal,
  ): Promise<StoredObject | undefined>;
  list(prefix: string, signal: AbortSignal): Promise<StoredObject[]>;
  read(object: StoredObject, from: number, signal: AbortSignal, to?: number): Promise<RemoteBytes>;
}

const FIELDS = 'name,size,generation,contentEncoding';

export function openBucket(bucket: string, env: NodeJS.ProcessEnv): Bucket {
  const { api, identity } = endpointOf(env);
  const client = createClient({ env });

  const get = async (
    path: string,
    query: Readonly<Record<string, string>>,
    from: number,
    signal: AbortSignal,
    to?: number,
  ) => {
    const url = new URL(
      `${api}/b/${encodeURIComponent(bucket)}/o${path}?${new URLSearchParams(query)}`,
    );
    const secrets = await identity.headers(signal);
    const response = await client(url, { secrets, headers: rangeFrom(from, to), signal });
    if ([200, 206, 404, 416].includes(response.statusCode ?? 0)) return response;
    response.destroy();
    throw await refusal(response, signal);
  };
  const refusal = async (response: IncomingMessage, signal: AbortSignal): Promise<Error> => {
    const said = `Google Cloud Storage answered ${statusOf(response)} for gs://${bucket}`;
    if (isPassing(response)) return new Error(said);
    const who = await identity.name(signal);
    if (response.statusCode === 401 || response.statusCode === 403)
      return new CommandError(
        `${said} to ${who}. ${
          who === 'nobody'
            ? 'Give the pod an identity (docs/model-stores.md), name a key in GOOGLE_APPLICATION_CREDENTIALS, or run gcloud auth application-default login.'
            : 'Grant it roles/storage.objectViewer on the bucket.'
        }`,
      );
    return new CommandError(`${said}. Check the name of the bucket.`);
  };

  return {
    async find(name, generation, signal) {
      const query = { fields: FIELDS, ...(generation !== undefined && { generation }) };
      const response = await get(`/${encodeURIComponent(name)}`, query, 0, signal);
      if (response.statusCode === 404) return void response.destroy();
      return objectOf(
        await jsonOf(response, `What Google Cloud Storage says of ${shownUri(name)}`),
        bucket,
      );
    },
    async list(prefix, signal) {
      const objects: StoredObject[] = [];
      for (let pageToken = ''; ; ) {
        const query = {
          prefix,
          fields: `items(${FIELDS}),nextPageToken`,
          ...(pageToken !== '' && { pageToken }),
        };
        const response = await get('', query, 0, signal);
        if (response.statusCode === 404) {
          response.destroy();
          throw new CommandError(`There is no bucket gs://${bucket}. Check its name.`);
        }
        const page = await jsonOf(response, `The list of objects in gs://${bucket}`);
        const { items, nextPageToken } = isRecord(page) ? page : {};
        const found = Array.isArray(items) ? items.map((item) => objectOf(item, bucket)) : [];
        objects.push(...found.filter((one) => !isPlaceholder(one)));
        checkCount(objects.length, `gs://${bucket}`);
        // A page may be empty, though not the same for ever.
        if (
          typeof nextPageToken !== 'string' ||
          nextPageToken === '' ||
          nextPageToken === pageToken
        )
          return objects;
        pageToken = nextPageToken;
      }
    },
    async read({ name, tag }, from, signal, to) {
      const path = `/${encodeURIComponent(name)}`;
      const response = await get(path, { alt: 'media', generation: tag }, from, signal, to);
      const bytes = bytesOf(response, from);
      if (bytes !== undefined) return bytes;
      response.destroy();
      throw new ReplacedError(shownUri(`gs://${bucket}/${name}`));
    },
  };
}

/** @throws CommandError for an endpoint that would get a token without TLS */
function endpointOf(env: NodeJS.ProcessEnv): { readonly api: string; readonly identity: Identity } {
  // As Google's clients have it; an emulator asks for no credentials.
  const emulator = env['STORAGE_EMULATOR_HOST'];
  if (emulator) {
    const base = /^https?:\/\//.test(emulator) ? emulator : `http://${emulator}`;
    return {
      api: `${withoutTrailingSlashes(base)}/storage/v1`,
      identity: { headers: async () => ({}), name: async () => 'nobody' },
    };
  }
  // As gcloud has it, such as for Private Service Connect: with its path.
  const own =
    env['CLOUDSDK_API_ENDPOINT_OVERRIDES_STORAGE'] || 'https://storage.googleapis.com/storage/v1/';
  const url = URL.canParse(own) ? new URL(own) : undefined;
  if (url?.protocol !== 'https:' && url?.hostname !== '127.0.0.1')
    throw new CommandError(
      'CLOUDSDK_API_ENDPOINT_OVERRIDES_STORAGE: expected an https address such as https://storage.googleapis.com/storage/v1/.',
    );
  return { api: withoutTrailingSlashes(url.href), identity: defaultIdentity() };
}

function objectOf(item: unknown, bucket: string): StoredObject {
  const { name, size, generation, contentEncoding } = isRecord(item) ? item : {};
  if (typeof name !== 'string' || !/^\d+$/.test(String(size)) || !/^\d+$/.test(String(generation)))
    throw new CommandError(
      `gs://${bucket} describes objects in another form than Google Cloud Storage does.`,
    );
  // It would come decompressed, of another size than it has, and without a way to go on in the middle.
  if (contentEncoding === 'gzip')
    throw new CommandError(
      `${shownUri(`gs://${bucket}/${name}`)} is stored with Content-Encoding: gzip. Upload it without the option that compresses (-z, -Z, -j, -J).`,
    );
  return { name, size: Number(size), tag: String(generation) };
}
