// Which store a URI is of. A store's module, and what that brings along, is loaded where its scheme is used.
import { UsageError } from '../util/command-error.ts';
import { quote } from '../util/quote.ts';
import type { Form, RemoteModel, Store } from './remote.ts';
import { isBlobAddress } from './stores/az/location.ts';

interface Scheme {
  readonly fits: (uri: string) => boolean;
  /** How its URIs look, for errors and help. */
  readonly form: string;
  readonly store: () => Promise<Store>;
  /** Environment variables that decide which server is asked, beside the URI; none where it names the server. */
  readonly servers?: readonly string[];
}

/** Profiles have endpoints, too, and the regions of China and of governments have buckets of their own. */
const AWS = [
  'AWS_ENDPOINT_URL_S3',
  'AWS_ENDPOINT_URL',
  'AWS_REGION',
  'AWS_DEFAULT_REGION',
  'AWS_PROFILE',
  'AWS_CONFIG_FILE',
];
const GOOGLE = ['STORAGE_EMULATOR_HOST', 'CLOUDSDK_API_ENDPOINT_OVERRIDES_STORAGE'];
const AZURE = ['AZURE_STORAGE_CONNECTION_STRING'];
const MLFLOW = ['MLFLOW_TRACKING_URI', 'MLFLOW_REGISTRY_URI'];

/** The first that fits. */
const SCHEMES: readonly Scheme[] = [
  {
    fits: (uri) => /^s3:/.test(uri),
    form: 's3://BUCKET/FOLDER',
    store: async () => (await import('./stores/s3.ts')).s3Store,
    servers: AWS,
  },
  {
    fits: (uri) => /^gs:/.test(uri),
    form: 'gs://BUCKET/FOLDER',
    store: async () => (await import('./stores/gs.ts')).gsStore,
    servers: GOOGLE,
  },
  {
    fits: (uri) => uri.startsWith('az:') || isBlobAddress(uri),
    form: 'az://ACCOUNT/CONTAINER/FOLDER',
    store: async () => (await import('./stores/az.ts')).azStore,
    servers: AZURE,
  },
  {
    fits: (uri) => /^hf:/.test(uri),
    form: 'hf://OWNER/REPO@REVISION',
    store: async () => (await import('./stores/hf.ts')).hfStore,
    servers: ['HF_ENDPOINT'],
  },
  {
    fits: (uri) => /^(?:mlflow|models):/.test(uri),
    form: 'mlflow://MODEL@ALIAS',
    store: async () => (await import('./stores/mlflow.ts')).createMlflowStore(openModel),
    // With those of the stores in which it keeps files.
    servers: [...MLFLOW, ...AWS, ...GOOGLE, ...AZURE],
  },
  {
    fits: (uri) => /^oci:/.test(uri),
    form: 'oci://REGISTRY/REPOSITORY:TAG',
    store: async () => (await import('./stores/oci.ts')).ociStore,
  },
  {
    fits: (uri) => /^https?:/.test(uri),
    form: 'https://HOST/FILE.onnx',
    store: async () => (await import('./stores/web.ts')).webStore,
  },
  {
    fits: isLocal,
    form: 'file:///PATH',
    store: async () => (await import('./stores/local.ts')).localStore,
  },
];

export const forms = (): readonly string[] => SCHEMES.map(({ form }) => form);

/** Longer than any store takes. */
const LONGEST = 4096;

/**
 * A URI with its scheme in lower case, as any case means the same.
 * @throws UsageError where it cannot be one
 */
export function normalised(uri: string): string {
  if (uri.trim() === '')
    throw new UsageError(
      `The URI of the model is empty; expected a path or one of ${forms().join(', ')}.`,
    );
  if (uri.length > LONGEST)
    throw new UsageError(
      `The URI of the model has ${uri.length} characters; expected at most ${LONGEST}.`,
    );
  // A model of MLflow has an alias behind an @.
  if (
    /^(?!https?:)[A-Za-z0-9+.-]+:\/\/[^/]*:[^/]*@|^(?!https?:|mlflow:|models:)[A-Za-z0-9+.-]+:\/\/[^/]*@/i.test(
      uri,
    )
  )
    throw new UsageError(
      'The URI of the model holds a user name, a token or a password; expected none. Credentials come as for the tools of its store: see docs/model-stores.md.',
    );
  return uri.replace(/^[A-Za-z][A-Za-z0-9+.-]+(?=:)/, (scheme) => scheme.toLowerCase());
}

/** Whether a URI names what lies on this machine. */
export function isLocal(uri: string): boolean {
  return /^file:/.test(uri) || !/^[A-Za-z][A-Za-z0-9+.-]+:/.test(uri);
}

/** The environment variables that decide, beside a URI, which server is asked for it. */
export function serversOf(uri: string): readonly string[] {
  return SCHEMES.find(({ fits }) => fits(uri))?.servers ?? [];
}

/**
 * Finds what a URI names.
 * @param env of the process, for credentials
 * @throws UsageError for what cannot be; any other error may pass
 */
export async function openModel(
  uri: string,
  env: NodeJS.ProcessEnv,
  signal: AbortSignal,
  form?: Form,
): Promise<RemoteModel> {
  const scheme = SCHEMES.find(({ fits }) => fits(uri));
  if (scheme === undefined)
    throw new UsageError(
      `There is no store for ${quote(uri.replace(/^([^:]*):.*$/s, '$1:'))}; expected a path or one of ${forms().join(', ')}.`,
    );
  return (await scheme.store()).open(uri, env, signal, form);
}
