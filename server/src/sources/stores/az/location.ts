// How a model in Azure Blob Storage is named: `az://ACCOUNT/CONTAINER/FOLDER`, or by the https address of a container, folder or blob, with a
// shared access signature (SAS) where it has one.
import { UsageError } from '../../../util/command-error.ts';
import { quoteUri } from '../../shown-uri.ts';

export interface Location {
  readonly account: string;
  /** Of the account: `https://ACCOUNT.blob.core.windows.net`. */
  readonly endpoint: string;
  readonly container: string;
  readonly path: string;
  /** The query of a shared access signature: a secret. */
  readonly sas: string | undefined;
}

export const FORM =
  'az://ACCOUNT/CONTAINER/FOLDER or https://ACCOUNT.blob.core.windows.net/CONTAINER/FOLDER';

/** Whether an https address is that of a blob: Azure's own clouds have the same names but for their ends. */
export function isBlobAddress(uri: string): boolean {
  return /^https:\/\/[a-z0-9]{3,24}\.blob\.(core\.windows\.net|core\.usgovcloudapi\.net|core\.chinacloudapi\.cn)(\/|$)/.test(
    uri,
  );
}

/** @throws UsageError that says how one looks, without the query of an address */
export function parseLocation(uri: string): Location {
  const [, account, container, path = ''] =
    /^az:\/\/([a-z0-9]{3,24})\/([a-z0-9$][a-z0-9-]{2,62})(?:\/(.*))?$/.exec(uri) ?? [];
  if (account !== undefined && container !== undefined)
    return {
      account,
      endpoint: `https://${account}.blob.core.windows.net`,
      container,
      path,
      sas: undefined,
    };
  const url = isBlobAddress(uri) ? new URL(uri) : undefined;
  const [, box, rest = ''] = /^\/([^/]+)(?:\/(.*))?$/.exec(url?.pathname ?? '') ?? [];
  if (url === undefined || box === undefined)
    throw new UsageError(
      `${quoteUri(uri)} names no container of Azure Blob Storage; expected ${FORM}.`,
    );
  return {
    account: url.hostname.split('.', 1).join(''),
    endpoint: url.origin,
    container: box,
    path: decoded(rest),
    sas: url.search === '' ? undefined : url.search.slice(1),
  };
}

function decoded(path: string): string {
  try {
    return decodeURIComponent(path);
  } catch {
    return path;
  }
}
