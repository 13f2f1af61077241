// A repository of a registry, by the OCI distribution specification, with its token exchange.
// https://github.com/opencontainers/distribution-spec/blob/main/spec.md, https://distribution.github.io/distribution/spec/auth/token/
import { createHash } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import { CommandError } from '../../../util/command-error.ts';
import { isRecord } from '../../../util/is-record.ts';
import { parsedJson } from '../../../util/parsed-json.ts';
import type { RemoteBytes } from '../../remote.ts';
import {
  bytesOf,
  createClient,
  documentOf,
  isPassing,
  jsonOf,
  rangeFrom,
  statusOf,
} from '../client.ts';
import { type Credentials, dockerConfig, findCredentials } from './credentials.ts';
import type { Reference } from './reference.ts';

export interface Repository {
  /** For errors: `ghcr.io/org/iris`. */
  readonly name: string;
  manifest(version: string, signal: AbortSignal): Promise<Manifest>;
  blob(digest: string, from: number, signal: AbortSignal, to?: number): Promise<RemoteBytes>;
}

export interface Manifest {
  readonly digest: string;
  readonly content: Readonly<Record<string, unknown>>;
}

const MANIFESTS = [
  'application/vnd.oci.image.index.v1+json',
  'application/vnd.oci.image.manifest.v1+json',
  'application/vnd.docker.distribution.manifest.list.v2+json',
  'application/vnd.docker.distribution.manifest.v2+json',
].join(', ');
/** The specification's own limit. */
const MOST_MANIFEST_BYTES = 4 * 1024 * 1024;

export function openRepository(reference: Reference, env: NodeJS.ProcessEnv): Repository {
  const { host, origin, repository } = reference;
  const client = createClient({ env });
  const name = `${host}/${repository}`;
  let authorization: string | undefined;
  let hasCredentials = false;

  const authorize = async (challenge: string, signal: AbortSignal): Promise<string | undefined> => {
    const credentials = await findCredentials(host, repository, env, signal);
    hasCredentials = credentials !== undefined;
    if (/^basic\b/i.test(challenge))
      return credentials?.kind === 'password' ? basic(credentials) : undefined;
    if (!/^bearer\b/i.test(challenge)) return undefined;
    return `Bearer ${await tokenFor(challenge, credentials, signal)}`;
  };

  const tokenFor = async (
    challenge: string,
    credentials: Credentials | undefined,
    signal: AbortSignal,
  ): Promise<string> => {
    const parameters = new Map(
      [...challenge.matchAll(/(\w+)="([^"]*)"/g)].map(([, key = '', value = '']) => [key, value]),
    );
    const realm = parameters.get('realm') ?? '';
    const url = URL.canParse(realm) ? new URL(realm) : undefined;
    // The registry says where credentials go: not without TLS, unless it has none itself.
    if (url === undefined || !(url.protocol === 'https:' || url.protocol === origin.protocol))
      throw new CommandError(
        `${host} names no https address that issues tokens, so no credentials are sent to it.`,
      );
    const query = new URLSearchParams({
      service: parameters.get('service') ?? host,
      scope: parameters.get('scope') ?? `repository:${repository}:pull`,
    });
    let response: IncomingMessage;
    if (credentials?.kind === 'identity token') {
      query.set('grant_type', 'refresh_token');
      query.set('client_id', 'ml-api');
      query.set('refresh_token', credentials.token);
      response = await client(url, {
        method: 'POST',
        headers: { 'content-type': 'application/x-www-form-urlencoded' },
        body: String(query),
        signal,
      });
    } else {
      for (const [key, value] of query) url.searchParams.set(key, value);
      const secrets = credentials && { authorization: basic(credentials) };
      response = await client(url, { ...(secrets && { secrets }), signal });
    }
    if (response.statusCode !== 200) throw refusal(response);
    const answer = await jsonOf(response, `The token that ${url.origin} gives for ${host}`);
    const token = isRecord(answer) && (answer['token'] ?? answer['access_token']);
    if (typeof token !== 'string' || token === '')
      throw new CommandError(`${url.origin} issued no token for ${host}.`);
    return token;
  };

  const refusal = (response: IncomingMessage, version?: string): Error => {
    response.destroy();
    const said = `${host} answered ${statusOf(response)}`;
    if (response.statusCode === 429)
      return new Error(`${said}: send fewer requests, or add credentials to ${dockerConfig(env)}`);
    if (isPassing(response)) return new Error(said);
    if (response.statusCode === 401 || response.statusCode === 403)
      return new CommandError(
        hasCredentials
          ? `${said} to the credentials in ${dockerConfig(env)}. Check that they may pull ${name}, and have not expired.`
          : `${said}, and ${dockerConfig(env)} has no credentials for it. Log in with: oras login ${host}. In a pod: mount a Secret of the type kubernetes.io/dockerconfigjson as config.json, and name its folder in DOCKER_CONFIG. Some registries answer so for a repository that does not exist.`,
      );
    if (response.statusCode === 404)
      return new CommandError(
        version === undefined
          ? `${name} no longer has a part of this model that its manifest lists. Push it again.`
          : `${name} has no ${version.includes(':') ? 'manifest' : 'tag'} ${version}. Check the name, and that it was pushed.`,
      );
    return new CommandError(`${said}. Check that ${host} is an OCI registry.`);
  };

  const get = async (
    path: string,
    headers: Readonly<Record<string, string>>,
    signal: AbortSignal,
  ): Promise<IncomingMessage> => {
    for (let isSecond = false; ; isSecond = true) {
      const response = await client(new URL(`/v2/${repository}/${path}`, origin), {
        headers,
        ...(authorization !== undefined && { secrets: { authorization } }),
        signal,
      });
      if (response.statusCode !== 401 || isSecond) return response;
      // Without a token, or with one that has expired.
      const challenge = response.headers['www-authenticate'] ?? '';
      response.destroy();
      authorization = await authorize(challenge, signal);
    }
  };

  return {
    name,
    async manifest(version, signal) {
      const response = await get(`manifests/${version}`, { accept: MANIFESTS }, signal);
      if (response.statusCode !== 200) throw refusal(response, version);
      const text = await documentOf(
        response,
        `The manifest of ${name}:${version}`,
        MOST_MANIFEST_BYTES,
      );
      const digest = `sha256:${createHash('sha256').update(text).digest('hex')}`;
      if (version.includes(':') && version !== digest)
        throw new CommandError(
          `${name} answered with a manifest that has the digest ${digest}; expected ${version}.`,
        );
      const content = parsedJson(text);
      if (!isRecord(content))
        throw new CommandError(
          `The manifest of ${name}:${version} is not JSON. Check that ${host} is an OCI registry.`,
        );
      return { digest, content };
    },
    async blob(digest, from, signal, to) {
      const response = await get(`blobs/${digest}`, rangeFrom(from, to), signal);
      const bytes = bytesOf(response, from);
      if (bytes === undefined) throw refusal(response);
      return bytes;
    },
  };
}

function basic(credentials: Exclude<Credentials, { kind: 'identity token' }>): string {
  const { user, password } = credentials;
  return `Basic ${Buffer.from(`${user}:${password}`).toString('base64')}`;
}
