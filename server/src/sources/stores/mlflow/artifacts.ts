// The files of a model in MLflow's artifact proxy. https://mlflow.org/docs/latest/self-hosting/architecture/artifact-store/
import { CommandError } from '../../../util/command-error.ts';
import { isRecord } from '../../../util/is-record.ts';
import type { RemoteFile } from '../../remote.ts';
import { checkCount, checkPath, inUrl } from '../listed-path.ts';
import type { MlflowServer } from './server.ts';

const API = '/api/2.0/mlflow-artifacts/artifacts';

export interface Proxied {
  /** Of a server of its own for artifacts: its address, without a scheme where it is that of the tracking server. */
  readonly server: string | undefined;
  readonly folder: string;
}

/** Where a proxy serves what an artifact URI names; undefined for one that lies elsewhere. */
export function proxied(uri: string): Proxied | undefined {
  const [, server, folder] =
    /^mlflow-artifacts:(?:\/\/([^/]*))?\/*(.*?)\/*$/.exec(uri) ??
    /^(https?:\/\/[^?#]*?)\/api\/2\.0\/mlflow-artifacts\/artifacts\/+(.*?)\/*$/.exec(uri) ??
    [];
  return folder === undefined ? undefined : { server: server || undefined, folder };
}

export async function listArtifacts(
  server: MlflowServer,
  folder: string,
  signal: AbortSignal,
): Promise<RemoteFile[]> {
  const files: RemoteFile[] = [];
  const folders = [''];
  // It lists one folder at a time.
  for (const below of folders) {
    const answer = await server.ask(API, { path: join(folder, below) }, signal);
    const entries = answer.found && isRecord(answer.value) ? (answer.value['files'] ?? []) : [];
    if (!Array.isArray(entries))
      throw new CommandError(`${server.name} lists artifacts in another form than MLflow does.`);
    for (const entry of entries.filter(isRecord)) {
      const path = checkPath(join(below, String(entry['path'])), server.name);
      if (entry['is_dir'] === true) folders.push(path);
      else files.push(artifact(server, folder, path, entry['file_size']));
      checkCount(Math.max(files.length, folders.length - 1), server.name);
    }
  }
  return files;
}

function artifact(server: MlflowServer, folder: string, path: string, size: unknown): RemoteFile {
  return {
    path,
    ...(typeof size === 'number' && size >= 0 && { size }),
    async read(from, signal) {
      const bytes = await server.bytes(`${API}/${inUrl(join(folder, path))}`, from, signal);
      if (bytes === 'not found')
        throw new CommandError(`${server.name} no longer has the file ${path} of this model.`);
      return bytes;
    },
  };
}

function join(...parts: readonly string[]): string {
  return parts.filter((part) => part !== '').join('/');
}
