/** A word in quotes, whatever it holds, for every POSIX shell. */
export const quotedForShell = (word: string): string => `'${word.replaceAll("'", "'\\''")}'`;

/** A word as every POSIX shell reads it, in quotes where it needs them. */
export function shellQuoted(word: string): string {
  return /^[\w./@%+=:,][\w./@%+=:,-]*$/.test(word) ? word : quotedForShell(word);
}
