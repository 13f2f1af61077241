/** A server's text for one line of a terminal or a comment: its beginning, without line ends and control characters. */
export function printable(text: string, longest = 100): string {
  return text.replaceAll(/[\s\p{C}]+/gu, ' ').slice(0, longest);
}

/** Control characters, and those that turn the direction of text round, but for what ends lines and joins emojis. */
const INVISIBLE = /(?!\n|\t|\r\n|\u200d)[\p{Cc}\p{Cf}]/gu;

/** Source code in which such characters are escapes, as strings have them: in a terminal, comments would move its cursor. */
export function withoutControls(source: string): string {
  return source.replaceAll(INVISIBLE, (character) => {
    const code = (character.codePointAt(0) ?? 0).toString(16);
    return code.length > 4 ? `\\u{${code}}` : `\\u${code.padStart(4, '0')}`;
  });
}
