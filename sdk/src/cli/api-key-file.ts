// The API key to send, from a file: arguments are seen by everybody on the machine.
import { readFile } from 'node:fs/promises';
import { CliError } from './cli-error.ts';

/**
 * The first line of the file of --api-key-file; undefined without one.
 * @throws CliError where the file cannot be read, or its first line is no key
 */
export async function apiKeyIn(file: string | undefined): Promise<string | undefined> {
  if (file === undefined) return undefined;
  const text = await readFile(file, 'utf8').catch((error: Error) => {
    throw new CliError(`--api-key-file: ${file} cannot be read: ${error.message}`);
  });
  const key = text.split('\n')[0]?.trim() ?? '';
  // Without the key: what is printed may be kept.
  if (!/^[\x20-\x7e\xa0-\xff]+$/.test(key))
    throw new CliError(
      `--api-key-file: expected an API key in the first line of ${file}, of characters that an HTTP header can carry.`,
    );
  return key;
}
