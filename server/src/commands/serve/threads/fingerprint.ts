// What a thread serves, as a text that differs wherever that does: threads of two models would give one caller now this, now that.
import type { Logger } from 'pino';
import type { Registry } from '../../../serving/registry.ts';
import { stateOf } from '../../../serving/reload/files.ts';
import type { Config } from '../config.ts';
import type { Files } from '../files.ts';
import { placesOf } from '../places.ts';

/** The files of all models, by their places, sizes and changes. */
export async function modelFiles(config: Config, files: Files, log: Logger): Promise<string> {
  const quiet = log.child({}, { level: 'silent' }); // what is odd about them is told when they are loaded
  const { places } = await placesOf(config, files, quiet);
  const states = places.map(async (place) => ({ ...place, state: await stateOf(place.directory) }));
  return JSON.stringify(await Promise.all(states));
}

/** @param modelFiles that were there before the models were loaded */
export function fingerprintOf(modelFiles: string, { slots }: Registry): string {
  const served = slots.map(({ name, version, served }) => [name, version, served?.contract.hash]);
  return JSON.stringify([modelFiles, served]);
}
