// Variables whose names are nearly those of settings: a slip leaves the default in force, and nothing else would say so.
import { closestMatch } from 'leven';
import { variables } from './variables.ts';

interface Misspelt {
  readonly variable: string;
  /** The setting that it may be meant for. */
  readonly meant: string;
}

/** The shortest setting that a name with one wrong letter is taken for: shorter ones are too close to those of other programs, such as LOG_DATE. */
const SHORTEST = 9;

const settings = Object.keys(variables);
const longSettings = settings.filter(({ length }) => length >= SHORTEST);

export function misspelt(env: Readonly<Record<string, string | undefined>>): Misspelt[] {
  return Object.keys(env).flatMap((variable) => {
    if (Object.hasOwn(variables, variable)) return [];
    const written = variable.toUpperCase();
    const meant =
      settings.find((setting) => setting === written || isSwapped(written, setting)) ??
      closestMatch(written, longSettings, { maxDistance: 1 });
    return meant === undefined ? [] : [{ variable, meant }];
  });
}

/** Whether two neighbouring letters of one are the other way round in the other. */
function isSwapped(one: string, other: string): boolean {
  if (one.length !== other.length) return false;
  const at = Array.from(one).findIndex((letter, i) => letter !== other[i]);
  return (
    at >= 0 && one === `${other.slice(0, at)}${other[at + 1]}${other[at]}${other.slice(at + 2)}`
  );
}
