// The OCI registry of the CNCF, for one user.
import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { toolPath } from '../tools/tool.ts';
import { type ServerProcess, startServer } from './server-process.ts';

/** Who may read and write, and nobody else. */
export const USER = 'me';
export const PASSWORD = 'hunter2hunter2';
const HTPASSWD = 'me:$2b$04$JvEqnjDqtLIG8dH4bcKlTOrtp2h/4G50jrJn6TT5qH4MBnX8fK3ie\n';

/** @param folder for what it stores */
export function startRegistry(folder: string): Promise<ServerProcess> {
  const config = path.join(folder, 'registry.yaml');
  const passwords = path.join(folder, 'htpasswd');
  writeFileSync(passwords, HTPASSWD);
  return startServer(
    toolPath('registry'),
    (port) => {
      writeFileSync(
        config,
        `version: 0.1\nlog: {level: error}\nstorage: {filesystem: {rootdirectory: ${folder}/storage}}\nhttp: {addr: '127.0.0.1:${port}'}\nauth: {htpasswd: {realm: models, path: ${passwords}}}\n`,
      );
      return ['serve', config];
    },
    { OTEL_TRACES_EXPORTER: 'none' },
  );
}
