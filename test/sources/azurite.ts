// Microsoft's emulator of Azure Storage.
import path from 'node:path';
import { npmProgram } from './npm-program.ts';
import { type ServerProcess, startServer } from './server-process.ts';

/** The account that it has, with the key that its documentation names. */
export const ACCOUNT = 'devstoreaccount1';
export const KEY =
  'Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/K1SZFPTOtr/KBHBeksoGMGw==';

export async function startAzurite(): Promise<ServerProcess> {
  const main = path.join(npmProgram('azurite', '3.37.0'), 'dist/src/blob/main.js');
  return startServer(process.execPath, (port) => [
    main,
    '--inMemoryPersistence',
    '--silent',
    '--disableTelemetry',
    `--blobPort=${port}`,
  ]);
}
