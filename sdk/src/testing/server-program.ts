// Where the server's program is: that of @org/ml-api, which the project of the tests has installed.
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';
import { ConfigurationError } from '../errors.ts';

const SERVER = '@org/ml-api';

/** @throws ConfigurationError when the server is not installed */
export function serverProgram(): string {
  const manifest = manifestOf(SERVER);
  const { bin }: { bin?: Readonly<Record<string, string>> } = JSON.parse(
    readFileSync(manifest, 'utf8'),
  );
  return path.join(path.dirname(manifest), bin?.['ml-api'] ?? '');
}

function manifestOf(name: string): string {
  // Beside this package, or else where the tests run: a package manager may keep the two apart.
  for (const from of [import.meta.url, path.join(process.cwd(), 'package.json')])
    try {
      return createRequire(from).resolve(`${name}/package.json`);
    } catch {}
  throw new ConfigurationError(
    name,
    `startServer() runs the server of this package, which is not installed here. Run npm install --save-dev ${name}`,
  );
}
