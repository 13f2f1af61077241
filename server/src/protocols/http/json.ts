// The bytes of a request body to a JSON value, and of every body that is none, where it stops being JSON.
import { isUtf8 } from 'node:buffer';
import { endOfJson, placeOf, whyNotJson } from '../../util/json-grammar.ts';
import { quote } from '../../util/quote.ts';
import { ProblemException } from './problem.ts';

const BYTE_ORDER_MARK = 0xfeff;

/** @throws ProblemException that says where the body stops being UTF-8 or JSON */
export function parseJson(bytes: Buffer): unknown {
  const whole = bytes.toString();
  // What cannot be decoded has become this character, unless it was sent as such.
  if (whole.includes('\ufffd') && !isUtf8(bytes))
    throw new ProblemException(
      'invalid-encoding',
      'The body is not valid UTF-8, which JSON has to be. Send it in UTF-8.',
    );
  // RFC 8259, section 8.1: a parser may ignore the mark, and so do others that clients know.
  const text = whole.charCodeAt(0) === BYTE_ORDER_MARK ? whole.slice(1) : whole;
  refuseBackslashes(text);
  try {
    return JSON.parse(text);
  } catch {
    throw new ProblemException('invalid-json', whyNotJson(text, 'The body'));
  }
}

/**
 * V8 takes a key with an escape for one with a backslash that it has parsed before, in any text, where both are the same up to
 * there: https://github.com/nodejs/node/issues/63785. So it is never given a key with a backslash; the contract has none.
 * @throws ProblemException that names the key
 */
function refuseBackslashes(text: string): void {
  if (!text.includes('\\') || !/\\\\|\\u005c/i.test(text)) return;
  endOfJson(text, (key, offset) => {
    const name: string = key.includes('\\') ? JSON.parse(key) : '';
    if (!name.includes('\\')) return;
    throw new ProblemException(
      'invalid-json',
      `The name ${quote(name)} at ${placeOf(text, offset)} has a backslash; expected a name of the contract, and none has.`,
    );
  });
}
