// Reads the body of an error, whoever wrote it: ml-api's problem documents, or what a proxy answers instead.
import type { ProblemError } from './generated/types.gen.js';

/** What an error's body says, as far as it says it. */
export interface ProblemFields {
  readonly type?: string | undefined;
  readonly title?: string | undefined;
  readonly detail?: string | undefined;
  readonly requestId?: string | undefined;
  readonly errors?: readonly ProblemError[] | undefined;
}

/** Fields that are not there, or not of their type, are left out. Of text and HTML, the beginning is the detail. */
export function readProblem(body: string): ProblemFields {
  const value = parse(body);
  if (typeof value !== 'object' || value === null) return { detail: beginningOf(body) };
  const text = (name: string): string | undefined => {
    const field: unknown = Reflect.get(value, name);
    return typeof field === 'string' && field !== '' ? field : undefined;
  };
  const errors: unknown = Reflect.get(value, 'errors');
  return {
    type: text('type'),
    title: text('title'),
    // Gateways have their own JSON: most call it message or error.
    detail: text('detail') ?? text('message') ?? text('error'),
    requestId: text('requestId'),
    errors: Array.isArray(errors) ? errors.filter(isProblemError) : undefined,
  };
}

function parse(body: string): unknown {
  try {
    return JSON.parse(body);
  } catch {
    return undefined;
  }
}

function isProblemError(value: unknown): value is ProblemError {
  return (
    typeof value === 'object' &&
    value !== null &&
    'pointer' in value &&
    typeof value.pointer === 'string' &&
    'detail' in value &&
    typeof value.detail === 'string'
  );
}

const DETAIL_LENGTH = 200;
/** Elements whose text is not part of what a page says. */
const HIDDEN = /^(head|style|script)\b/i;

/** The first words of a text or web page, in time that grows with its length alone, whatever a server sent. */
function beginningOf(body: string): string | undefined {
  let words = '';
  let hiddenBy: string | undefined;
  // Texts and tags in turn. A tag ends before the next "<", or every "<" would look for its ">" to the end of the body.
  for (const [i, part] of body.split(/<([^<>]*)>/).entries()) {
    if (i % 2 === 0) {
      if (hiddenBy === undefined) words += ` ${part}`;
    } else if (hiddenBy === undefined) hiddenBy = HIDDEN.exec(part)?.[1]?.toLowerCase();
    else if (endsElement(part.slice(0, 10).toLowerCase(), hiddenBy)) hiddenBy = undefined;
  }
  return words.replaceAll(/\s+/g, ' ').trim().slice(0, DETAIL_LENGTH) || undefined;
}

/** HTML may leave out the end of its head: the body's start is it. */
function endsElement(tag: string, element: string): boolean {
  return tag.startsWith(`/${element}`) || (element === 'head' && tag.startsWith('body'));
}
