import { readFile } from 'node:fs/promises';
import type { OpenAPIObject } from 'openapi3-ts/oas31';
import { parse } from 'yaml';

/** Reads the hand-written contract that every model's own contract is derived from. */
export async function readContract(file: string | URL): Promise<OpenAPIObject> {
  return parse(await readFile(file, 'utf8'));
}
