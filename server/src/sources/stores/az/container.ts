// A container by Azure's own client, with the first of the credentials that there are: a signature in the address, the variables of the az
// command, then Azure's default chain, in which a pod has its workload identity.
import { DefaultAzureCredential } from '@azure/identity';
import {
  AnonymousCredential,
  BlobServiceClient,
  type ContainerClient,
  type StoragePipelineOptions,
  StorageSharedKeyCredential,
} from '@azure/storage-blob';
import { CommandError } from '../../../util/command-error.ts';
import { abortable } from '../abortable.ts';
import type { Location } from './location.ts';

export interface Container {
  readonly client: ContainerClient;
  /** What was shown to Azure, for errors. */
  readonly credentials: string;
}

/** Attempts are those of the transfer, which tells of them. */
const OPTIONS: StoragePipelineOptions = { retryOptions: { maxTries: 1 } };
const SCOPE = 'https://storage.azure.com/.default';

export async function openContainer(
  location: Location,
  env: NodeJS.ProcessEnv,
  signal: AbortSignal,
): Promise<Container> {
  const { service, credentials } = await openService(location, env, signal);
  return { client: service.getContainerClient(location.container), credentials };
}

async function openService(
  { account, endpoint, sas }: Location,
  env: NodeJS.ProcessEnv,
  signal: AbortSignal,
): Promise<{ readonly service: BlobServiceClient; readonly credentials: string }> {
  const signed = (query: string) =>
    new BlobServiceClient(`${endpoint}/?${query}`, new AnonymousCredential(), OPTIONS);
  if (sas !== undefined)
    return { service: signed(sas), credentials: 'the signature of the address' };
  const {
    AZURE_STORAGE_CONNECTION_STRING: connection,
    AZURE_STORAGE_ACCOUNT: ofKey,
    AZURE_STORAGE_KEY: key,
    AZURE_STORAGE_SAS_TOKEN: token,
  } = env;
  if (connection) return connected(connection, account);
  const isOurs = ofKey === undefined || ofKey === account;
  if (key && isOurs)
    return {
      service: new BlobServiceClient(endpoint, keyOf(account, key), OPTIONS),
      credentials: 'AZURE_STORAGE_KEY',
    };
  if (token && isOurs)
    return { service: signed(token.replace(/^\?/, '')), credentials: 'AZURE_STORAGE_SAS_TOKEN' };
  const chain = new DefaultAzureCredential();
  try {
    await abortable(chain.getToken(SCOPE, { abortSignal: signal }), signal);
  } catch (error) {
    if (signal.aborted) throw signal.reason;
    if (error instanceof Error && error.name === 'AuthenticationError') throw refused(error);
    // None is there: the container may be public.
    const service = new BlobServiceClient(endpoint, new AnonymousCredential(), OPTIONS);
    return { service, credentials: 'no credentials' };
  }
  return {
    service: new BlobServiceClient(endpoint, chain, OPTIONS),
    credentials: 'the identity that Azure has for this process',
  };
}

/** The emulator and private clouds have their addresses here. */
function connected(text: string, account: string) {
  const parts = partsOf(text);
  const lacking = ['AccountName', 'AccountKey'].filter((name) => !parts.has(name.toLowerCase()));
  const isSigned = parts.has('sharedaccesssignature');
  if (lacking.length > 0 && !isSigned)
    throw new CommandError(
      `AZURE_STORAGE_CONNECTION_STRING has no ${lacking.join(' and no ')}; expected a connection string as the Azure portal shows it: AccountName and AccountKey, or SharedAccessSignature, with DefaultEndpointsProtocol or BlobEndpoint.`,
    );
  let service: BlobServiceClient;
  try {
    service = BlobServiceClient.fromConnectionString(
      [...parts.values()].map(({ name, value }) => `${name}=${value}`).join(';'),
      OPTIONS,
    );
  } catch {
    throw new CommandError(
      'AZURE_STORAGE_CONNECTION_STRING: expected a connection string as the Azure portal shows it; one of its parts is invalid, such as an AccountKey that is not base64, or a BlobEndpoint that is not a URL.',
    );
  }
  // The client knows an account by its address alone, which has no account where the host is one of one's own.
  const named = parts.get('accountname')?.value ?? service.accountName;
  if (named !== '' && named !== account)
    throw new CommandError(
      `AZURE_STORAGE_CONNECTION_STRING is that of the account ${named}; the URI names ${account}. Expected the same account in both.`,
    );
  return { service, credentials: 'AZURE_STORAGE_CONNECTION_STRING' };
}

/** By their names in lower case. Blanks are nobody's; and where an endpoint is named, the protocol may be left out. */
function partsOf(text: string): Map<string, { name: string; value: string }> {
  const parts = new Map([
    ['defaultendpointsprotocol', { name: 'DefaultEndpointsProtocol', value: 'https' }],
  ]);
  for (const part of text.split(';')) {
    const [, name = '', value = ''] = /^\s*([A-Za-z]+)\s*=\s*(.*?)\s*$/.exec(part) ?? [];
    if (name !== '') parts.set(name.toLowerCase(), { name, value });
  }
  return parts;
}

function keyOf(account: string, key: string): StorageSharedKeyCredential {
  return new StorageSharedKeyCredential(account, key);
}

/** By the status and code alone: the text of Microsoft's login is long, and names its own tenants. */
function refused(error: Error): CommandError {
  const [code = 'an error'] = /AADSTS\d+/.exec(error.message) ?? [];
  return new CommandError(
    `Azure issues no token to this process (${code}). Check the client and tenant ids of the service account's annotations, and the federated credential of the managed identity.`,
  );
}
