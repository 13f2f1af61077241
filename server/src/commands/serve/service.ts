// One predictor: listens at once, loads and tries the model, then serves until it is told to stop. Where several threads of a process
// serve, each has one; those that come later listen once they can serve.
import type { Logger } from 'pino';
import { Refusals } from '../../protocols/http/refusals.ts';
import { CommandError } from '../../util/command-error.ts';
import { assemble, type Parts } from './assemble.ts';
import type { Config } from './config.ts';
import type { Files } from './files.ts';
import { type Listeners, openListeners } from './listeners.ts';
import { fingerprintOf, modelFiles } from './threads/fingerprint.ts';
import { MainThread } from './threads/main-thread.ts';
import type { ServingThread } from './threads/thread.ts';

export interface Service extends Pick<Listeners, 'port' | 'metricsPort' | 'grpcPort'> {
  /** What it is made of. */
  readonly parts: Parts;
  /** Of what is served: see threads/fingerprint.ts. */
  readonly fingerprint: string;
  /** Becomes unready, finishes what was begun, and frees everything. Safe to call twice. */
  stop(): Promise<void>;
}

/**
 * Starts a predictor.
 * @param signal when it aborts during the start, nothing is started
 * @param thread that it serves on
 * @throws CommandError or ModelLoadError when it cannot serve, the signal's reason when it may not; after freeing what it had
 * taken
 */
export async function createService(
  config: Config,
  files: Files,
  log: Logger,
  signal?: AbortSignal,
  thread: ServingThread = new MainThread(),
): Promise<Service> {
  const opened = new AsyncDisposableStack();
  try {
    return await startService(config, files, log, thread, opened, signal);
  } catch (error) {
    await opened.disposeAsync().catch((another: unknown) => {
      log.error({ err: another }, 'could not release all resources after a failed start');
    });
    throw error; // the reason that counts
  }
}

/** @param opened gets what frees each thing that is taken: all of it is freed in the opposite order */
async function startService(
  config: Config,
  files: Files,
  log: Logger,
  thread: ServingThread,
  opened: AsyncDisposableStack,
  signal: AbortSignal | undefined,
): Promise<Service> {
  const { state } = thread;
  const refusals = new Refusals();
  const open = (parts?: Parts) =>
    openListeners(config, files, log, thread, refusals, opened, parts);
  let listeners = thread.isMain ? await open() : undefined;
  const listening = {
    refusals,
    get requestsInFlight() {
      return listeners?.requestsInFlight ?? 0;
    },
  };
  /** Cheap, but only others than this thread ask for it. */
  const filesNow = () => (thread.sharesPorts ? modelFiles(config, files, log) : '');
  const before = await filesNow();
  const parts = await assemble(config, files, log, listening, opened, thread, signal);
  signal?.throwIfAborted();
  const fingerprint = fingerprintOf(before, parts.models);
  if (thread.expected !== undefined)
    if (fingerprint !== thread.expected || before !== (await filesNow()))
      throw new CommandError(
        'The models are not what the first thread serves: they have changed since, or could be loaded only once. Restart the server to serve what is there now.',
      );
  if (listeners) listeners.serve(parts);
  else listeners = await open(parts);
  const { port, metricsPort, grpcPort, close } = listeners;
  if (thread.isMain) state.become('ready');
  log.info({ ...startReport(parts, port), ...(grpcPort && { grpcPort }) }, 'ready');

  let stopping: Promise<void> | undefined;
  const stop = async () => {
    state.become('draining');
    log.info({ requestsInFlight: listening.requestsInFlight }, 'draining');
    await new Promise((resolve) => setTimeout(resolve, config.DRAIN_DELAY_MS));
    const cut = await close(config.SHUTDOWN_TIMEOUT_MS);
    if (cut > 0)
      log.warn(
        { requests: cut },
        'requests were cut off: they took longer than SHUTDOWN_TIMEOUT_MS',
      );
    await opened.disposeAsync();
    log.info('stopped');
  };
  return {
    parts,
    fingerprint,
    port,
    metricsPort,
    grpcPort,
    stop() {
      stopping ??= stop();
      return stopping;
    },
  };
}

function startReport({ models, resources }: Parts, port: number): object {
  const { serving, contract, source } = models.main;
  const { model, engine, batching, batchingReason } = serving;
  return {
    port,
    model: model.name,
    version: model.version,
    task: model.task,
    contractHash: contract.hash,
    source,
    engine: engine.kind,
    workers: engine.workers,
    intraOpThreads: engine.intraOpThreads,
    batching,
    batchingReason,
    executionProviders: serving.providers.usable,
    ...resources,
  };
}
