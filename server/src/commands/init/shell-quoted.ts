/** A word as every POSIX shell reads it. */
export function shellQuoted(word: string): string {
  return /^[\w./@%+=:,][\w./@%+=:,-]*$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`;
}
