// Draws values out of values.schema.json: whatever the schema allows may be drawn, nasty strings and bounds rather often.
import { readFileSync } from 'node:fs';
import fc, { type Arbitrary } from 'fast-check';
import { kubernetesParts, partsAt } from './kubernetes-parts.ts';
import { ownPattern, schemaFile } from './schema.ts';

/** What of JSON Schema values.schema.json uses. */
export type Schema = {
  readonly $ref?: string;
  readonly type?: string | readonly string[];
  readonly enum?: readonly unknown[];
  readonly pattern?: string;
  /** The first of them, or a template in its place. */
  readonly anyOf?: readonly [Schema, Schema];
  /** More patterns of a text. */
  readonly allOf?: readonly Schema[];
  readonly minLength?: number;
  readonly maxLength?: number;
  readonly minimum?: number;
  readonly maximum?: number;
  readonly exclusiveMinimum?: number;
  readonly exclusiveMaximum?: number;
  readonly items?: Schema;
  readonly minItems?: number;
  readonly maxItems?: number;
  readonly uniqueItems?: boolean;
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly required?: readonly string[];
  readonly minProperties?: number;
  readonly maxProperties?: number;
  readonly patternProperties?: Readonly<Record<string, Schema>>;
  readonly additionalProperties?: Schema | boolean;
};

const root: Schema = JSON.parse(readFileSync(schemaFile, 'utf8'));

/** Stands for the name of a version of the case, in keys and texts. */
const NAME = /^§(\d)$/;
const someVersion = fc.nat(3).map((index) => `§${index}`);
/** Values and keys that name a version, if they are to mean anything. */
const namesVersion = new Set(['defaultVersion', 'traffic.shadow.to', 'traffic.weights']);

/** What YAML, templates or Kubernetes may take for something else. */
export const nasty: readonly string[] = [
  ...'0 1 007 1e3 0x1F 1_000 .5 2024 2024-01-01 20260101 1:30'.split(' '),
  ...'on off yes n true False null Null ~ .nan = <<'.split(' '),
  ...'#x - ? !x &x *x %x @x `x | > {a [a a,b " \' \\ \\n {{ $(A) %s ../x /x x/'.split(' '),
  ...['', 'a: b', 'a #b', '- a', 'a\nb', ' a', 'a ', '\t', '{{ .Release.Name }}'],
  ...'é 日本 😀 \u200b A a.b a-b a..b -a a/b a.example/b'.split(' '),
  ...[52, 53, 63, 64, 253, 254].map((length) => 'a'.repeat(length)),
];

/** The places of values that have a schema of their own. */
export function places(
  schema: Schema = root,
  path: readonly string[] = [],
): (readonly [readonly string[], Schema])[] {
  if (path.join('.') === 'versions') return []; // a case has its own
  const { properties, required, maxProperties } = resolve(schema);
  const isWhole = required !== undefined || maxProperties !== undefined; // one key says nothing without the others
  if (properties === undefined || isWhole) return [[path, schema]];
  return Object.entries(properties).flatMap(([key, inner]) => places(inner, [...path, key]));
}

/** What a schema stands for. */
export function resolve(schema: Schema): Schema {
  if (schema.$ref === undefined) return schema;
  const keys = schema.$ref.replace('#/', '').split('/');
  // biome-ignore lint/suspicious/noExplicitAny: a walk down the schema's own JSON
  return resolve(keys.reduce<any>((node, key) => node[key], root));
}

/** Everything that a schema allows; `path` says where, for what it leaves open. */
export function values(schema: Schema, path: string): Arbitrary<unknown> {
  const { anyOf, enum: choices, type, ...rest } = resolve(schema);
  if (anyOf !== undefined) return values(anyOf[0], path);
  if (choices !== undefined) return fc.constantFrom(...choices);
  const parts = partsAt(path);
  if (parts !== undefined) return parts;
  if (Array.isArray(type))
    return fc.oneof(...type.map((one) => values({ ...rest, type: one }, path)));
  switch (type) {
    case 'null':
      return fc.constant(null);
    case 'boolean':
      return fc.boolean();
    case 'integer':
      return integers(rest);
    case 'number':
      return numbers(rest);
    case 'string':
      return namesVersion.has(path) ? fc.oneof(someVersion, strings(rest)) : strings(rest);
    case 'array':
      return arrays(rest, path);
    default:
      return objects(rest, path);
  }
}

function integers({
  minimum = Number.MIN_SAFE_INTEGER,
  maximum = Number.MAX_SAFE_INTEGER,
}: Schema) {
  const within = (n: number) => n >= minimum && n <= maximum;
  const marks = [minimum, minimum + 1, 1, 2, 80, 8001, 9090, 1_000_000, 2 ** 31 - 1, maximum];
  return fc.oneof(
    fc.constantFrom(...marks.filter(within)),
    fc.integer({ min: minimum, max: Math.min(maximum, Math.max(minimum + 20, 20)) }),
  );
}

function numbers(schema: Schema): Arbitrary<number> {
  const min = schema.minimum ?? schema.exclusiveMinimum ?? -1e9;
  const max = schema.maximum ?? schema.exclusiveMaximum ?? 1e9;
  const within = (n: number) =>
    n >= min && n <= max && n !== schema.exclusiveMinimum && n !== schema.exclusiveMaximum;
  const marks = [min, max, 0, 1, 0.1, 1e-7, 0.00001, 1_000_000, 1.5];
  return fc.oneof(
    fc.constantFrom(...marks.filter(within)),
    fc.double({ min, max, noNaN: true }).filter(within),
  );
}

function strings({ pattern, allOf = [], minLength = 0, maxLength = 300 }: Schema) {
  const allowed = [pattern, ...allOf.map((also) => resolve(also).pattern)].map(
    (pattern = '') => new RegExp(pattern, 'u'),
  );
  const fits = (text: string) =>
    allowed.every((pattern) => pattern.test(text)) &&
    [...text].length >= minLength &&
    [...text].length <= maxLength;
  const known = [...nasty, 'a'.repeat(maxLength)].filter(fits);
  const drawn =
    pattern === undefined
      ? fc.string({ unit: 'grapheme', minLength, maxLength: Math.min(20, maxLength) })
      : fc.stringMatching(new RegExp(ownPattern(pattern), 'u')).filter(fits);
  return known.length === 0 ? drawn : fc.oneof(fc.constantFrom(...known), drawn);
}

function arrays(schema: Schema, path: string): Arbitrary<unknown[]> {
  const { items = {}, minItems = 0, maxItems = 3, uniqueItems = false } = schema;
  const item = values(items, `${path}[]`);
  const length = { minLength: minItems, maxLength: Math.min(3, maxItems) };
  // Two of one part may be wrong by Kubernetes' own rules.
  const isPart =
    resolve(items).type !== 'string' &&
    resolve(items).properties === undefined &&
    items.enum === undefined;
  return isPart || uniqueItems
    ? fc.uniqueArray(item, { ...length, selector: JSON.stringify })
    : fc.array(item, length);
}

function objects(schema: Schema, path: string): Arbitrary<unknown> {
  const { properties, additionalProperties, patternProperties = {} } = schema;
  if (properties !== undefined) {
    const inner: Record<string, Arbitrary<unknown>> = Object.fromEntries(
      Object.entries(properties).map(([key, property]) => [
        key,
        values(property, `${path}.${key}`),
      ]),
    );
    return records(inner, schema);
  }
  const [[pattern, inner] = [undefined, additionalProperties]] = Object.entries(patternProperties);
  if (typeof inner !== 'object') return kubernetesParts(path);
  const anyKey = pattern === undefined ? fc.constantFrom(...nasty) : strings({ pattern });
  const keys = namesVersion.has(path)
    ? fc.oneof({ arbitrary: someVersion, weight: 9 }, { arbitrary: anyKey, weight: 1 })
    : anyKey;
  return fc.dictionary(keys, values(inner, `${path}.*`), { maxKeys: 3 });
}

/** Records with all keys that are required, and as many as there are to be. */
function records(
  inner: Readonly<Record<string, Arbitrary<unknown>>>,
  { required = [], minProperties = 0, maxProperties = Number.POSITIVE_INFINITY }: Schema,
): Arbitrary<Record<string, unknown>> {
  const optional = Object.keys(inner).filter((key) => !required.includes(key));
  const minLength = Math.max(0, minProperties - required.length);
  const maxLength = Math.min(optional.length, maxProperties - required.length);
  return fc
    .subarray(optional, { minLength, maxLength })
    .chain((chosen) =>
      fc.record(
        Object.fromEntries(
          Object.entries(inner).filter(([key]) => required.includes(key) || chosen.includes(key)),
        ),
      ),
    );
}

/** A drawn value with the names of versions in place of what stands for them. */
export function named(value: unknown, names: readonly string[]): unknown {
  const name = (text: string) => {
    const index = NAME.exec(text)?.[1];
    return index === undefined ? text : (names[Number(index) % names.length] ?? 'v1');
  };
  if (typeof value === 'string') return name(value);
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return value;
  return Object.fromEntries(
    Object.entries(value).map(([key, inner]) => [name(key), named(inner, names)]),
  );
}
