// Which models are served by the settings, and their loading.
import type { Logger } from 'pino';
import type { ContractOptions } from '../../model/contract/specialise.ts';
import { NotServedError } from '../../serving/errors.ts';
import { type LoadOptions, loadModel } from '../../serving/load/load-model.ts';
import { misfitOf } from '../../serving/load/misfit.ts';
import { type ModelPlace, readModelsDir } from '../../serving/load/models-dir.ts';
import { Registry } from '../../serving/registry.ts';
import { heldBy } from '../../serving/reload/files.ts';
import { closeAll, type Hosted, Repository } from '../../serving/repository.ts';
import type { ServedModel } from '../../serving/served-model.ts';
import { Slot, UNLOADABLE } from '../../serving/slot.ts';
import type { Config } from './config.ts';
import type { Files } from './files.ts';
import { type Places, placesOf } from './places.ts';
import { reloading } from './reloading.ts';

/** What the models have in common. */
interface Common extends Omit<LoadOptions, 'naming' | 'sharedBy' | 'contractOptions'> {
  readonly contractOptions: Omit<ContractOptions, 'path'>;
}

/**
 * @param opened gets what frees all of them
 * @param compares whether the log is to tell of golden predictions that differ
 * @throws CommandError or ModelLoadError when the main model cannot be served, or it is not clear which that is
 */
export async function loadModels(
  config: Config,
  files: Files,
  common: Common,
  log: Logger,
  opened: AsyncDisposableStack,
  compares: boolean,
): Promise<{ models: Registry; repository: Repository }> {
  const found = await placesOf(config, files, log);
  const optionsOf = (place: ModelPlace, { places }: Pick<Places, 'places'>): LoadOptions => ({
    ...common,
    naming: {
      name: place.name ?? config.MODEL_NAME,
      version: place.version ?? config.MODEL_VERSION,
    },
    contractOptions: { ...common.contractOptions, path: pathOf(place, config) },
    sharedBy: places.length,
  });
  const hosted: Hosted[] = [];
  try {
    for (const place of found.places) {
      const others = place.name !== found.main;
      const one = await host(place, optionsOf(place, found), config, log, others);
      hosted.push(one);
      if (compares) await compareGolden(one, log);
    }
  } catch (error) {
    await closeAll(hosted);
    throw error;
  }
  const slots = hosted.map(({ slot }) => slot);
  const models = new Registry(slots, found.main ?? slots[0]?.name ?? '');
  const repository = new Repository({
    models,
    hosted,
    everyMs: config.MODELS_DIR === undefined ? 0 : 1000 * config.MODEL_RELOAD_SECONDS,
    places: () => placesNow(config),
    open: (place, places) => hostNew(place, optionsOf(place, { places }), config, log),
  });
  opened.defer(() => repository.close());
  return { models, repository };
}

/** @param others whether the others are to be served where this one cannot be */
async function host(
  { directory }: ModelPlace,
  options: LoadOptions,
  config: Config,
  log: Logger,
  others: boolean,
): Promise<Hosted> {
  const known = config.MODEL_RELOAD_SECONDS === 0 ? undefined : await heldBy(directory);
  const slot = await load(directory, options, others ? log : undefined);
  return { slot, directory, reload: reloading({ slot, directory, known, options }, config, log) };
}

/** A start, unlike a reload, serves what differs: there is nothing else to serve. */
async function compareGolden({ slot, directory }: Hosted, log: Logger): Promise<void> {
  const reason = slot.served && (await misfitOf(directory, slot.served));
  if (reason !== undefined)
    log.warn(
      { model: slot.name, version: slot.version, reason },
      'the model does not predict what its golden.json says; it is served all the same',
    );
}

/** What has come while the process serves: as what replaces a model, it is served once it has passed all checks. */
async function hostNew(
  { name = '', version = '', directory }: ModelPlace,
  options: LoadOptions,
  config: Config,
  log: Logger,
): Promise<Hosted> {
  const slot = new Slot(name, version, undefined, UNLOADABLE);
  const reload = reloading({ slot, directory, known: undefined, options }, config, log);
  await reload.check();
  return { slot, directory, reload };
}

/** @param log where a model is told of that cannot be loaded; without it, that is an error */
async function load(
  directory: string,
  options: LoadOptions,
  log: Logger | undefined,
): Promise<Slot> {
  const { name = '', version = '' } = options.naming;
  let served: ServedModel;
  try {
    served = await loadModel(directory, options);
  } catch (error) {
    if (log === undefined || options.signal?.aborted) throw error;
    const reason = error instanceof Error ? error.message : String(error);
    log.error({ model: name, version, reason }, 'a model cannot be loaded; the others are served');
    return new Slot(name, version, undefined, UNLOADABLE);
  }
  return new Slot(served.model.name, served.model.version, served);
}

/** @throws NotServedError where MODELS_DIR is no longer what it should be */
async function placesNow({ MODELS_DIR }: Config): Promise<readonly ModelPlace[]> {
  if (MODELS_DIR === undefined) return [];
  try {
    return (await readModelsDir(MODELS_DIR)).places;
  } catch (cause) {
    throw new NotServedError('MODELS_DIR cannot be read; the log says why.', { cause });
  }
}

/** Where a model is, and stays, whatever models and versions come. */
function pathOf({ name, version }: ModelPlace, { BASE_PATH }: Config): string {
  if (name === undefined) return BASE_PATH ?? '/';
  const ofVersion = version === undefined ? '' : `/versions/${version}`;
  return `${BASE_PATH ?? ''}/models/${encodeURIComponent(name)}${ofVersion}`;
}
