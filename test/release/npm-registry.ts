// A registry of npm packages of our own, verdaccio, which has what is published to it and nothing else.
import { mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { stringify } from 'yaml';
import { npmProgram } from '../sources/npm-program.ts';
import { type ServerProcess, startServer } from '../sources/server-process.ts';

export interface NpmRegistry extends ServerProcess {
  /** A file for NPM_CONFIG_USERCONFIG with a login that may publish. */
  readonly login: string;
}

/** @param folder for what it stores */
export async function startNpmRegistry(folder: string): Promise<NpmRegistry> {
  mkdirSync(folder, { recursive: true });
  const config = path.join(folder, 'config.yaml');
  writeFileSync(
    config,
    stringify({
      storage: path.join(folder, 'storage'),
      auth: { htpasswd: { file: path.join(folder, 'htpasswd'), max_users: 1 } },
      packages: { '@*/*': { access: '$all', publish: '$authenticated' } },
      max_body_size: '300mb', // the server's package has ONNX Runtime for each platform
      log: { type: 'stdout', format: 'pretty', level: 'warn' },
    }),
  );
  // node-fetch's tag cjs, which a dependency asks for, is not in every mirror of npm's registry.
  const verdaccio = npmProgram('verdaccio', '6.10.4', { 'node-fetch': '2.7.0' });
  const server = await startServer(process.execPath, (port) => [
    path.join(verdaccio, 'bin/verdaccio'),
    ...['--config', config, '--listen', `127.0.0.1:${port}`],
  ]);
  const login = path.join(folder, 'npmrc');
  writeFileSync(login, `//127.0.0.1:${server.port}/:_authToken=${await tokenOf(server.url)}\n`);
  return { ...server, login };
}

/** As `npm login` and `npm adduser` get one. */
async function tokenOf(url: string): Promise<string> {
  const user = { name: 'publisher', password: 'hunter2hunter2' };
  const response = await fetch(`${url}/-/user/org.couchdb.user:${user.name}`, {
    method: 'PUT',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(user),
  });
  const { token } = JSON.parse(await response.text());
  if (typeof token !== 'string') throw new Error(`verdaccio gave no token: ${response.status}`);
  return token;
}
