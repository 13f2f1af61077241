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

function beginningOf(body: string): string | undefined {
  const words = body
    .replaceAll(/<(head|style|script)\b.*?<\/\1>/gis, ' ')
    .replaceAll(/<[^>]*>/g, ' ')
    .replaceAll(/\s+/g, ' ')
    .trim();
  return words.slice(0, 200) || undefined;
}
