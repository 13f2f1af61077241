// Microsoft's emulator of Azure Storage, from npm: too large for everybody who installs this project.
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import path from 'node:path';
import { type ServerProcess, startServer } from './server-process.ts';

const VERSION = '3.37.0';
const folder = path.resolve(import.meta.dirname, `../../.cache/azurite-${VERSION}`);

/** The account that it has, with the key that its documentation names. */
export const ACCOUNT = 'devstoreaccount1';
export const KEY =
  'Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/K1SZFPTOtr/KBHBeksoGMGw==';

export async function startAzurite(): Promise<ServerProcess> {
  const main = path.join(folder, 'node_modules/azurite/dist/src/blob/main.js');
  if (!existsSync(main)) {
    process.stderr.write(`Installing azurite ${VERSION} …\n`);
    const flags = ['--silent', '--no-save', '--no-audit', '--no-fund', '--ignore-scripts'];
    const { status } = spawnSync(
      'npm',
      ['install', ...flags, '--prefix', folder, `azurite@${VERSION}`],
      { stdio: 'inherit' },
    );
    if (status !== 0) throw new Error(`azurite could not be installed: npm ended with ${status}`);
  }
  return startServer(process.execPath, (port) => [
    main,
    '--inMemoryPersistence',
    '--silent',
    '--disableTelemetry',
    `--blobPort=${port}`,
  ]);
}
