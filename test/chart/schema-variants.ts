// The same schemas for other places, by copies of the types that they name.

export type Schema = { [key: string]: unknown };

/** Texts that may be templates: those too that are to be one of some words, or fit a pattern. */
export function takingTemplates(schema: Schema, defs: Schema): Schema {
  const taking = variant(schema, defs, 'OrTemplate', takingTemplates);
  if ('$ref' in schema) return taking;
  const isText = typesOf(schema).includes('string') || isWords(schema['enum']);
  const isBound = 'pattern' in schema || 'enum' in schema || 'maxLength' in schema;
  return isText && isBound ? { anyOf: [taking, { $ref: '#/$defs/template' }] } : taking;
}

/**
 * Where null takes away what versionDefaults, or an earlier file of values, sets: lists and maps as a whole, and what maps with keys of
 * yours have. Helm itself takes away only what values.yaml has.
 */
export function takingNulls(schema: Schema, defs: Schema): Schema {
  const { default: standard } = schema;
  const isList = Array.isArray(standard) && !('minItems' in schema);
  const isMap = typeof standard === 'object' && standard !== null && !Array.isArray(standard);
  const isOpen = isMap && Object.keys(standard).length === 0; // each of its keys is a choice
  if ('$ref' in schema)
    return isList || isMap
      ? variant(schema, defs, 'OrNull', (own) => orNull(withEntriesOrNull(own, defs, isOpen), defs))
      : schema;
  const taking = withEntriesOrNull(variant(schema, defs, 'OrNull', takingNulls), defs, isOpen);
  return isList || isMap ? orNull(taking, defs) : taking;
}

function withEntriesOrNull(schema: Schema, defs: Schema, areOptional: boolean): Schema {
  const taking = { ...schema };
  const entries = (named: unknown) =>
    Object.fromEntries(
      Object.entries(named ?? {}).map(([key, inner]) => [key, orNull(inner, defs)]),
    );
  if (typeof schema['additionalProperties'] === 'object')
    taking['additionalProperties'] = orNull(schema['additionalProperties'] as Schema, defs);
  if ('patternProperties' in schema)
    taking['patternProperties'] = entries(schema['patternProperties']);
  if (areOptional && 'properties' in schema) taking['properties'] = entries(schema['properties']);
  return taking;
}

/** What has no type stays as it is. */
function orNull(schema: Schema, defs: Schema): Schema {
  if ('$ref' in schema) return variant(schema, defs, 'OrNull', (own) => orNull(own, defs));
  if (Array.isArray(schema['anyOf']))
    return { ...schema, anyOf: [...schema['anyOf'], { type: 'null' }] };
  const options = Array.isArray(schema['enum']) && {
    enum: [...new Set([...schema['enum'], null])],
  };
  if (!('type' in schema)) return { ...schema, ...options };
  return { ...schema, ...options, type: [...new Set([...typesOf(schema), 'null'])] };
}

/** A schema with `change` made within it, and that of a type in a copy of it with another name. */
function variant(
  schema: Schema,
  defs: Schema,
  suffix: string,
  change: (inner: Schema, defs: Schema) => Schema,
): Schema {
  const name = typeNamed(schema);
  if (name !== undefined) {
    const own = Object(defs[name]);
    const copy = change(own, defs);
    if (JSON.stringify(copy) === JSON.stringify(own)) return schema;
    defs[`${name}${suffix}`] = copy;
    return { ...schema, $ref: `#/$defs/${name}${suffix}` };
  }
  const within = (inner: unknown) =>
    typeof inner === 'object' && inner !== null ? change(inner as Schema, defs) : inner;
  const places = (named: unknown) =>
    Object.fromEntries(Object.entries(named ?? {}).map(([key, inner]) => [key, within(inner)]));
  const changed = { ...schema };
  for (const key of ['items', 'additionalProperties'])
    if (key in schema) changed[key] = within(schema[key]);
  for (const key of ['properties', 'patternProperties'])
    if (key in schema) changed[key] = places(schema[key]);
  return changed;
}

/** The name of the type that a schema refers to; undefined where it is one itself. */
export function typeNamed(schema: Schema): string | undefined {
  return schema['$ref']?.toString().replace('#/$defs/', '');
}

function typesOf({ type }: Schema): unknown[] {
  return [type ?? []].flat();
}

function isWords(options: unknown): boolean {
  return Array.isArray(options) && options.some((option) => typeof option === 'string');
}
