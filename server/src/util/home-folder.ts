import { userInfo } from 'node:os';

/** The home folder of whoever runs the process; undefined where nothing says which, as for a container's user of a number alone. */
export function homeFolder(env: NodeJS.ProcessEnv): string | undefined {
  if (env['HOME']) return env['HOME'];
  try {
    return userInfo().homedir || undefined;
  } catch {
    return undefined;
  }
}
