/** What a terminal acts on, and what changes the order in which a line is read: control characters, and those of bidirectional text. */
const ACTING = /[\p{Cc}\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]/gu;

/** A line with such characters as JSON would write them: whoever chose a name does not choose what a terminal does. */
export function printable(line: string): string {
  return line.replace(
    ACTING,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
}
