// Which store a URI is of. A store's module, and what that brings along, is loaded where its scheme is used.
import { CommandError } from '../util/command-error.ts';
import { quote } from '../util/quote.ts';
import type { RemoteModel, Store } from './remote.ts';

interface Scheme {
  readonly pattern: RegExp;
  /** How its URIs look, for errors and help. */
  readonly form: string;
  readonly store: () => Promise<Store>;
}

/** The first whose pattern fits. */
const SCHEMES: readonly Scheme[] = [
  {
    pattern: /^s3:/i,
    form: 's3://BUCKET/PREFIX',
    store: async () => (await import('./stores/s3.ts')).s3,
  },
  {
    pattern: /^https?:/i,
    form: 'https://HOST/PATH.onnx',
    store: async () => (await import('./stores/web.ts')).web,
  },
  {
    pattern: /^(?:file:|(?![a-z][a-z0-9+.-]+:))/i,
    form: 'file:///PATH',
    store: async () => (await import('./stores/local.ts')).local,
  },
];

export const forms = (): readonly string[] => SCHEMES.map(({ form }) => form);

/** Whether a URI names what lies on this machine. */
export function isLocal(uri: string): boolean {
  return /^file:/i.test(uri) || !/^[a-z][a-z0-9+.-]+:/i.test(uri);
}

/**
 * Finds what a URI names.
 * @param env of the process, for credentials
 * @throws CommandError for what cannot be; any other error may pass
 */
export async function openModel(
  uri: string,
  env: NodeJS.ProcessEnv,
  signal: AbortSignal,
): Promise<RemoteModel> {
  const scheme = SCHEMES.find(({ pattern }) => pattern.test(uri));
  if (scheme === undefined)
    throw new CommandError(
      `Nothing is known of ${quote(uri.replace(/^([^:]*):.*$/s, '$1:'))}; expected a path or one of ${forms().join(', ')}.`,
    );
  return (await scheme.store()).open(uri, env, signal);
}
