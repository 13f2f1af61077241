// Makes charts/ml-api/values.schema.json from values.yaml: types from the defaults, descriptions from `# --` comments,
// rules from schema-rules.yaml. Closed: a key that is not in values.yaml is refused.
// generate.ts writes the file.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { isCollection, isMap, isScalar, type Pair, parse, parseDocument, type YAMLMap } from 'yaml';
import { type Schema, takingNulls, takingTemplates, typeNamed } from './schema-variants.ts';

const chart = join(import.meta.dirname, '../../charts/ml-api');
const typesFiles = ['schema-types', 'schema-pod-types', 'schema-custom-types'].map((name) =>
  join(import.meta.dirname, `${name}.yaml`),
);
const rulesFile = join(import.meta.dirname, 'schema-rules.yaml');
const patternsFile = join(import.meta.dirname, 'schema-patterns.yaml');

/** The schema's file. */
export const schemaFile = join(chart, 'values.schema.json');

/** The template with the kinds of values. */
export const kindsFile = join(chart, 'templates/_kinds.tpl');

const patternParts: Readonly<Record<string, string>> = parse(readFileSync(patternsFile, 'utf8'));

/**
 * A pattern with its parts in place of their names.
 * @throws Error naming a part that schema-patterns.yaml does not have.
 */
function withParts(pattern: string): string {
  return pattern.replaceAll(/<(\w+)>/g, (_, name: string) => {
    const part = patternParts[name];
    if (part === undefined) throw new Error(`<${name}>: schema-patterns.yaml has no such part.`);
    return `(${withParts(part)})`;
  });
}

/** What there is for the places of values.yaml. */
type Sources = {
  /** Types by name, those of `$defs` rules added as they are met. */
  readonly defs: Schema;
  /** Rules by place, each taken out when it is met. */
  readonly rules: Map<string, Schema>;
};

/**
 * The schema's text as values.yaml wants it.
 * @throws Error naming the place that has no `# --` description, or that has a rule and is not in values.yaml.
 */
export function makeSchema(): string {
  const defs: Schema = {};
  for (const file of typesFiles) Object.assign(defs, parse(readFileSync(file, 'utf8')));
  const rules = new Map<string, Schema>();
  for (const [place, { templates, ...rule }] of Object.entries<Schema>(
    parse(readFileSync(rulesFile, 'utf8')),
  ))
    rules.set(place, templates === true ? takingTemplates(rule, defs) : rule);
  const values = parseDocument(readFileSync(join(chart, 'values.yaml'), 'utf8')).contents;
  if (!isMap(values)) throw new Error('values.yaml is not a map.');
  const closed = takingNulls(closedObject(values, '', { defs, rules }), defs);
  const schema = {
    $schema: 'http://json-schema.org/draft-07/schema#', // what every Helm 3 understands, too
    title: 'Values of the chart ml-api; made by test/chart/generate.ts, not edited',
    ...closed,
    $defs: defs,
  };
  for (const path of rules.keys())
    throw new Error(
      `${path}: schema-rules.yaml has a rule of it, and values.yaml has no such value.`,
    );
  return `${JSON.stringify(sayingWhatIsExpected(schema, ''), null, 2)}\n`;
}

/**
 * Each `pattern` with its `expected` in front, since Helm says of a value only which pattern it does not match. No text matches this
 * alternative, as it ends where texts begin.
 */
function sayingWhatIsExpected(schema: unknown, path: string): unknown {
  if (typeof schema !== 'object' || schema === null) return schema;
  if (Array.isArray(schema))
    return schema.map((inner, i) => sayingWhatIsExpected(inner, `${path}/${i}`));
  const { pattern, expected, ...rest } = schema as Schema;
  const told = Object.entries(rest).map(([key, inner]) => [
    path.endsWith('/patternProperties') ? withParts(key) : key,
    sayingWhatIsExpected(inner, `${path}/${key}`),
  ]);
  if (typeof pattern !== 'string') return { ...Object.fromEntries(told) };
  if (typeof expected !== 'string' || !/^[\w :;,./%*-]+$/.test(expected))
    throw new Error(`${path}: say in "expected" what fits the pattern, in plain characters.`);
  return { ...Object.fromEntries(told), pattern: `expected ${expected} ^|${withParts(pattern)}` };
}

/** A pattern of values.schema.json without what it says. */
export function ownPattern(pattern: string): string {
  return pattern.replace(/^expected [^^]*\^\|/, '');
}

/** The schema of a map with fixed keys. */
function closedObject(map: YAMLMap, path: string, sources: Sources): Schema {
  const properties: Schema = {};
  map.items.forEach((item, index) => {
    // The comments before the first key belong to the map in the YAML library.
    const before = index === 0 ? map.commentBefore : undefined;
    const key = String(item.key);
    properties[key] = property(item, before, path ? `${path}.${key}` : key, sources);
  });
  return { type: 'object', properties, additionalProperties: false };
}

function property(
  pair: Pair,
  before: string | null | undefined,
  path: string,
  sources: Sources,
): Schema {
  const own = isScalar(pair.key) ? pair.key.commentBefore : undefined;
  const description = readDescription([before, own].filter(Boolean).join('\n'));
  const rules = sources.rules.get(path) ?? {};
  sources.rules.delete(path);
  const { value } = pair;
  const isOpen = Object.keys(rules).some((rule) => rule !== '$defs' && rule !== 'type');
  if (isMap(value) && value.items.length > 0 && !isOpen) {
    const { type = 'object' } = rules;
    const object = { ...closedObject(value, path, sources), type };
    if (typeof rules['$defs'] !== 'string')
      return { ...object, ...(description && { description }) };
    sources.defs[rules['$defs']] = object; // used in several places
    return { $ref: `#/$defs/${rules['$defs']}` };
  }
  if (!description) throw new Error(`${path}: values.yaml has no "# --" description of it.`);
  for (const option of optionsOf(rules))
    if (!description.includes(option))
      throw new Error(`${path}: its description does not say that it may be ${option}.`);
  const standard: unknown = isScalar(value)
    ? value.value
    : isCollection(value)
      ? value.toJSON()
      : null;
  return {
    description,
    ...('$ref' in rules || 'type' in rules ? {} : { type: typeOf(standard, path) }),
    ...('properties' in rules ? { additionalProperties: false } : {}),
    ...rules,
    default: standard,
  };
}

/**
 * The kinds of all values as a template, for what null makes of them: a list, a map whose keys are open or all optional, or needed.
 */
export function makeKinds(): string {
  const kinds: string[] = [];
  const add = (schema: Schema, path: string): void => {
    const name = typeNamed(schema);
    const { type, properties } = name === undefined ? schema : (whole.$defs[name] ?? {});
    const standard = schema['default'];
    const isList = Array.isArray(standard) && !('minItems' in schema);
    const isMap = typeof standard === 'object' && standard !== null && !Array.isArray(standard);
    const isNullable = Array.isArray(type) && type.includes('null');
    if (isNullable && properties === undefined && !isList && !isMap) return;
    if (path !== '') kinds.push(`${path} ${isList ? 'list' : isMap ? 'map' : 'needed'}`);
    if (standard === undefined && typeof properties === 'object' && properties !== null)
      for (const [key, inner] of Object.entries(properties))
        add(inner, path ? `${path}.${key}` : key);
  };
  const whole: Schema & { readonly $defs: Record<string, Schema> } = JSON.parse(makeSchema());
  add(whole, '');
  return `{{/* The kinds of values, for _nulls.tpl; made by test/chart/generate.ts, not edited. */}}
{{- define "ml-api.valueKinds" -}}
${kinds.join('\n')}
{{- end -}}
`;
}

/** Words that a value may be: those who write values look for them at the value. */
function optionsOf(rules: Schema): readonly string[] {
  const { enum: options } = rules;
  return Array.isArray(options)
    ? options.filter((option) => typeof option === 'string' && option !== '')
    : [];
}

function readDescription(comment: string): string {
  const lines = comment.split('\n').map((line) => line.trim());
  const description = lines.filter((line) => line.startsWith('-- '));
  return description.map((line) => line.slice(3)).join(' ');
}

function typeOf(value: unknown, path: string): string {
  if (Array.isArray(value)) return 'array';
  if (Number.isInteger(value)) return 'integer';
  if (typeof value === 'string' || typeof value === 'boolean') return typeof value;
  if (typeof value === 'object' && value !== null) return 'object';
  throw new Error(`${path}: give its type in schema-rules.yaml.`);
}
