// What a schema expects and what came instead, as a sentence: the errors of ajv for people.
import type { ErrorObject } from 'ajv/dist/2020.js';
import type { SchemaObject } from 'openapi3-ts/oas31';
import { WHOLE_TEXT } from '../../tensor/datatype.ts';
import { depthOf } from '../../tensor/from-json.ts';
import { counted } from '../../util/counted.ts';
import { quote } from '../../util/quote.ts';

/** "expected …, got …" of an error with its schema and value (ajv's option `verbose`); the place is for the caller to name. */
export function sentence(error: ErrorObject): string {
  const { keyword, data, params } = error;
  const schema: SchemaObject = error.parentSchema ?? {};
  switch (keyword) {
    case 'required':
      return `missing field "${params['missingProperty']}"${insteadOf(schema, data)}`;
    case 'additionalProperties': {
      const known = Object.keys(schema.properties ?? {}).map((name) => `"${name}"`);
      return `unknown field ${quote(String(params['additionalProperty']))}; expected ${known.join(', ') || 'none'}`;
    }
    case 'minItems':
    case 'maxItems':
      return `expected ${describe(schema)}, got ${Array.isArray(data) ? data.length : show(data)}`;
    case 'pattern':
      return `expected ${schema.pattern === WHOLE_TEXT.pattern ? WHOLE_TEXT.phrase : `${describe(schema)} that matches ${schema.pattern}`}, got ${show(data)}`;
    case 'minimum':
    case 'maximum':
      return `expected ${phraseOf(schema) ?? nouns[String(schema.type)] ?? 'a number'}${rangeOf(schema)}, got ${show(data)}`;
    default:
      return `expected ${describe(schema)}, got ${show(data)}${isNumberSentAsNull(schema, data) ? ', which is how JavaScript sends NaN and Infinity' : ''}`;
  }
}

/** JSON.stringify() writes null for a number that JSON cannot hold. */
function isNumberSentAsNull({ type }: SchemaObject, data: unknown): boolean {
  return data === null && (type === 'number' || type === 'integer');
}

/** The fields that came and that the schema does not know, one of which may be the missing one by another name. */
function insteadOf({ properties = {} }: SchemaObject, data: unknown): string {
  if (typeof data !== 'object' || data === null) return '';
  const others = Object.keys(data).filter((name) => !Object.hasOwn(properties, name));
  if (others.length === 0) return '';
  const more = others.length > SHOWN_FIELDS ? ', …' : '';
  return `; got ${others.slice(0, SHOWN_FIELDS).map(quote).join(', ')}${more}`;
}
const SHOWN_FIELDS = 3;

/** What a schema takes: in its own words where they are a phrase, such as "4 numbers (…)", else from its keywords. */
function describe(schema: SchemaObject): string {
  const { type, oneOf, anyOf, enum: values } = schema;
  if (type === 'boolean') return 'true or false';
  const phrase = phraseOf(schema);
  if (type === 'object')
    return `${phrase?.startsWith('an object') ? phrase : 'a JSON object'}${exceptOf(schema)}`;
  if (phrase !== undefined) return phrase;
  if (values !== undefined)
    return `${values.length > 1 ? 'one of ' : ''}${values.map((value) => JSON.stringify(value)).join(', ')}`;
  if (type === 'array') return `an array${countOf(schema)}`;
  if (typeof type === 'string') return `${nouns[type] ?? type}${rangeOf(schema)}`;
  const branches = (oneOf ?? anyOf ?? []).map((branch) =>
    '$ref' in branch ? 'a tensor' : describe(branch),
  );
  return branches.length > 0 ? [...new Set(branches)].join(' or ') : 'what the contract says';
}

/** Descriptions for errors begin in lower case, or with a number, and do not end: others are sentences for readers. */
function phraseOf({ description = '' }: SchemaObject): string | undefined {
  return /^[a-z\d].*[^.]$/s.test(description) ? description : undefined;
}

const nouns: Readonly<Record<string, string>> = {
  string: 'a string',
  integer: 'an integer',
  number: 'a number',
  null: 'null',
};

function rangeOf({ minimum, maximum }: SchemaObject): string {
  if (minimum === undefined) return maximum === undefined ? '' : ` up to ${maximum}`;
  return maximum === undefined ? ` from ${minimum}` : ` from ${minimum} to ${maximum}`;
}

function countOf({ minItems = 0, maxItems }: SchemaObject): string {
  if (maxItems === undefined) return minItems === 0 ? '' : ` of ${minItems} or more elements`;
  return minItems === maxItems
    ? ` of ${counted(minItems, 'element')}`
    : ` of ${minItems} to ${maxItems} elements`;
}

/** The fields that an object may not have. */
function exceptOf({ not }: SchemaObject): string {
  const branches = not !== undefined && 'anyOf' in not ? (not.anyOf ?? []) : [];
  const names = branches.flatMap((branch) => ('required' in branch ? (branch.required ?? []) : []));
  return names.length === 0 ? '' : ` without ${names.map((name) => `"${name}"`).join(' and ')}`;
}

/** A value as an error shows it: what it is, and itself where it is short. */
export function show(value: unknown): string {
  if (value === null) return 'null';
  if (Array.isArray(value)) {
    if (value.length === 0) return 'an empty array';
    const depth = depthOf(value);
    return depth === 1 ? 'an array' : `an array nested ${depth} deep`;
  }
  if (typeof value === 'object') return 'an object';
  if (typeof value === 'string') return `the string ${quote(value)}`;
  return typeof value === 'undefined' ? 'nothing' : String(value);
}
