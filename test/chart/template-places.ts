// What templates in values may make: the schema has looked at the template, so that what it renders to is checked by the chart.
import { makeSchema, ownPattern } from './schema.ts';
import { type Schema, typeNamed } from './schema-variants.ts';

export const templatePlacesFile = new URL(
  '../../charts/ml-api/templates/_template-places.tpl',
  import.meta.url,
).pathname;

/** The pattern of a key that is refused with whatever value: what is wrong is not the template. */
const NOTHING = '[^\\s\\S]';

/** A place of versionDefaults that takes templates, and what they must make there. */
type Place = {
  /** Its path as _texts.tpl knows it: without indexes of lists. */
  readonly at: string;
  readonly is: readonly string[];
  readonly most?: number;
  readonly expected: string;
};

/** The table of _template-places.tpl. */
export function makeTemplatePlaces(): string {
  const whole: Schema & { readonly $defs: Record<string, Schema> } = JSON.parse(makeSchema());
  const resolved = (schema: Schema): Schema => {
    const name = typeNamed(schema);
    return name === undefined ? schema : resolved(whole.$defs[name] ?? {});
  };
  const places = new Map<string, Place>();
  const walk = (given: Schema, at: string): void => {
    const schema = resolved(given);
    const options = (schema['anyOf'] ?? []) as readonly Schema[];
    const [bound] = options;
    if (bound !== undefined && options.some(isTemplate)) {
      const place = placeOf(resolved(bound), at, resolved);
      if (!place.is.includes(NOTHING)) places.set(JSON.stringify(place), place);
    } else for (const option of options) walk(option, at);
    if (typeof schema['items'] === 'object') walk(Object(schema['items']), at);
    for (const [key, inner] of Object.entries(Object(schema['properties'])))
      walk(Object(inner), `${at}[.]${key}`);
    const ofAnyName = [
      schema['additionalProperties'],
      ...Object.values(Object(schema['patternProperties'])),
    ];
    for (const inner of ofAnyName) if (typeof inner === 'object') walk(Object(inner), `${at}[.].+`);
  };
  walk(Object(whole['properties']).versionDefaults, '');
  const table = JSON.stringify([...places.values()]);
  if (table.includes('{{'))
    throw new Error('A pattern has two braces, which Helm takes for a template.');
  return `{{/* What templates must make, by place, for _texts.tpl; made by test/chart/generate.ts, not edited. */}}
{{- define "ml-api.templatePlaces" -}}
${table}
{{- end -}}
`;
}

function isTemplate(option: Schema): boolean {
  return option['$ref'] === '#/$defs/template';
}

function placeOf(bound: Schema, at: string, resolved: (schema: Schema) => Schema): Place {
  const parts = [bound, ...((bound['allOf'] ?? []) as readonly Schema[]).map(resolved)];
  const words = ((bound['enum'] ?? []) as readonly unknown[]).filter(
    (word) => typeof word === 'string',
  );
  const patterns = parts.flatMap(({ pattern }) => (typeof pattern === 'string' ? [pattern] : []));
  const told = patterns.flatMap((pattern) => /^expected ([^^]*) \^\|/.exec(pattern)?.[1] ?? []);
  const most = Math.min(...parts.map(({ maxLength }) => Number(maxLength ?? Infinity)));
  return {
    at: `^${at.replace('[.]', '')}$`,
    is: words.length > 0 ? [`^(${words.join('|')})$`] : patterns.map(ownPattern),
    ...(most < Infinity && { most }),
    expected:
      words.length > 0
        ? `one of ${words.map((word) => word || '""').join(', ')}`
        : (told[0] ?? `at most ${most} characters`),
  };
}
