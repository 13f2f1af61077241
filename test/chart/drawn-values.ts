// Draws values out of values.schema.json: whatever the schema allows may be drawn, nasty strings and bounds rather often. A case
// is a few settings over one of the examples, so that most are accepted and a failing one shrinks to the settings that matter.
import { readFileSync } from 'node:fs';
import fc, { type Arbitrary } from 'fast-check';
import { parse } from 'yaml';
import type { Rendering } from './admit.ts';
import { examples } from './chart.ts';
import { kubernetesParts } from './kubernetes-parts.ts';
import { schemaFile } from './schema.ts';

type Schema = {
  readonly $ref?: string;
  readonly type?: string | readonly string[];
  readonly enum?: readonly unknown[];
  readonly pattern?: string;
  readonly minLength?: number;
  readonly maxLength?: number;
  readonly minimum?: number;
  readonly maximum?: number;
  readonly exclusiveMinimum?: number;
  readonly exclusiveMaximum?: number;
  readonly items?: Schema;
  readonly minItems?: number;
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly required?: readonly string[];
  readonly patternProperties?: Readonly<Record<string, Schema>>;
  readonly additionalProperties?: Schema | boolean;
};
/** One value, at a path of keys; `versionDefaults` may become a version, chosen by `version`. */
type Setting = {
  readonly path: readonly string[];
  readonly value: unknown;
  readonly version: number;
};
type Case = {
  readonly release: string;
  readonly namespace: string;
  readonly upgrade: boolean;
  readonly example: number;
  readonly versions: readonly string[];
  readonly withoutV1: boolean;
  readonly settings: readonly Setting[];
};

const root: Schema = JSON.parse(readFileSync(schemaFile, 'utf8'));

/** Stands for the name of a version of the case, in keys and texts. */
const NAME = /^§(\d)$/;
const someVersion = fc.nat(3).map((index) => `§${index}`);
/** Values and keys that name a version, if they are to mean anything. */
const namesVersion = new Set(['defaultVersion', 'traffic.shadow.to', 'traffic.weights']);

const nasty = [
  ...['', '0', '1', '007', '1e3', '0x1F', '1_000', '.5', '2024', '2024-01-01', '20260101', '1:30'],
  ...['on', 'off', 'yes', 'n', 'true', 'False', 'null', 'Null', '~', '.nan', '=', '<<'],
  ...[
    'a: b',
    '#x',
    'a #b',
    '- a',
    '-',
    '?',
    '!x',
    '&x',
    '*x',
    '%x',
    '@x',
    '`x',
    '|',
    '>',
    '{a',
    '[a',
    'a,b',
  ],
  ...[
    '"',
    "'",
    '\\',
    '\\n',
    'a\nb',
    ' a',
    'a ',
    '\t',
    '{{ .Release.Name }}',
    '{{',
    '$(A)',
    '%s',
    '../x',
    '/x',
    'x/',
  ],
  ...['é', '日本', '😀', '\u200b', 'A', 'a.b', 'a-b', 'a..b', '-a', 'a/b', 'a.example/b'],
  ...[52, 53, 63, 64, 253, 254].map((length) => 'a'.repeat(length)),
];

/** All cases. */
export const cases: Arbitrary<Rendering> = fc
  .record<Case>({
    release: fc.oneof(
      { arbitrary: fc.constant('ml-api'), weight: 6 },
      {
        arbitrary: fc.constantFrom(
          'a',
          '1',
          'on',
          'a.b',
          'ml-api-2',
          'a'.repeat(30),
          'a'.repeat(53),
        ),
        weight: 1,
      },
    ),
    namespace: fc.oneof(
      { arbitrary: fc.constant('models'), weight: 6 },
      { arbitrary: fc.constantFrom('1', 'on', 'n'.repeat(63)), weight: 1 },
    ),
    upgrade: fc.boolean(),
    example: fc.oneof(fc.constant(0), fc.nat(examples.length)),
    versions: fc.oneof(
      { arbitrary: fc.uniqueArray(versionName(), { maxLength: 3 }), weight: 9 },
      { arbitrary: manyVersions(), weight: 1 },
    ),
    withoutV1: fc.oneof(
      { arbitrary: fc.constant(false), weight: 4 },
      { arbitrary: fc.constant(true), weight: 1 },
    ),
    settings: fc.array(anySetting(), { maxLength: 12, size: 'max' }),
  })
  .map(rendering);

function versionName(): Arbitrary<string> {
  return fc.oneof(
    { arbitrary: fc.constantFrom('v1', 'v2', 'v3'), weight: 4 },
    {
      arbitrary: fc.constantFrom(
        '1',
        'on',
        'null',
        '20260101',
        '1e3',
        'grpc',
        'canary',
        'test',
        'traffic',
        'models',
        'promotion-gate',
        'v2-grpc',
        'v2-test',
        'runtime',
        'x'.repeat(40),
      ),
      weight: 3,
    },
    { arbitrary: fc.constantFrom(...nasty), weight: 1 },
  );
}

function manyVersions(): Arbitrary<string[]> {
  return fc
    .integer({ min: 5, max: 18 })
    .map((count) => Array.from({ length: count }, (_, i) => `w${i}`));
}

/** A value of any place; now and then null, which takes a default away, of one value or of many. */
function anySetting(): Arbitrary<Setting> {
  const paths: (readonly string[])[] = [];
  const drawn = places(root, []).map(([path, schema]) => {
    paths.push(...path.map((_, i) => path.slice(0, i + 1)));
    return setting(path, values(schema, path.join('.')));
  });
  const nulls = fc.constantFrom(...paths).chain((path) => setting(path, fc.constant(null)));
  return fc.oneof({ arbitrary: fc.oneof(...drawn), weight: 80 }, { arbitrary: nulls, weight: 1 });
}

/** The places of values that have a schema of their own. */
function places(schema: Schema, path: readonly string[]): (readonly [readonly string[], Schema])[] {
  if (path.join('.') === 'versions') return []; // the case's own
  const { properties } = resolve(schema);
  if (properties === undefined) return [[path, schema]];
  return Object.entries(properties).flatMap(([key, inner]) => places(inner, [...path, key]));
}

function setting(path: readonly string[], value: Arbitrary<unknown>): Arbitrary<Setting> {
  return fc.record({ path: fc.constant(path), value, version: fc.nat(3) });
}

function resolve(schema: Schema): Schema {
  if (schema.$ref === undefined) return schema;
  const keys = schema.$ref.replace('#/', '').split('/');
  // biome-ignore lint/suspicious/noExplicitAny: a walk down the schema's own JSON
  return resolve(keys.reduce<any>((node, key) => node[key], root));
}

/** Everything that a schema allows; `path` says where, for what it leaves open. */
function values(schema: Schema, path: string): Arbitrary<unknown> {
  const { enum: choices, type, ...rest } = resolve(schema);
  if (choices !== undefined) return fc.constantFrom(...choices);
  if (path === 'extraObjects[]') return kubernetesParts(path); // texts are manifests, too
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

function strings({ pattern, minLength = 0, maxLength = 300 }: Schema): Arbitrary<string> {
  const allowed = new RegExp(pattern ?? '', 'u');
  const fits = (text: string) =>
    allowed.test(text) && [...text].length >= minLength && [...text].length <= maxLength;
  const known = [...nasty, 'a'.repeat(maxLength)].filter(fits);
  const drawn =
    pattern === undefined
      ? fc.string({ unit: 'grapheme', minLength, maxLength: Math.min(20, maxLength) })
      : fc.stringMatching(new RegExp(pattern)).filter(fits);
  return known.length === 0 ? drawn : fc.oneof(fc.constantFrom(...known), drawn);
}

function arrays({ items = {}, minItems = 0 }: Schema, path: string): Arbitrary<unknown[]> {
  const item = values(items, `${path}[]`);
  const length = { minLength: minItems, maxLength: 3 };
  // Two of one part may be wrong by Kubernetes' own rules.
  const isPart =
    resolve(items).type !== 'string' &&
    resolve(items).properties === undefined &&
    items.enum === undefined;
  return isPart
    ? fc.uniqueArray(item, { ...length, selector: JSON.stringify })
    : fc.array(item, length);
}

function objects(schema: Schema, path: string): Arbitrary<unknown> {
  const { properties, additionalProperties, patternProperties = {}, required } = schema;
  if (properties !== undefined) {
    const inner: Record<string, Arbitrary<unknown>> = Object.fromEntries(
      Object.entries(properties).map(([key, property]) => [
        key,
        values(property, `${path}.${key}`),
      ]),
    );
    const keys: string[] = [...(required ?? [])];
    return fc.record<Record<string, unknown>, string>(inner, { requiredKeys: keys });
  }
  const [[pattern, inner] = [undefined, additionalProperties]] = Object.entries(patternProperties);
  if (typeof inner !== 'object') return kubernetesParts(path);
  const anyKey = pattern === undefined ? fc.constantFrom(...nasty) : strings({ pattern });
  const keys = namesVersion.has(path)
    ? fc.oneof({ arbitrary: someVersion, weight: 9 }, { arbitrary: anyKey, weight: 1 })
    : anyKey;
  return fc.dictionary(keys, values(inner, `${path}.*`), { maxKeys: 3 });
}

/** The values of a case: the example's, its versions, and the settings over them, later ones winning. */
function rendering({
  release,
  namespace,
  upgrade,
  example,
  versions,
  withoutV1,
  settings,
}: Case): Rendering {
  const file = examples[example - 1]?.file; // 0: none
  // biome-ignore lint/suspicious/noExplicitAny: values of any form
  const values: any = file === undefined ? {} : (parse(readFileSync(file, 'utf8')) ?? {});
  values.versions = {
    ...Object.fromEntries(versions.map((name) => [name, {}])),
    ...values.versions,
  };
  if (withoutV1 && versions.length > 0 && values.versions.v1 === undefined) {
    values.versions.v1 = null;
    values.defaultVersion ??= versions[0];
  }
  const names = Object.keys(values.versions).length > 0 ? Object.keys(values.versions) : ['v1'];
  for (const { path, value, version } of settings) {
    const ofVersion = path[0] === 'versionDefaults' && version > 0 && path.length > 1;
    const name = names[(version - 1) % names.length] ?? 'v1';
    put(values, ofVersion ? ['versions', name, ...path.slice(1)] : path, named(value, names));
  }
  return { release, namespace, upgrade, values };
}

function put(values: Record<string, unknown>, path: readonly string[], value: unknown): void {
  const [key = '', ...rest] = path;
  if (rest.length === 0) {
    values[key] = value;
    return;
  }
  const inner = values[key];
  const map = typeof inner === 'object' && inner !== null ? { ...inner } : {};
  values[key] = map;
  put(map as Record<string, unknown>, rest, value);
}

/** The same value with the versions' names in place of what stands for them. */
function named(value: unknown, names: readonly string[]): unknown {
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
