// Where the models are by the settings.
import { fileURLToPath } from 'node:url';
import type { Logger } from 'pino';
import { type ModelPlace, readModelsDir } from '../../serving/load/models-dir.ts';
import { UsageError } from '../../util/command-error.ts';
import { quote } from '../../util/quote.ts';
import type { Config } from './config.ts';
import type { Files } from './files.ts';

export interface Places {
  readonly places: readonly ModelPlace[];
  /** The folder of the model that calls get which name none; undefined where there is one directory only. */
  readonly main: string | undefined;
}

/** @throws UsageError when there is no model, or it is not clear which one is meant */
export async function placesOf(config: Config, files: Files, log: Logger): Promise<Places> {
  const { MODEL_DIR, MODELS_DIR, DEFAULT_MODEL } = config;
  if (MODELS_DIR === undefined) {
    for (const other of ['DEFAULT_MODEL', 'OPERATOR_KEYS_FILE'] as const)
      if (config[other] !== undefined)
        throw new UsageError(
          `${other} is set, and MODELS_DIR is not: there is one model only. Expected both, or neither.`,
        );
    const directory = MODEL_DIR ?? fileURLToPath(files.defaultModel);
    return { places: [{ name: undefined, version: undefined, directory }], main: undefined };
  }
  for (const other of ['MODEL_DIR', 'MODEL_NAME'] as const)
    if (config[other] !== undefined)
      throw new UsageError(
        `${other} and MODELS_DIR are both set; expected one of them: in MODELS_DIR, each model has a folder, which names it.`,
      );
  const { places, others, ambiguous } = await readModelsDir(MODELS_DIR);
  if (others.length > 0)
    log.warn({ folders: others }, 'folders of MODELS_DIR have no model.onnx and are not served');
  if (ambiguous.length > 0)
    log.warn(
      { folders: ambiguous },
      'folders of MODELS_DIR have a model.onnx and numbered versions; the model.onnx is served, and the versions only after it is removed',
    );
  return { places, main: mainOf(places, DEFAULT_MODEL) };
}

function mainOf(places: readonly ModelPlace[], wanted: string | undefined): string {
  const names = [...new Set(places.map(({ name = '' }) => name))];
  const [first = '', ...more] = names;
  if (wanted === undefined && more.length === 0) return first;
  const known = `MODELS_DIR has the models ${names.map(quote).join(', ')}`;
  if (wanted === undefined)
    throw new UsageError(
      `DEFAULT_MODEL is not set, and ${known}; expected the name of the one that /predict is to serve.`,
    );
  if (!names.includes(wanted))
    throw new UsageError(
      `DEFAULT_MODEL: expected the name of a model, got ${quote(wanted)}; ${known}.`,
    );
  return wanted;
}
