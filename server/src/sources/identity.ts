// What tells a model that a URI names from all others: the URI, and the servers that the environment decides. Not who asks, nor until when: a
// signature is another one each time.
import { hash } from 'node:crypto';
import { withoutTrailingSlashes } from '../net/base-url.ts';
import { isLocal, serversOf } from './open.ts';
import { localPath } from './stores/local.ts';

/** Of AWS, Google and CloudFront. A version, such as versionId or generation, is none. */
const SIGNATURE =
  /^(x-(amz|goog)-.*|awsaccesskeyid|googleaccessid|signature|expires|policy|key-pair-id|hash-algorithm)$/i;
/** Of Azure, whose short names may mean anything where there is no `sig`: https://learn.microsoft.com/rest/api/storageservices/create-service-sas */
const AZURE_SIGNATURE =
  /^(sig|s[veprstid]|spr|sip|srt|sdd|ses|skoid|sktid|skt|ske|sks|skv|saoid|suoid|scid|sduoid|skdutid|rs(cc|cd|ce|cl|ct))$/;

/** @returns hex digits; the same for the same model, and without a secret */
export function identityOf(uri: string, env: NodeJS.ProcessEnv): string {
  const servers = serversOf(uri).flatMap((name) => {
    const value = env[name];
    return value ? [[name, withoutSecrets(value)]] : [];
  });
  return hash('sha256', JSON.stringify([place(uri), ...servers])).slice(0, 32);
}

function place(uri: string): string {
  if (isLocal(uri)) return localPath(uri);
  if (!/^https?:/.test(uri) || !URL.canParse(uri)) return uri;
  const url = new URL(uri);
  url.username = '';
  url.password = '';
  url.hash = '';
  const isOfAzure = url.searchParams.has('sig');
  for (const name of [...url.searchParams.keys()])
    if (SIGNATURE.test(name) || (isOfAzure && AZURE_SIGNATURE.test(name)))
      url.searchParams.delete(name);
  url.searchParams.sort();
  return url.href;
}

/** Of an address, or of Azure's connection strings, what names the server. */
function withoutSecrets(value: string): string {
  if (/^https?:/.test(value) && URL.canParse(value)) {
    const { origin, pathname } = new URL(value);
    return withoutTrailingSlashes(origin + pathname);
  }
  if (!value.includes(';')) return value;
  return value
    .split(';')
    .filter((part) => !/^(AccountKey|SharedAccessSignature)=/i.test(part))
    .sort()
    .join(';');
}
