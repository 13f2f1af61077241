// Reload by the settings of a predictor.
import type { Logger } from 'pino';
import { type LoadOptions, loadModel } from '../../serving/load/load-model.ts';
import type { Held } from '../../serving/reload/files.ts';
import { type Reload, type ReloadEvent, startReload } from '../../serving/reload/reload.ts';
import type { Slot } from '../../serving/slot.ts';
import type { Config } from './config.ts';

interface Parts {
  readonly slot: Slot;
  readonly directory: string;
  /** What the directory held before the model was loaded; undefined where nobody looks. */
  readonly known: Held | undefined;
  /** How the model was loaded. */
  readonly options: LoadOptions;
}

export function reloading(
  { slot, directory, known, options }: Parts,
  config: Pick<Config, 'MODEL_RELOAD_SECONDS' | 'MODEL_RELOAD_CONTRACT'>,
  log: Logger,
): Reload {
  return startReload({
    slot,
    directory,
    known,
    everyMs: 1000 * config.MODEL_RELOAD_SECONDS,
    load(signal) {
      // What takes the place of a model that needs threads of its own is not tried on this one first.
      const kind = slot.served?.serving.engine.kind;
      const ENGINE = kind === 'workers' ? kind : options.settings.ENGINE;
      const settings = { ...options.settings, ENGINE };
      // What takes the place of a version is that version, whatever its model.json calls it.
      const naming = { ...options.naming, version: slot.version || options.naming.version };
      return loadModel(directory, { ...options, settings, naming, signal });
    },
    anyContract: config.MODEL_RELOAD_CONTRACT === 'any',
    onReload: (event) => tell(log.child({ model: slot.name, version: slot.version }), event),
  });
}

function tell(log: Logger, event: ReloadEvent): void {
  if (event.kind === 'refused') {
    const { reason } = event;
    log.error(
      { reason },
      "what the model's directory holds now was refused; the server goes on with what it had",
    );
    return;
  }
  const { contract, serving, source } = event.served;
  const { engine, batching, batchingReason } = serving;
  log.info(
    {
      contractHash: contract.hash,
      source,
      goldenRows: event.goldenRows,
      engine: engine.kind,
      batching,
      batchingReason,
    },
    event.isFirst
      ? 'the model that its directory holds is served now'
      : 'the model was replaced by the one that its directory holds now',
  );
}
