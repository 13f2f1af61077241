// Microsoft's emulator of Azure Storage.
import path from 'node:path';
import { npmProgram } from './npm-program.ts';
import { type ServerProcess, startServer } from './server-process.ts';

/** The account that it has, with the key that its documentation names. */
export const ACCOUNT = 'devstoreaccount1';
export const KEY =
  'Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/K1SZFPTOtr/KBHBeksoGMGw==';

/** How one connects to that account. @param url where Azurite is @param credential such as an AccountKey */
export const connectionString = (url: string, credential = `AccountKey=${KEY}`) =>
  `DefaultEndpointsProtocol=http;AccountName=${ACCOUNT};BlobEndpoint=${url}/${ACCOUNT};${credential}`;

/** The program of its blob service. */
export const azuriteMain = () =>
  path.join(npmProgram('azurite', '3.37.0'), 'dist/src/blob/main.js');

/** What that is started with. */
export const azuriteArguments = (port: number) => [
  '--inMemoryPersistence',
  '--silent',
  '--disableTelemetry',
  `--blobPort=${port}`,
];

export async function startAzurite(): Promise<ServerProcess> {
  const main = azuriteMain();
  return startServer(process.execPath, (port) => [main, ...azuriteArguments(port)]);
}
