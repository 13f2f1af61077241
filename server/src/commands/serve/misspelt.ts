// Variables whose names are nearly those of settings: a slip leaves the default in force, and nothing else would say so.
import { closestMatch } from 'leven';
import { variables } from './variables.ts';

interface Misspelt {
  readonly variable: string;
  /** The setting that it may be meant for. */
  readonly meant: string;
}

/** Two letters that are swapped are two edits. */
const EDITS = 2;
/** What is shorter is near too many names that others use, such as HOSTS and SORT. */
const SHORTEST = 6;

export function misspelt(env: NodeJS.ProcessEnv): Misspelt[] {
  const settings = Object.keys(variables);
  return Object.keys(env).flatMap((variable) => {
    if (variable.length < SHORTEST || Object.hasOwn(variables, variable)) return [];
    const meant = closestMatch(variable.toUpperCase(), settings, { maxDistance: EDITS });
    return meant === undefined || meant.length < SHORTEST ? [] : [{ variable, meant }];
  });
}
