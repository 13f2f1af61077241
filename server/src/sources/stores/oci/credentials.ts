// Credentials of registries as docker, podman and oras keep them: config.json of DOCKER_CONFIG or ~/.docker.
// https://docs.docker.com/reference/cli/docker/login/#credential-stores
import { spawn } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { CommandError } from '../../../util/command-error.ts';
import { homeFolder } from '../../../util/home-folder.ts';
import { isRecord } from '../../../util/is-record.ts';
import { parsedJson } from '../../../util/parsed-json.ts';
import { whyUnreadable } from '../../../util/why-unreadable.ts';
import { textOfStream } from './text-of-stream.ts';

export type Credentials =
  | { readonly kind: 'password'; readonly user: string; readonly password: string }
  /** What a login with a browser leaves: it buys tokens. */
  | { readonly kind: 'identity token'; readonly token: string };

export function dockerConfig(env: NodeJS.ProcessEnv): string {
  return path.join(
    env['DOCKER_CONFIG'] || path.join(homeFolder(env) ?? '/', '.docker'),
    'config.json',
  );
}

/**
 * @returns undefined where there are none: the registry is then asked anonymously
 * @throws CommandError that names the file or the helper
 */
export async function findCredentials(
  host: string,
  repository: string,
  env: NodeJS.ProcessEnv,
  signal: AbortSignal,
): Promise<Credentials | undefined> {
  const file = dockerConfig(env);
  const text = await readFile(file, 'utf8').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT' || error.code === 'ENOTDIR') return '{}';
    throw new CommandError(
      `${file}, which may have credentials for ${host}, cannot be read: ${whyUnreadable(error)}`,
    );
  });
  const config = parsedJson(text);
  if (!isRecord(config))
    throw new CommandError(`${file} is not JSON; expected a docker config, with "auths".`);
  const { auths, credHelpers, credsStore } = config;
  const helper =
    isRecord(credHelpers) &&
    keysOf(host)
      .map((key) => credHelpers[key])
      .find(isText);
  if (helper) return askHelper(helper, host, env, signal);
  const entry = isRecord(auths) ? longest(auths, host, repository) : undefined;
  const found = entry && credentialsIn(entry);
  if (found !== undefined) return found;
  // With a store, docker writes an empty entry for each registry that the store has something for.
  return isText(credsStore) ? askHelper(credsStore, host, env, signal) : undefined;
}

/** Docker Hub is kept under the address of its first version. */
function keysOf(host: string): string[] {
  return host === 'docker.io' || host === 'index.docker.io'
    ? ['https://index.docker.io/v1/', 'index.docker.io', 'docker.io']
    : [host];
}

/** The entry for the longest part of the name; podman writes entries for repositories, too. */
function longest(
  auths: Record<string, unknown>,
  host: string,
  repository: string,
): Record<string, unknown> | undefined {
  const parts = repository.split('/');
  const names = parts.map((_part, i) => [host, ...parts.slice(0, parts.length - i)].join('/'));
  for (const name of [...names, ...keysOf(host)])
    for (const key of [
      name,
      `https://${name}`,
      `https://${name}/`,
      `https://${name}/v2/`,
      `https://${name}/v1/`,
    ]) {
      const entry = auths[key];
      if (isRecord(entry) && credentialsIn(entry)) return entry;
    }
  return undefined;
}

function credentialsIn(entry: Record<string, unknown>): Credentials | undefined {
  const { auth, username, password, identitytoken } = entry;
  if (isText(identitytoken)) return { kind: 'identity token', token: identitytoken };
  if (isText(username) && isText(password)) return { kind: 'password', user: username, password };
  if (!isText(auth)) return undefined;
  const [, user, secret] = /^([^:]*):([\s\S]*)$/.exec(Buffer.from(auth, 'base64').toString()) ?? [];
  return user === undefined || secret === undefined
    ? undefined
    : { kind: 'password', user, password: secret.replaceAll('\0', '') };
}

/** https://github.com/docker/docker-credential-helpers#development */
async function askHelper(
  name: string,
  host: string,
  env: NodeJS.ProcessEnv,
  signal: AbortSignal,
): Promise<Credentials | undefined> {
  const command = `docker-credential-${name}`;
  if (!/^[\w.-]+$/.test(name))
    throw new CommandError(`${dockerConfig(env)} names a credential helper with an invalid name.`);
  const helper = spawn(command, ['get'], { env, signal, stdio: ['pipe', 'pipe', 'ignore'] });
  const ended = new Promise<number | null>((resolve, reject) => {
    helper.once('error', reject);
    helper.once('close', resolve);
  });
  helper.stdin.on('error', () => {}); // it may not read
  helper.stdin.end(keysOf(host)[0]);
  const [status, said] = await Promise.all([ended, textOfStream(helper.stdout)]).catch(
    (error: NodeJS.ErrnoException) => {
      if (error.code !== 'ENOENT') throw error;
      throw new CommandError(
        `${dockerConfig(env)} leaves the credentials of ${host} to ${command}, which is not installed here. Install it, or put "auths" into that file.`,
      );
    },
  );
  const answer = parsedJson(said);
  if (status === 0 && isRecord(answer) && isText(answer['Secret'])) {
    const { Username: user, Secret: secret } = answer;
    return user === '<token>'
      ? { kind: 'identity token', token: secret }
      : { kind: 'password', user: String(user ?? ''), password: secret };
  }
  // Its words for a registry that nobody has logged in to.
  if (said.includes('credentials not found')) return undefined;
  throw new CommandError(
    `${command} returned no credentials for ${host} (exit code ${status}). Run: echo ${host} | ${command} get`,
  );
}

function isText(value: unknown): value is string {
  return typeof value === 'string' && value !== '';
}
