// The command `fetch`: brings a model, or a directory of several, from where it is into a directory, as an init container does.
import { setFlagsFromString } from 'node:v8';
import { fetchThrough } from '../../sources/cache.ts';
import { fetchInto, type Wanted } from '../../sources/fetch.ts';
import { follow } from '../../sources/follow.ts';
import { forms } from '../../sources/open.ts';
import type { Command } from '../command.ts';
import { optionsHelp, variablesHelp } from '../options.ts';
import { options, readWanted } from './arguments.ts';
import { variables } from './variables.ts';

const help = () => `Usage: ml-api fetch URI --dir DIR [--sha256 SUM] [--all] [--follow SECONDS]

Downloads a model into a directory, with model.lock.json, which says where it came from. Files that are already there are not downloaded again.

${optionsHelp(options, ['URI', forms().join('\n')])}

The credentials of a store are those of its own tools. Environment variables say the same, and more:

${variablesHelp(variables)}
`;

export const fetchCommand: Command = {
  options,
  argument: 'file',
  help,
  run: (args, { name, env }) => fetchModel(name, args, env),
};

/**
 * @param command the name that it was called by: `fetch`, or `fetch-model` of init containers, which needs a directory that is named
 * @throws UsageError with what was expected, what came, and how to go on
 */
async function fetchModel(
  command: string,
  args: readonly string[],
  env: NodeJS.ProcessEnv,
): Promise<void> {
  // What a connection brings is collected with the youngest objects, and V8 lets those grow first: 30 MB that a large file would take, and that
  // make nothing faster.
  setFlagsFromString('--semi-space-growth-factor=1');
  const { wanted, followSeconds, cache } = readWanted(command, args, env);
  const fetch = cache === undefined ? fetchInto : (one: Wanted) => fetchThrough(cache, one);
  if (followSeconds === 0) return fetch(wanted);
  await follow(wanted, followSeconds * 1000, fetch);
}
