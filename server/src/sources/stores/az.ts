// Azure Blob Storage: the blobs below a prefix, or a single one, each with the ETag that it had when it was listed.
import { RestError } from '@azure/storage-blob';
import { CommandError } from '../../util/command-error.ts';
import { type RemoteBytes, type RemoteFile, ReplacedError, type Store } from '../remote.ts';
import { quoteUri } from '../shown-uri.ts';
import { type Container, openContainer } from './az/container.ts';
import { FORM, type Location, parseLocation } from './az/location.ts';
import { nothing, partOf } from './client.ts';
import { checkCount, checkPath, inUrl } from './listed-path.ts';
import { isPlaceholder, ownName, revisionOf, type StoredObject } from './objects.ts';

export const azStore: Store = {
  async open(uri, env, signal) {
    const location = parseLocation(uri);
    const container = await openContainer(location, env, signal);
    const at = (path: string) =>
      uri.startsWith('az:')
        ? `az://${location.account}/${location.container}/${path}`
        : `${location.endpoint}/${location.container}/${inUrl(path)}`;
    const failed = (error: unknown) => readable(error, location, container, signal);
    const file = (blob: StoredObject, path: string): RemoteFile => ({
      path,
      size: blob.size,
      hasParts: true,
      read: (from, signal, to) =>
        readBlob(container, blob, from, signal, to).catch((error) => {
          throw readable(error, location, container, signal);
        }),
    });
    const { path } = location;
    const single =
      path === '' || path.endsWith('/')
        ? undefined
        : await findBlob(container, path, signal).catch((error) => {
            throw failed(error);
          });
    if (single !== undefined)
      return {
        resolved: at(path),
        revision: single.tag,
        files: [file(single, ownName(path))],
      };
    const folder = path === '' || path.endsWith('/') ? path : `${path}/`;
    const blobs = await listBlobs(container, folder, signal).catch((error) => {
      throw failed(error);
    });
    if (blobs.length === 0)
      throw new CommandError(
        `${at('')} has no blob ${quoteUri(path)} and none below it. Check the name; expected ${FORM}.`,
      );
    return {
      resolved: at(folder),
      revision: revisionOf(blobs),
      files: blobs.map((blob) =>
        file(
          blob,
          checkPath(blob.name.slice(folder.length), `${location.account}/${location.container}`),
        ),
      ),
    };
  },
};

async function findBlob(
  { client }: Container,
  name: string,
  signal: AbortSignal,
): Promise<StoredObject | undefined> {
  try {
    const found = await client.getBlobClient(name).getProperties({ abortSignal: signal });
    const { etag = '', contentLength = 0, metadata } = found;
    return isFolder(metadata) ? undefined : { name, size: contentLength, tag: etag };
  } catch (error) {
    // A missing container looks the same; the listing that follows tells.
    if (error instanceof RestError && error.statusCode === 404) return undefined;
    throw error;
  }
}

async function listBlobs(
  { client }: Container,
  prefix: string,
  signal: AbortSignal,
): Promise<StoredObject[]> {
  const blobs: StoredObject[] = [];
  const options = { prefix, includeMetadata: true, abortSignal: signal };
  for await (const { name, properties, metadata } of client.listBlobsFlat(options)) {
    const blob = { name, size: properties.contentLength ?? 0, tag: properties.etag };
    if (!isFolder(metadata) && !isPlaceholder(blob)) blobs.push(blob);
    checkCount(blobs.length, client.containerName);
  }
  return blobs;
}

/** Accounts with a hierarchical namespace have blobs of no bytes for folders. */
function isFolder(metadata: Readonly<Record<string, string>> | undefined): boolean {
  return metadata?.['hdi_isfolder'] === 'true';
}

async function readBlob(
  { client }: Container,
  { name, size, tag }: StoredObject,
  from: number,
  signal: AbortSignal,
  to?: number,
): Promise<RemoteBytes> {
  if (from >= size) return { from, bytes: nothing() };
  const count = to === undefined ? undefined : to - from;
  const response = await client.getBlobClient(name).download(from, count, {
    conditions: { ifMatch: tag },
    abortSignal: signal,
    maxRetryRequests: 0, // the transfer goes on where it was cut
  });
  const { readableStreamBody: bytes, contentRange, etag } = response;
  if (bytes === undefined) throw new Error('Azure answered without a body');
  return { ...partOf(contentRange), tag: etag, bytes: bytes as AsyncIterable<Uint8Array> };
}

/** Without Azure's own message, which repeats requests and their signatures. */
function readable(
  error: unknown,
  { account, container }: Location,
  { client, credentials }: Container,
  signal: AbortSignal,
): unknown {
  if (signal.aborted) return signal.reason;
  if (error instanceof CommandError || !(error instanceof RestError)) return error;
  const { statusCode = 0, code = '' } = error;
  const { hostname } = new URL(client.url);
  if (statusCode === 0)
    return code === 'ENOTFOUND'
      ? new CommandError(
          `There is no storage account ${account} at ${hostname}: that address is unknown (${code}). Check its name.`,
        )
      : new Error(`Azure cannot be reached for the account ${account} at ${hostname}: ${code}`);
  const said = `Azure answered ${`${statusCode} ${code}`.trim()} for ${account}/${container}`;
  if (statusCode >= 500 || statusCode === 408 || statusCode === 429) return new Error(said);
  // What is asked for was listed, and is within the size that it had.
  if (statusCode === 412 || statusCode === 416 || code === 'BlobNotFound')
    return new ReplacedError(`A blob of ${account}/${container}`);
  if (code === 'ContainerNotFound')
    return new CommandError(`${account} has no container ${container}. Check its name.`);
  if ([401, 403, 404, 409].includes(statusCode))
    return new CommandError(`${said} to ${credentials}. ${remedy(credentials)}`);
  return new CommandError(said);
}

function remedy(credentials: string): string {
  if (credentials.startsWith('the identity'))
    return 'Assign it the role Storage Blob Data Reader on the container; a firewall of the account gives the same answer.';
  return credentials.startsWith('no')
    ? 'Give the pod a workload identity, log in with az login, or set AZURE_STORAGE_CONNECTION_STRING (docs/model-stores.md).'
    : 'Check that it is of this account, has not expired, and allows to read and to list.';
}
