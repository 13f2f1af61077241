// API keys: read from a file, as a Kubernetes Secret is mounted, and read again when it changes.
import { createHash, timingSafeEqual } from 'node:crypto';
import type { Logger } from 'pino';
import type { Metadata } from '../serving/call.ts';
import { CommandError } from '../util/command-error.ts';
import { watchFile } from '../util/watched-file.ts';

export interface ApiKeys {
  has(key: string): boolean;
  close(): void;
}

/**
 * @param variable that names the file
 * @throws CommandError when the file cannot be read or holds no key
 */
export function readApiKeys(variable: string, file: string, log: Logger): ApiKeys {
  const hashes = watchFile({
    variable,
    file,
    make: (content) => hashesIn(variable, file, content),
    onRefuse: (error) =>
      log.error({ err: error }, 'the API keys cannot be read again; those read before stay valid'),
  });
  return {
    has(key) {
      const hash = sha256(key);
      // Every key is compared, and in constant time, so that the time taken tells nothing.
      let found = false;
      for (const known of hashes.current) found = timingSafeEqual(known, hash) || found;
      return found;
    },
    close: () => hashes.close(),
  };
}

/**
 * Why a caller may not pass: it has no key, or not one of those.
 * @param metadata what came with the call
 * @returns undefined when it may
 */
export function whyNotLetIn(keys: ApiKeys, metadata: Metadata): string | undefined {
  const key = keyIn(metadata);
  if (key === undefined)
    return 'No API key was sent. Send one as "X-API-Key: KEY" or "Authorization: Bearer KEY".';
  return keys.has(key) ? undefined : 'The API key is not one of those that this server knows.';
}

function keyIn({ 'x-api-key': own, authorization }: Metadata): string | undefined {
  if (typeof own === 'string') return own;
  return /^Bearer +(\S+)$/i.exec(typeof authorization === 'string' ? authorization : '')?.[1];
}

function hashesIn(variable: string, file: string, content: string): Buffer[] {
  const keys = content.split('\n').map((line) => line.trim());
  const hashes = keys.filter((key) => key !== '').map(sha256);
  if (hashes.length === 0)
    throw new CommandError(
      `${variable}: ${file} holds no key; expected one per line. Unset it to serve without keys.`,
    );
  return hashes;
}

function sha256(text: string): Buffer {
  return createHash('sha256').update(text).digest();
}
