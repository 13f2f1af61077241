// What a model's directory lacks beside the model: its description, and golden predictions.
import { existsSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import path from 'node:path';
import type { OpenAPIObject } from 'openapi3-ts/oas31';
import { createContract } from '../../model/contract/contract.ts';
import { describeBy, readDescriptions } from '../../model/descriptions.ts';
import { fitsGolden } from '../../model/fits-golden.ts';
import { readGolden } from '../../model/golden.ts';
import { inputsOfRow } from '../../model/inputs.ts';
import { ModelLoadError } from '../../runtime/session.ts';
import { openModel } from '../open-model.ts';
import type { Files } from '../serve/files.ts';
import { suggestManifest } from '../suggested-manifest.ts';
import { makeGolden } from './golden.ts';
import type { Names } from './names.ts';

interface Described {
  /** Of a request with one golden row; undefined without golden.json. */
  readonly inputs: unknown;
  /** The files that were not there before. */
  readonly written: readonly string[];
  /** Why there is no golden.json. */
  readonly missing: string | undefined;
}

/**
 * Adds to a model's directory what it lacks.
 * @throws ModelLoadError for a model that cannot be served, or does not predict what its golden.json says
 */
export async function describe(
  directory: string,
  names: Names,
  { manifestSchema }: Pick<Files, 'manifestSchema'>,
  base: OpenAPIObject,
): Promise<Described> {
  const file = (name: string) => path.join(directory, name);
  const written: string[] = [];
  const write = async (name: string, text: string) => {
    await writeFile(file(name), text);
    written.push(name);
  };
  try {
    const descriptions = await readDescriptions(directory, manifestSchema);
    const session = await openModel(file('model.onnx'));
    try {
      const naming = { name: undefined, version: undefined };
      let model = describeBy(descriptions, session.signature, naming);
      if (!existsSync(file('model.json'))) {
        const manifest = { ...suggestManifest(model), name: names.model };
        await write('model.json', `${JSON.stringify(manifest, null, 2)}\n`);
        const described = await readDescriptions(directory, manifestSchema);
        model = describeBy(described, session.signature, naming);
      }
      const given = await readGolden(file('golden.json'));
      if (given !== undefined) {
        const contract = createContract(base, model, contractOptions);
        await fitsGolden(given, model, contract, (feeds) => session.run(feeds));
        return { inputs: inputsOfRow(model, given.inputs, 0), written, missing: undefined };
      }
      const made = await makeGolden(model, session);
      if ('reason' in made) return { inputs: undefined, written, missing: made.reason };
      await write('golden.json', made.json);
      return { inputs: inputsOfRow(model, made.inputs, 0), written, missing: undefined };
    } finally {
      await session.release();
    }
  } catch (error) {
    if (!(error instanceof ModelLoadError)) throw error;
    throw new ModelLoadError(
      `${error.message.replaceAll(`${directory}/`, '').replace(/\.?$/, '.')} Nothing was changed.`,
      { cause: error },
    );
  }
}

/** Of the most rows that a server can be told to take: how many it does is not the model's matter. */
const contractOptions = { path: '/', maxRows: 1_000_000, needsApiKey: false, without: [] };
