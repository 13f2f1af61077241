import { checkIsFile, type ModelSession, openSession } from '../runtime/session.ts';

/** Opens a model to look at it, or to run it a few times: on one thread. @throws ModelLoadError for one that cannot be served */
export async function openModel(file: string): Promise<ModelSession> {
  await checkIsFile(file);
  process.env['ORT_DISABLE_TELEMETRY'] = '1'; // before the library loads
  return openSession(file, {
    executionProviders: ['cpu'],
    intraOpThreads: 1,
    refuseOtherOutputs: true,
  });
}
