// Makes a model's own contract of the hand-written one: exact shapes, names, labels and examples, and only what
// this server really serves. What comes out is served, hashed, and compiled into the validator of requests.
import {
  type OpenAPIObject,
  OpenApiBuilder,
  type OperationObject,
  type PathItemObject,
  type SchemaObject,
} from 'openapi3-ts/oas31';
import type { Model } from '../model.ts';
import { exampleRow } from '../samples.ts';
import { inferenceSchemas } from './inference-schema.ts';
import { type FormsByPointer, inputsSchema } from './input-schema.ts';
import { predictionSchema } from './output-schema.ts';

/** What of the server's configuration its contract depends on. */
export interface ContractOptions {
  /** Where the model, and no other, is found for as long as it is served: a path of this server. */
  readonly path: string;
  readonly maxRows: number;
  /** Whether operations that can be protected by an API key are. */
  readonly needsApiKey: boolean;
  /** Operations that this server does not serve at its main port. */
  readonly without: readonly string[];
}

export interface SpecialisedContract {
  readonly document: OpenAPIObject;
  /** The schema of a prediction's request body, a part of the document. */
  readonly predictBody: SchemaObject;
  readonly forms: FormsByPointer;
  /** The schemas of an inference request by name, parts of the document too. */
  readonly inference: Readonly<Record<string, SchemaObject>>;
}

export function specialise(
  base: OpenAPIObject,
  model: Model,
  options: ContractOptions,
): SpecialisedContract {
  const builder = OpenApiBuilder.create(structuredClone(base));
  const document = builder.getSpec();
  const { schema: inputs, forms } = inputsSchema(model, options.maxRows);

  builder.addTitle(`${model.name} ${model.version}`);
  if (model.manifest.description !== undefined)
    builder.addDescription(`${model.manifest.description}\n\n${document.info.description ?? ''}`);
  document.servers = serversAt(options.path);
  builder.addSchema('Prediction', predictionSchema(model));
  const inference = inferenceSchemas(schemasOf(document), model, options.maxRows);
  for (const [name, schema] of Object.entries(inference)) builder.addSchema(name, schema);
  nameInPaths(document, 'ModelNameInPath', model.name);
  nameInPaths(document, 'ModelVersionInPath', model.version);

  for (const [path, item] of Object.entries(document.paths ?? {}))
    for (const method of ['get', 'post'] as const) {
      const operation: OperationObject | undefined = item[method];
      if (operation === undefined) continue;
      if (options.without.includes(operation.operationId ?? '')) delete item[method];
      else restrictSecurity(operation, options.needsApiKey);
      if (!hasOperation(item)) delete document.paths?.[path];
    }

  const predictBody = predictSchema(document, model, inputs);
  setExamples(document, model);
  return { document, predictBody, forms, inference };
}

/** What a document says of where it is served. */
export function serversAt(path: string) {
  return [{ url: path, description: 'This server.' }];
}

/** The schemas by name; the hand-written contract has no references among them. */
function schemasOf({ components }: OpenAPIObject): Record<string, SchemaObject> {
  const schemas: Record<string, SchemaObject> = {};
  for (const [name, schema] of Object.entries(components?.schemas ?? {}))
    if (!('$ref' in schema)) schemas[name] = schema;
  return schemas;
}

/** The only value that a parameter of paths may have here. */
function nameInPaths({ components }: OpenAPIObject, parameter: string, value: string): void {
  const definition = components?.parameters?.[parameter];
  if (definition === undefined || '$ref' in definition)
    throw new Error(`openapi.yaml: the parameter ${parameter} is missing`);
  definition.schema = { type: 'string', enum: [value] };
  definition.example = value;
}

/** Where the hand-written contract leaves open whether a key is needed, a server knows. */
function restrictSecurity(operation: OperationObject, needsApiKey: boolean): void {
  const { security = [] } = operation;
  const ways = security.filter((way) => Object.keys(way).length > 0);
  const isOpen = ways.length < security.length;
  operation.security = isOpen && !needsApiKey ? [] : ways;
}

function predictSchema(document: OpenAPIObject, model: Model, inputs: SchemaObject): SchemaObject {
  const body = jsonOf(document.paths?.['/predict']?.post?.requestBody);
  const schema: SchemaObject = body.schema;
  const { probabilities, labels, ...properties } = schema.properties ?? {};
  const fields = predictionSchema(model).properties ?? {};
  schema.properties = {
    ...properties,
    inputs,
    ...(probabilities && 'probabilities' in fields && { probabilities }),
    ...(labels && 'labels' in fields && { labels }),
  };
  return schema;
}

/** Examples of another model would be wrong here: this model's own, or none. */
function setExamples(document: OpenAPIObject, model: Model): void {
  const request = jsonOf(document.paths?.['/predict']?.post?.requestBody);
  const response = jsonOf(document.paths?.['/predict']?.post?.responses?.['200']);
  delete response.examples;
  delete request.examples;
  const row = exampleRow(model);
  if (row === undefined) return;
  const more = model.task === 'classification' ? { labels: true, probabilities: true } : {};
  request.examples = {
    row: { summary: 'One row', value: { inputs: row } },
    ...(model.rowMode === 'many' && {
      batch: { summary: 'A batch of two rows', value: { inputs: [row, row], ...more } },
    }),
  };
}

interface JsonContent {
  schema: SchemaObject;
  examples?: Record<string, { summary: string; value: unknown }>;
}

/** The JSON content of a request body or response of the hand-written contract. */
function jsonOf(holder: object | undefined): JsonContent {
  const contents = holder && 'content' in holder ? holder.content : undefined;
  const content =
    contents instanceof Object ? Reflect.get(contents, 'application/json') : undefined;
  if (!isJsonContent(content))
    throw new Error('openapi.yaml: /predict has no application/json content with a schema');
  return content;
}

function isJsonContent(content: unknown): content is JsonContent {
  return typeof content === 'object' && content !== null && 'schema' in content;
}

function hasOperation(item: PathItemObject): boolean {
  return item.get !== undefined || item.post !== undefined;
}
