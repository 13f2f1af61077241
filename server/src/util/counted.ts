/** A number of things, for a sentence: `1 row`, `3 rows`. @param noun takes an s in the plural */
export function counted(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? '' : 's'}`;
}
