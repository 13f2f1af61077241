/** What a text of JSON holds; undefined where it is none. The parser's own message differs from release to release. */
export function parsedJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
