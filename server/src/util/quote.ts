import { printable } from './printable.ts';

/** A text of a client's as an error shows it: in quotation marks, and not longer than it helps. */
export function quote(text: string): string {
  return printable(JSON.stringify(text.length > 100 ? `${text.slice(0, 100)}…` : text));
}

/** A noun with its indefinite article. */
export function withArticle(noun: string): string {
  return `${/^[aeiou]/.test(noun) ? 'an' : 'a'} ${noun}`;
}
