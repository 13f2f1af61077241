// Google's application default credentials: a file that GOOGLE_APPLICATION_CREDENTIALS names, a login of gcloud, workload identity.
// https://cloud.google.com/docs/authentication/application-default-credentials
import { GoogleAuth } from 'google-auth-library';
import { CommandError } from '../../../util/command-error.ts';
import { abortable } from '../abortable.ts';

export interface Identity {
  /** The header of a request; empty where there are no credentials, as for a public bucket. */
  headers(signal: AbortSignal): Promise<Readonly<Record<string, string>>>;
  /** For errors. */
  name(signal: AbortSignal): Promise<string>;
}

const READ = 'https://www.googleapis.com/auth/devstorage.read_only';

export function defaultIdentity(): Identity {
  // Objects need no project: the library would run gcloud to find one, which writes into the home directory.
  const auth = new GoogleAuth({ scopes: [READ], projectId: 'unused' });
  let isAnonymous = false;
  return {
    async headers(signal) {
      if (isAnonymous) return {};
      try {
        const token = await abortable(auth.getAccessToken(), signal);
        return { authorization: `Bearer ${token}` };
      } catch (error) {
        if (signal.aborted) throw error;
        const said = error instanceof Error ? error.message : String(error);
        if (said.includes('Could not load the default credentials')) {
          isAnonymous = true;
          return {};
        }
        // The parser of a file that holds keys shows a part of it.
        const why =
          error instanceof SyntaxError || /JSON/.test(said)
            ? 'not the JSON that gcloud writes'
            : firstLine(said);
        throw new CommandError(
          `Google's credentials cannot be used: ${why}. Check GOOGLE_APPLICATION_CREDENTIALS, or the workload identity of the pod's service account.`,
        );
      }
    },
    async name(signal) {
      if (isAnonymous) return 'nobody';
      const found = await abortable(auth.getCredentials(), signal).catch(() => undefined);
      return found?.client_email ?? 'the default credentials';
    },
  };
}

function firstLine(text: string): string {
  return text.split('\n', 1).join('').slice(0, 300).replace(/\.$/, '');
}
