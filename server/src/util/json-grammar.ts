// Where a text stops being JSON, for those who wrote it: what V8 says names no line, and its words change.

/**
 * Where a text stops being JSON, what stands there, and what could have, as a sentence.
 * @param what it is, such as "The body"
 */
export function whyNotJson(text: string, what: string): string {
  const { offset, expected } = endOfJson(text);
  const place = placeOf(text, offset);
  const found = /^[\w+-]{1,40}|^.?/su.exec(text.slice(offset, offset + 40))?.[0] ?? '';
  if (/^[+-]?(NaN|Infinity)$/.test(found))
    return `${found} at ${place} is not JSON: JSON has no NaN or Infinity. Send a finite number.`;
  return found === ''
    ? `${what} ends at ${place} before the JSON is complete.`
    : `Unexpected ${JSON.stringify(found)} at ${place}; expected ${expected ?? `the end of ${what.toLowerCase()}`}.`;
}

/** Line and column of an offset, both from 1. */
export function placeOf(text: string, offset: number): string {
  let line = 1;
  let lineStart = 0;
  for (let at = text.indexOf('\n'); at >= 0 && at < offset; at = text.indexOf('\n', at + 1)) {
    line++;
    lineStart = at + 1;
  }
  return `line ${line}, column ${offset - lineStart + 1}`;
}

const SPACE = /[ \t\n\r]*/y;
const SCALAR = /(?:true|false|null|-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?)(?![\w.+-])/y;
/** Characters of a string, in bounded stretches: one match of a megabyte would exhaust the matcher's stack. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: JSON forbids them in strings
const CHARACTERS = /(?:[^"\\\u0000-\u001f]|\\(?:["\\/bfnrt]|u[\dA-Fa-f]{4})){1,1000}/y;

export interface End {
  /** Of the first character that no JSON text could have there. */
  readonly offset: number;
  /** What it could have there instead; undefined: nothing, as the text should have ended. */
  readonly expected: string | undefined;
}

/**
 * Where a text stops being JSON, in one pass without recursion: bodies nest as deeply as they are long. The grammar is RFC 8259's.
 * @param onKey told of every name in an object, as it is written
 */
export function endOfJson(text: string, onKey?: (key: string, offset: number) => void): End {
  let at = 0;
  let expected = '';
  const match = (pattern: RegExp): boolean => {
    pattern.lastIndex = at;
    if (!pattern.test(text)) return false;
    at = pattern.lastIndex;
    return true;
  };
  const take = (character: string): boolean => {
    if (text[at] !== character) return false;
    at++;
    return true;
  };
  /** Takes what the grammar wants here, or says so. */
  const want = (character: string, what: string): boolean => {
    expected = what;
    return take(character);
  };
  const takeString = (what: string): boolean => {
    if (!want('"', what)) return false;
    while (match(CHARACTERS));
    return want('"', 'the rest of a string, up to its closing double quote');
  };
  const takeKey = (): boolean => {
    const start = at;
    if (!takeString('a name in double quotes')) return false;
    onKey?.(text.slice(start, at), start);
    return match(SPACE) && want(':', 'a colon') && match(SPACE);
  };

  const open: ('[' | '{')[] = [];
  match(SPACE);
  for (;;) {
    // A value begins here.
    const isArray = take('[');
    if (isArray || take('{')) {
      match(SPACE);
      if (!take(isArray ? ']' : '}')) {
        open.push(isArray ? '[' : '{');
        if (!isArray && !takeKey()) return { offset: at, expected };
        continue;
      }
    } else if (!match(SCALAR) && !takeString('a JSON value')) return { offset: at, expected };
    // It has ended: close what it closes, and go to the next.
    match(SPACE);
    while (open.length > 0 && take(open.at(-1) === '[' ? ']' : '}')) {
      open.pop();
      match(SPACE);
    }
    const inside = open.at(-1);
    if (inside === undefined) return { offset: at, expected: undefined };
    if (!want(',', `"," or "${inside === '[' ? ']' : '}'}"`)) return { offset: at, expected };
    match(SPACE);
    if (inside === '{' && !takeKey()) return { offset: at, expected };
  }
}
