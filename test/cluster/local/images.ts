// Images get into the node without a registry, as OCI archives, straight into its containerd; or from a registry on this machine.
import { execFile } from 'node:child_process';
import { createReadStream, mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { pipeline } from 'node:stream/promises';
import { ClusterError } from '../cluster-error.ts';
import { interruption, run } from '../command.ts';
import { binary } from './components.ts';
import { enterNode } from './node.ts';
import { paths } from './settings.ts';

/** Imports the images of an OCI archive. @throws {ClusterError} with containerd's reason. */
export async function importImage(archive: string): Promise<void> {
  const command = [...enterNode(), binary('ctr'), '--namespace=k8s.io', 'images', 'import', '-'];
  await new Promise<void>((resolve, reject) => {
    const importing = execFile(
      'nsenter',
      command,
      { signal: interruption.signal },
      (error, _, said) => {
        if (error === null) resolve();
        else if (interruption.signal.aborted) reject(error);
        else reject(new ClusterError(`${archive} could not be imported: ${lastLine(said)}`));
      },
    );
    // Through standard input, because the node may see another file at this path. How it ended tells the rest.
    if (importing.stdin) pipeline(createReadStream(archive), importing.stdin).catch(() => {});
  });
}

/**
 * Has the node pull images from a registry of this machine, which it cannot reach by the name that they have.
 * @param registry that name, host and port
 * @param url where the node reaches it
 */
export function pullFrom(registry: string, url: string): void {
  const folder = path.join(paths.registries, registry);
  mkdirSync(folder, { recursive: true });
  const host = `[host."${url}"]\ncapabilities = ["pull", "resolve"]\n`;
  writeFileSync(path.join(folder, 'hosts.toml'), `server = "${url}"\n${host}`);
}

/** Resolves when containerd answers. @throws {ClusterError} while it does not. */
export async function askContainerd(): Promise<string> {
  return await run('nsenter', [...enterNode(), binary('ctr'), 'version']);
}

function lastLine(text: string): string {
  return text.trim().split('\n').at(-1) ?? '';
}
