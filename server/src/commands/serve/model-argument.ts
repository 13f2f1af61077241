// The model that the command line names, as the settings have it: a directory of this machine, or one that it is brought into first.
import { stat } from 'node:fs/promises';
import path from 'node:path';
import { cleanEnv } from 'envalid';
import { fetchInto } from '../../sources/fetch.ts';
import { identityOf } from '../../sources/identity.ts';
import { isLocal, normalised } from '../../sources/open.ts';
import { shownUri } from '../../sources/shown-uri.ts';
import { localPath } from '../../sources/stores/local.ts';
import { CommandError, UsageError } from '../../util/command-error.ts';
import { homeFolder } from '../../util/home-folder.ts';
import { checkForm } from '../fetch/address.ts';
import { listeners } from '../fetch/listeners.ts';
import { readKeepsEarlier, readLimits, readSum } from '../fetch/variables.ts';
import { leftBeside } from '../left-beside.ts';
import { reportTo, text } from './validators.ts';

/**
 * The environment with MODEL_DIR for a model that is named by a path or a URI.
 * @param say is told of the download
 * @throws UsageError where the model cannot be had
 */
export async function withModel(
  named: string,
  env: NodeJS.ProcessEnv,
  say: (line: string) => void,
): Promise<NodeJS.ProcessEnv> {
  for (const name of ['MODEL_DIR', 'MODELS_DIR'])
    if (env[name] !== undefined)
      throw new UsageError(
        `${name} is set, and the command line names a model, too; expected one of them.`,
      );
  const model = normalised(named);
  if (isLocal(model)) {
    const directory = localPath(model);
    const found = await stat(directory).catch((error: NodeJS.ErrnoException) => {
      // The fetch says why; one that is pinned may be in the cache.
      if (error.code !== 'ENOENT' || env['MODEL_SHA256'] !== undefined) return undefined;
      throw new CommandError(
        `There is no file or folder ${shownUri(directory)}. Check the path of the model. Without one, ml-api serve serves the iris model; ml-api init makes a project of a model.`,
      );
    });
    if (found?.isDirectory()) return { ...env, MODEL_DIR: directory };
  }
  checkForm(model, 'model', '--model');
  const directory = path.join(cacheOf(env), identityOf(model, env));
  await fetchInto({
    uri: model,
    sha256: readSum(env, 'fetch'),
    directory,
    variable: 'MODEL_CACHE_DIR',
    form: 'model',
    keepsEarlier: readKeepsEarlier(env, 'serve'),
    limits: readLimits(env, 'fetch'),
    env,
    ...listeners(say),
  });
  const left = leftBeside(model);
  if (left !== undefined) say(`${left}.`);
  return { ...env, MODEL_DIR: directory };
}

/**
 * Where models are kept, a folder for each.
 * @throws UsageError where nothing says where
 */
function cacheOf(env: NodeJS.ProcessEnv): string {
  const MODEL_CACHE_DIR = text({ default: undefined });
  const set = cleanEnv(env, { MODEL_CACHE_DIR }, { reporter: reportTo('serve') });
  if (set.MODEL_CACHE_DIR !== undefined) return path.resolve(set.MODEL_CACHE_DIR);
  const { XDG_CACHE_HOME: caches = '' } = env;
  const home = homeFolder(env);
  // A relative one is to be ignored: https://specifications.freedesktop.org/basedir-spec/latest/
  const folder = path.isAbsolute(caches) ? caches : home && path.resolve(home, '.cache');
  if (folder === undefined)
    throw new UsageError(
      'MODEL_CACHE_DIR is not set, and the user of this process has no home folder; expected a directory in which models are kept.',
    );
  return path.join(folder, 'ml-api/models');
}
