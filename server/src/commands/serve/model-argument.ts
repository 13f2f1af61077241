// The model that the command line names, as the settings have it: a directory of this machine, or one that it is brought into first.
import { hash } from 'node:crypto';
import { stat } from 'node:fs/promises';
import { homedir } from 'node:os';
import path from 'node:path';
import { fetchInto } from '../../sources/fetch.ts';
import { isLocal, normalised } from '../../sources/open.ts';
import { localPath } from '../../sources/stores/local.ts';
import { CommandError } from '../../util/command-error.ts';
import { checkForm, listeners, readLimits, readSum } from '../fetch.ts';

/**
 * The environment with MODEL_DIR for a model that is named by a path or a URI.
 * @param say is told of the download
 * @throws CommandError where the model cannot be had
 */
export async function withModel(
  named: string,
  env: NodeJS.ProcessEnv,
  say: (line: string) => void,
): Promise<NodeJS.ProcessEnv> {
  for (const name of ['MODEL_DIR', 'MODELS_DIR'])
    if (env[name] !== undefined)
      throw new CommandError(
        `${name} is set, and the command line names a model, too; expected one of them.`,
      );
  const model = normalised(named);
  if (isLocal(model)) {
    const directory = localPath(model);
    const found = await stat(directory).catch(() => undefined);
    if (found?.isDirectory()) return { ...env, MODEL_DIR: directory };
  }
  checkForm(model, false, '--model');
  const directory = path.join(cacheOf(env), hash('sha256', model).slice(0, 32));
  await fetchInto({
    uri: model,
    sha256: readSum(env, 'fetch --help'),
    directory,
    variable: 'MODEL_CACHE_DIR',
    several: false,
    limits: readLimits(env, 'fetch --help'),
    env,
    ...listeners(say),
  });
  return { ...env, MODEL_DIR: directory };
}

/** Where models are kept, a folder for each URI. */
function cacheOf(env: NodeJS.ProcessEnv): string {
  return (
    env['MODEL_CACHE_DIR'] ??
    path.join(env['XDG_CACHE_HOME'] || path.join(homedir(), '.cache'), 'ml-api/models')
  );
}
