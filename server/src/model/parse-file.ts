// The JSON of the files beside a model.
import { ModelLoadError } from '../runtime/session.ts';
import { whyNotJson } from '../util/json-grammar.ts';

/**
 * @param source what the file holds
 * @throws ModelLoadError that says where it stops being JSON
 */
export function parseFile(file: string, source: string): unknown {
  try {
    return JSON.parse(source);
  } catch {
    throw new ModelLoadError(`${file} is not JSON: ${whyNotJson(source, 'The file')}`);
  }
}
