// Runs on the main thread.
import type { Engine } from './engine.ts';
import { openSession, type SessionOptions } from './session.ts';

export async function createInlineEngine(
  modelFile: string,
  options: SessionOptions,
): Promise<Engine> {
  const session = await openSession(modelFile, options);
  return {
    kind: 'inline',
    signature: session.signature,
    workers: 0,
    intraOpThreads: options.intraOpThreads,
    concurrency: 1,
    failure: () => undefined,
    run: (feeds) => session.run(feeds),
    close: () => session.release(),
  };
}
