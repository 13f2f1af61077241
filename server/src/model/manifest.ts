// model.json: what people know of a model that its ONNX file does not say. Every field is optional.
import { readFile } from 'node:fs/promises';
import { Ajv2020, type ValidateFunction } from 'ajv/dist/2020.js';
import { ModelLoadError } from '../runtime/session.ts';
import { parseFile } from './parse-file.ts';
import { textBeside } from './text-beside.ts';

export interface Manifest {
  readonly name?: string;
  readonly version?: string;
  readonly task?: Task;
  readonly description?: string;
  /** What is known of each feature of a row, in order. */
  readonly features?: readonly Feature[];
  /** The classes' names, in the order of the classes. */
  readonly labels?: readonly string[];
  /** The output that is the prediction. */
  readonly prediction?: string;
  /** The output that holds the probability of every class. */
  readonly probabilities?: string;
  readonly trainedAt?: string;
  readonly metrics?: Readonly<Record<string, number>>;
  readonly license?: string;
}
export type Task = 'classification' | 'regression' | 'tensor';
export interface Feature {
  readonly name: string;
  readonly min?: number;
  readonly max?: number;
  readonly example?: number;
  readonly unit?: string;
}

/**
 * Reads model.json.
 * @returns an empty manifest when there is no such file
 * @throws ModelLoadError when it is not JSON or does not fit model.schema.json
 */
export async function readManifest(file: string, schemaFile: URL): Promise<Manifest> {
  const manifest = parseFile(file, (await textBeside(file)) ?? '{}');
  const validate = await validatorOf(schemaFile);
  if (!validate(manifest)) {
    const problems = (validate.errors ?? []).map((error) => {
      if ('additionalProperty' in error.params)
        return `${error.instancePath || 'the document'} has ${JSON.stringify(error.params['additionalProperty'])}, and takes only ${Object.keys(Object(error.parentSchema?.['properties'])).join(', ')}`;
      if (error.keyword === 'enum')
        return `${error.instancePath} is ${JSON.stringify(error.data)}; expected one of ${error.params['allowedValues'].map(String).join(', ')}`;
      return `${error.instancePath || 'the document'} ${error.message}`;
    });
    throw new ModelLoadError(`${file} is not a valid model.json: ${problems.join('; ')}.`);
  }
  return manifest;
}

/** By the schema's file. It is compiled once: for each of many small models, that took a sixth of the time to load one. */
const validators = new Map<string, Promise<ValidateFunction<Manifest>>>();

function validatorOf(file: URL): Promise<ValidateFunction<Manifest>> {
  const known = validators.get(file.href);
  if (known !== undefined) return known;
  const validator = compileSchema(file);
  validators.set(file.href, validator);
  validator.catch(() => validators.delete(file.href)); // to be tried again
  return validator;
}

async function compileSchema(file: URL): Promise<ValidateFunction<Manifest>> {
  // The schema is ours, and tested: checking it against its meta-schema took 40 ms of every start.
  const ajv = new Ajv2020({ allErrors: true, validateSchema: false, verbose: true });
  return ajv.compile<Manifest>(JSON.parse(await readFile(file, 'utf8')));
}
