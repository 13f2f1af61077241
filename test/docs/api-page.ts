// The text of docs/api.md, from openapi.yaml.
import { readFileSync } from 'node:fs';
import path from 'node:path';
import type {
  ExampleObject,
  OpenAPIObject,
  OperationObject,
  ParameterObject,
  ReferenceObject,
  RequestBodyObject,
  ResponseObject,
  SchemaObject,
} from 'openapi3-ts/oas31';
import { parse } from 'yaml';

const file = path.resolve(import.meta.dirname, '../../openapi.yaml');
const METHODS = ['get', 'post'] as const;

type Schema = SchemaObject | ReferenceObject;

interface Operation extends OperationObject {
  readonly title: string;
}

export function apiPage(): string {
  const contract: OpenAPIObject = parse(readFileSync(file, 'utf8'));
  const operations = Object.entries(contract.paths ?? {}).flatMap(([route, methods]) =>
    METHODS.flatMap((method): Operation[] => {
      const operation: OperationObject | undefined = methods[method];
      return operation ? [{ ...operation, title: `${method.toUpperCase()} ${route}` }] : [];
    }),
  );
  const sections = (contract.tags ?? []).map(
    ({ name, description }) => `## ${titleCase(name)} routes

${text(description)}

${operations
  .filter(({ tags }) => tags?.includes(name))
  .map((operation) => operationText(contract, operation))
  .join('\n')}`,
  );
  return `# HTTP API

\`npm run docs:generate\` writes this page from [openapi.yaml](../openapi.yaml). A running server has the same contract at
\`/openapi.json\` and as a page at \`/docs\`, narrowed to its model: exact shapes, names of features and labels, examples.

${text(contract.info.description)}

${sections.join('\n')}
## Errors

${errorTable(contract, operations)}

## Schemas

${Object.entries(contract.components?.schemas ?? {})
  .map(([name, schema]) => `### ${name}\n\n${schemaText(schema)}\n`)
  .join('\n')}`;
}

function operationText(contract: OpenAPIObject, operation: Operation): string {
  const parameters = (operation.parameters ?? []).map((parameter) =>
    resolve<ParameterObject>(contract, parameter),
  );
  const body = operation.requestBody && resolve<RequestBodyObject>(contract, operation.requestBody);
  const responses = Object.entries(operation.responses ?? {});
  const errors = responses.filter(([status]) => Number(status) >= 400);
  return [
    `### \`${operation.title}\``,
    `${text(operation.summary)}.`,
    text(operation.description),
    operation.security?.length
      ? 'Needs an API key where the server has keys.'
      : 'Needs no API key.',
    table(
      ['parameter', 'in', 'type', 'meaning'],
      parameters.map(({ name, in: place, required, schema, description }) => [
        `\`${name}\`${required ? ', required' : ''}`,
        place,
        schema ? typeOf(schema) : '',
        cell(description),
      ]),
    ),
    ...(body ? contentText('Request', body) : []),
    ...responses
      .filter(([status]) => Number(status) < 400)
      .flatMap(([status, response]) => {
        const resolved = resolve<ResponseObject>(contract, response);
        return contentText(`Response ${status}: ${text(resolved.description)}`, resolved);
      }),
    errors.length > 0 ? `[Errors](#errors): ${errors.map(([status]) => status).join(', ')}.` : '',
  ]
    .filter((part) => part !== '')
    .join('\n\n')
    .concat('\n');
}

function contentText(title: string, { content = {} }: Pick<ResponseObject, 'content'>): string[] {
  const types = Object.entries(content);
  if (types.length === 0) return [`**${title}**`];
  return types.flatMap(([type, { schema, examples = {} }]) => [
    `**${title.replace(/\.$/, '')}** (\`${type}\`)`,
    schema ? schemaText(schema) : '',
    ...Object.values(examples).map((example) => exampleText(example)),
  ]);
}

function exampleText(example: ExampleObject | ReferenceObject): string {
  if ('$ref' in example) return '';
  const isText = typeof example.value === 'string';
  const value = isText ? example.value.trim() : JSON.stringify(example.value);
  return `${text(example.summary)}:\n\n\`\`\`${isText ? 'text' : 'json'}\n${value}\n\`\`\``;
}

/** Each error response of the contract, with the statuses that operations answer it with. */
function errorTable(contract: OpenAPIObject, operations: readonly Operation[]): string {
  const statuses = new Map<string, Set<string>>();
  for (const { responses = {} } of operations)
    for (const [status, response] of Object.entries<ResponseObject | ReferenceObject>(responses))
      if ('$ref' in response && Number(status) >= 400)
        statuses.set(response.$ref, (statuses.get(response.$ref) ?? new Set()).add(status));
  const rows = [...statuses].map(([$ref, used]): [string, string, string] => {
    const { description, content = {} } = resolve<ResponseObject>(contract, { $ref });
    const bodies = Object.values(content).map(({ schema }) => (schema ? typeOf(schema) : ''));
    return [[...used].sort().join(', '), cell(description), [...new Set(bodies)].join(' or ')];
  });
  return table(
    ['status', 'means', 'body'],
    rows.sort(([a], [b]) => a.localeCompare(b)),
  );
}

function schemaText(schema: Schema): string {
  if (isReference(schema)) return typeOf(schema);
  const fields = fieldsOf(schema);
  const own = [
    text(schema.description),
    fields.length > 0 ? '' : `${sentenceCase(typeOf(schema))}.`,
  ];
  return [...own, table(['field', 'type', 'meaning'], fields)].filter((part) => part).join('\n\n');
}

/** The fields of an object and those of objects within, by their paths: `source.uri`, `input[].name`. */
function fieldsOf(schema: Schema, prefix = ''): string[][] {
  if (isReference(schema)) return [];
  return Object.entries(schema.properties ?? {}).flatMap(([name, property]) => {
    const field = `${prefix}${name}`;
    const required = schema.required?.includes(name) ? ', required' : '';
    const description = isReference(property) ? '' : property.description;
    const items = isReference(property) ? undefined : property.items;
    return [
      [`\`${field}\`${required}`, typeOf(property), cell(description)],
      ...fieldsOf(property, `${field}.`),
      ...(items ? fieldsOf(items, `${field}[].`) : []),
    ];
  });
}

function typeOf(schema: Schema): string {
  if (isReference(schema)) {
    const name = schema.$ref.slice(schema.$ref.lastIndexOf('/') + 1);
    return `[${name}](#${name.toLowerCase()})`;
  }
  const { type, enum: values, oneOf, items, additionalProperties: values_, format } = schema;
  if (values) return values.map((value) => `\`${value}\``).join(', ');
  if (oneOf) return oneOf.map(typeOf).join(' or ');
  if (type === 'array') return `array of ${items ? typeOf(items) : 'anything'}`;
  if (typeof values_ === 'object') return `object of ${typeOf(values_)}`;
  const kind = [type].flat().join(' or ');
  return `${kind}${format ? ` (${format})` : ''}${limitsOf(schema)}`;
}

function limitsOf({ minimum, maximum, default: fallback }: SchemaObject): string {
  return [
    ...(minimum === undefined ? [] : [`at least ${minimum}`]),
    ...(maximum === undefined ? [] : [`at most ${maximum}`]),
    ...(fallback === undefined ? [] : [`default \`${fallback}\``]),
  ]
    .map((limit) => `, ${limit}`)
    .join('');
}

function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  if (rows.length === 0) return '';
  return [head, head.map(() => '---'), ...rows].map((row) => `| ${row.join(' | ')} |`).join('\n');
}

/** @throws where the contract has nothing of that name */
function resolve<T extends object>(contract: OpenAPIObject, value: T | ReferenceObject): T {
  if (!('$ref' in value)) return value;
  const found = value.$ref
    .slice(2)
    .split('/')
    .reduce<unknown>((part, key) => (part as Record<string, unknown> | undefined)?.[key], contract);
  if (found === undefined) throw new Error(`openapi.yaml has no ${value.$ref}.`);
  return found as T;
}

const isReference = (schema: Schema): schema is ReferenceObject => schema.$ref !== undefined;
const text = (description = '') => description.trim();
const cell = (description = '') => text(description).replaceAll(/\s+/g, ' ').replaceAll('|', '\\|');
const sentenceCase = (text: string) => text.charAt(0).toUpperCase() + text.slice(1);
const titleCase = (tag: string) => tag.split('-').map(sentenceCase).join(' ');
