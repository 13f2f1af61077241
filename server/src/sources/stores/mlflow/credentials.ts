// How MLflow's own client logs in, in its order:
// https://github.com/mlflow/mlflow/blob/master/mlflow/utils/credentials.py and utils/rest_utils.py
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { CommandError, UsageError } from '../../../util/command-error.ts';
import { homeFolder } from '../../../util/home-folder.ts';
import { whyUnreadable } from '../../../util/why-unreadable.ts';

export interface Credentials {
  /** Headers that nobody may see. */
  readonly secrets: Readonly<Record<string, string>>;
  /** What to do when they are refused. */
  readonly remedy: string;
}

/**
 * A user and a password from the environment, each else from `~/.mlflow/credentials`; else a token; else what the address has.
 * @throws CommandError that names the file where it is there and cannot be read
 */
export async function findCredentials(url: URL, env: NodeJS.ProcessEnv): Promise<Credentials> {
  const file = path.join(homeFolder(env) ?? '/', '.mlflow/credentials');
  const saved = await readSaved(file);
  const user = env['MLFLOW_TRACKING_USERNAME'] || saved.get('mlflow_tracking_username');
  const password = env['MLFLOW_TRACKING_PASSWORD'] || saved.get('mlflow_tracking_password');
  if (user && password) {
    const where = saved.size > 0 ? `, also in ${file},` : '';
    return {
      secrets: basic(user, password),
      remedy: `Check MLFLOW_TRACKING_USERNAME and MLFLOW_TRACKING_PASSWORD${where} and that this user may read the model.`,
    };
  }
  const { MLFLOW_TRACKING_TOKEN: token } = env;
  if (token)
    return {
      secrets: { authorization: `Bearer ${token}` },
      remedy: 'Check MLFLOW_TRACKING_TOKEN: it may have expired, or may not read the model.',
    };
  if (url.username !== '')
    return {
      secrets: basic(decoded(url.username), decoded(url.password)),
      remedy:
        'Check the user and the password in its address, and that this user may read the model.',
    };
  return {
    secrets: {},
    remedy: 'Set MLFLOW_TRACKING_USERNAME and MLFLOW_TRACKING_PASSWORD, or MLFLOW_TRACKING_TOKEN.',
  };
}

/** @throws UsageError for a part of an address that is not percent-encoded as addresses are */
function decoded(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    throw new UsageError(
      'The user or the password in the address of the MLflow server has a % that encodes nothing. Write it as %25, or set MLFLOW_TRACKING_USERNAME and MLFLOW_TRACKING_PASSWORD.',
    );
  }
}

function basic(user: string, password: string): Credentials['secrets'] {
  return { authorization: `Basic ${Buffer.from(`${user}:${password}`).toString('base64')}` };
}

/** The section [mlflow] of the file, as Python's configparser reads it; nothing where there is no file. */
async function readSaved(file: string): Promise<ReadonlyMap<string, string>> {
  const text = await readFile(file, 'utf8').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT' || error.code === 'ENOTDIR') return '';
    throw new CommandError(
      `${file}, which may have credentials of MLflow, cannot be read: ${whyUnreadable(error)}`,
    );
  });
  const saved = new Map<string, string>();
  let section = '';
  for (const line of text.split(/\r?\n/)) {
    const [, name] = /^\[(.+)\]\s*$/.exec(line) ?? [];
    section = name ?? section;
    const [, key, value] = /^([^\s#;[=:][^=:]*?)\s*[=:]\s*(.*?)\s*$/.exec(line) ?? [];
    if (section === 'mlflow' && key !== undefined && value !== undefined)
      saved.set(key.toLowerCase(), value.replaceAll('%%', '%')); // a single % would be an interpolation
  }
  return saved;
}
