// An MLflow server: its address, credentials and certificates, by the environment variables of MLflow's own client.
// https://mlflow.org/docs/latest/self-hosting/security/

import { readFile } from 'node:fs/promises';
import type { IncomingMessage } from 'node:http';
import type { AgentOptions } from 'node:https';
import { withoutTrailingSlashes } from '../../../net/base-url.ts';
import { shown } from '../../../net/shown-url.ts';
import { CommandError } from '../../../util/command-error.ts';
import { isRecord } from '../../../util/is-record.ts';
import { parsedJson } from '../../../util/parsed-json.ts';
import { whyUnreadable } from '../../../util/why-unreadable.ts';
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
import { findCredentials } from './credentials.ts';

export interface MlflowServer {
  /** What a GET of its REST API answers; a refusal, where MLflow itself says that there is no such thing. */
  ask(path: string, query: Readonly<Record<string, string>>, signal: AbortSignal): Promise<Answer>;
  bytes(path: string, from: number, signal: AbortSignal): Promise<RemoteBytes | 'not found'>;
  /** For errors, without secrets. */
  readonly name: string;
}

export type Answer =
  | { readonly found: true; readonly value: unknown }
  | { readonly found: false; readonly code: string };

type Variable = 'MLFLOW_TRACKING_URI' | 'MLFLOW_REGISTRY_URI';

/**
 * @param env of the process
 * @param variable that names its address, and is named in errors
 * @param other address that this server names, which gets the same credentials, as from MLflow's own client
 * @throws CommandError for settings that are missing or contradict each other
 */
export async function openServer(
  env: NodeJS.ProcessEnv,
  variable: Variable,
  other?: string,
): Promise<MlflowServer> {
  const named = addressOf(env, variable);
  const base = other === undefined ? named : otherAddress(other, named);
  const name = withoutTrailingSlashes(shown(base));
  const { secrets, remedy } = await findCredentials(named, env);
  base.username = '';
  base.password = '';
  const client = createClient({
    env,
    tls: await tlsOf(env),
    trust: 'MLFLOW_TRACKING_SERVER_CERT_PATH',
  });
  const get = (path: string, from: number, signal: AbortSignal) =>
    client(new URL(withoutTrailingSlashes(base.href) + path), {
      secrets,
      headers: rangeFrom(from),
      signal,
    });
  const refusal = async (response: IncomingMessage): Promise<Answer> => {
    const { statusCode } = response;
    if (isPassing(response)) {
      response.destroy();
      throw new Error(`${name} answered ${statusOf(response)}`);
    }
    const text = await documentOf(response, `What ${name} answered`);
    // Since version 3.5 it is asked by the names alone that it was started with: https://mlflow.org/docs/latest/self-hosting/security/network/
    if (statusCode === 403 && text.startsWith('Invalid Host header'))
      throw new CommandError(
        `${name} rejects requests for that host name. Start it with --allowed-hosts=${base.host} (MLFLOW_SERVER_ALLOWED_HOSTS), or set ${variable} to a host that it allows.`,
      );
    const body = parsedJson(text);
    if (statusCode === 401 || statusCode === 403)
      throw new CommandError(`${name} answered ${statusOf(response)}. ${remedy}`);
    if (isRecord(body) && typeof body['error_code'] === 'string')
      return { found: false, code: body['error_code'] };
    throw new CommandError(
      `${name} answered ${statusOf(response)}, and not as MLflow does. Check ${variable}: expected the address of an MLflow server, such as http://mlflow:5000.`,
    );
  };
  return {
    name,
    async ask(path, query, signal) {
      const response = await get(`${path}?${new URLSearchParams(query)}`, 0, signal);
      if (response.statusCode !== 200) return refusal(response);
      return { found: true, value: await jsonOf(response, `What ${name} answered`) };
    },
    async bytes(path, from, signal) {
      const response = await get(path, from, signal);
      const bytes = bytesOf(response, from);
      if (bytes !== undefined) return bytes;
      await refusal(response);
      return 'not found';
    },
  };
}

function addressOf(env: NodeJS.ProcessEnv, variable: Variable): URL {
  const address = env[variable];
  if (address === undefined || address === '')
    throw new CommandError(
      `${variable} is not set; expected the address of the MLflow server that has the model, such as http://mlflow:5000.`,
    );
  const url = URL.canParse(address) ? new URL(address) : undefined;
  // Not what it says, which may hold a password.
  if (url === undefined || !/^https?:$/.test(url.protocol))
    throw new CommandError(
      `${variable}: expected the http or https address of an MLflow server, got ${url === undefined ? 'no URL' : `the scheme ${url.protocol}`}. A tracking store of files or of a database is reached by the server that runs over it.`,
    );
  url.search = '';
  url.hash = '';
  return url;
}

/** @throws CommandError for one that would get the credentials without TLS */
function otherAddress(address: string, from: URL): URL {
  const text = address.includes('://') ? address : `${from.protocol}//${address}`;
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url === undefined || (from.protocol === 'https:' && url.protocol !== 'https:'))
    throw new CommandError(
      `${withoutTrailingSlashes(shown(from))} has the model's files at ${url ? shown(url) : 'something that is not a URL'}; expected an https address, like its own.`,
    );
  return url;
}

async function tlsOf(env: NodeJS.ProcessEnv): Promise<AgentOptions> {
  const insecure = /^(true|1)$/i.test(env['MLFLOW_TRACKING_INSECURE_TLS'] ?? '');
  const ca = env['MLFLOW_TRACKING_SERVER_CERT_PATH'] || undefined;
  if (insecure && ca !== undefined)
    throw new CommandError(
      'MLFLOW_TRACKING_INSECURE_TLS and MLFLOW_TRACKING_SERVER_CERT_PATH contradict each other; expected one of them.',
    );
  const client = env['MLFLOW_TRACKING_CLIENT_CERT_PATH'] || undefined;
  const pem = client && (await readCertificate('MLFLOW_TRACKING_CLIENT_CERT_PATH', client));
  return {
    ...(insecure && { rejectUnauthorized: false }),
    ...(ca !== undefined && { ca: await readCertificate('MLFLOW_TRACKING_SERVER_CERT_PATH', ca) }),
    ...(pem && { cert: pem, key: pem }), // one file has both, as Python's requests takes it
  };
}

function readCertificate(variable: string, file: string): Promise<string> {
  return readFile(file, 'utf8').catch((error: Error) => {
    throw new CommandError(`${variable}: ${file} cannot be read: ${whyUnreadable(error)}`);
  });
}
