// The folders of examples/, and what several of them have.
import { readFileSync, rmSync } from 'node:fs';
import path from 'node:path';
import { expect, onTestFinished } from 'vitest';
import { CLIENT_FILES, writeTypedClient } from '../../sdk/src/cli/typed-client.ts';
import { start } from '../../server/test/start.ts';
import { type Outcome, runProgram } from '../run-program.ts';
import { folder, root } from '../sdk/user-project.ts';

/** The folder of an example. */
export const example = (name: string): string =>
  path.resolve(import.meta.dirname, '../../examples', name);

/** Runs a script of an example's package.json. */
export function npmRun(name: string, ...script: readonly string[]): Promise<Outcome> {
  return runProgram('npm', ['run', '--silent', ...script], { cwd: example(name) });
}

/**
 * The client that an example has in src/ml is what its script `generate` would write.
 * @param model the folder of its model; without it, the server's own
 */
export async function expectClientInStep(name: string, model?: string): Promise<void> {
  const { url } = await start({
    LOG_LEVEL: 'silent',
    ...(model !== undefined && { MODEL_DIR: path.join(example(name), model) }),
  });
  const out = folder(path.join(root, '.cache')); // where hey-api is found
  onTestFinished(() => rmSync(out, { recursive: true }));
  await writeTypedClient(url, out, undefined);
  for (const file of CLIENT_FILES)
    expect(readFileSync(path.join(example(name), 'src/ml', file), 'utf8')).toBe(
      readFileSync(path.join(out, file), 'utf8').replaceAll(url, 'http://127.0.0.1:5050'),
    );
}
