// Reload by the settings of a predictor.
import type { Logger } from 'pino';
import { type LoadOptions, loadModel } from '../../serving/load/load-model.ts';
import type { Registry } from '../../serving/registry.ts';
import type { Held } from '../../serving/reload/files.ts';
import { type Reload, type ReloadEvent, startReload } from '../../serving/reload/reload.ts';
import type { Config } from './config.ts';

interface Parts {
  readonly directory: string;
  /** What it held before the served model was loaded; undefined where the model is never replaced. */
  readonly known: Held | undefined;
  /** How the served model was loaded. */
  readonly options: LoadOptions;
  readonly config: Pick<Config, 'MODEL_RELOAD_SECONDS' | 'MODEL_RELOAD_CONTRACT'>;
  readonly log: Logger;
}

/** @returns undefined where the model is never replaced */
export function reloading(models: Registry, parts: Parts): Reload | undefined {
  const { directory, known, options, config, log } = parts;
  if (known === undefined) return undefined;
  // What takes the place of a version is that version, whatever its model.json calls it.
  const { version } = models.main.model;
  return startReload({
    models,
    directory,
    known,
    everyMs: 1000 * config.MODEL_RELOAD_SECONDS,
    load(signal) {
      // What takes the place of a model that needs threads of its own is not tried on this one first.
      const { kind } = models.main.serving.engine;
      const ENGINE = kind === 'workers' ? kind : options.settings.ENGINE;
      const settings = { ...options.settings, ENGINE };
      const naming = { ...options.naming, version };
      return loadModel(directory, { ...options, settings, naming, signal });
    },
    anyContract: config.MODEL_RELOAD_CONTRACT === 'any',
    onReload: (event) => tell(log, event),
  });
}

function tell(log: Logger, event: ReloadEvent): void {
  if (event.kind === 'refused') {
    const { reason } = event;
    log.error({ reason }, 'the model in MODEL_DIR was refused; the one before it is served on');
    return;
  }
  const { contract, serving } = event.served;
  const { engine, batching, batchingReason } = serving;
  log.info(
    {
      contractHash: contract.hash,
      goldenRows: event.goldenRows,
      engine: engine.kind,
      batching,
      batchingReason,
    },
    'the model was replaced by the one that MODEL_DIR holds now',
  );
}
