// MLServer's image, which has MLflow, too, and that of a model for it, made of Debian's and Python's packages: no registry is needed.
import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { cached } from '../../cluster/build/cache.ts';
import { writeArchive } from '../../cluster/build/oci-archive.ts';
import { succeeds } from '../../cluster/command.ts';
import { installPackages } from '../../cluster/packages.ts';
import { modelFolder } from '../golden.ts';

export const mlserver = { repository: 'localhost/mlserver', tag: '1.7.1' };
export const mlserverModel = 'localhost/mlserver-iris:v2';

const here = import.meta.dirname;
/** Debian's, whose Python this is. Python looks for packages in this folder by itself. */
const suite = 'bookworm';
const python = '3.11';
const packages = `usr/local/lib/python${python}/dist-packages`;

/** The program that pip would have made, with the image's own Python. */
const program = `#!/usr/bin/python3
from mlserver.cli import main

if __name__ == "__main__":  # its worker processes import this file
    main()
`;

/** The archive of MLServer's image: built once, in three minutes. */
export async function mlserverArchive(say: (line: string) => void): Promise<string> {
  const requirements = path.join(here, 'requirements.txt');
  const inputs = [readFileSync(requirements), readFileSync(import.meta.filename)];
  const folder = await cached('mlserver', inputs, async (unfinished) => {
    await installPackages(succeeds('mmdebstrap', ['--version']) ? [] : ['mmdebstrap'], say);
    say('making the image of MLServer, once');
    const folder = mkdtempSync(path.join(os.tmpdir(), 'mlserver-'));
    const root = path.join(folder, 'root'); // that every user may enter, other than the folder
    try {
      fillRoot(root, requirements);
      await writeArchive(path.join(unfinished, 'mlserver.tar'), {
        names: [`${mlserver.repository}:${mlserver.tag}`],
        root,
        files: {},
        user: '1000:1000',
      });
    } finally {
      rmSync(folder, { recursive: true });
    }
  });
  return path.join(folder, 'mlserver.tar');
}

/** Writes the archive of an image that holds the iris model v2 as MLServer wants it, in the folder "iris". */
export async function writeModelArchive(archive: string): Promise<void> {
  await writeArchive(archive, {
    names: [mlserverModel],
    files: {
      '/iris/model.onnx': path.join(modelFolder('v2'), 'model.onnx'),
      '/iris/model-settings.json': path.join(here, 'model-settings.json'),
      '/iris/onnx_runtime.py': path.join(here, 'onnx_runtime.py'),
    },
  });
}

function fillRoot(root: string, requirements: string): void {
  const run = (command: string, args: readonly string[]) =>
    execFileSync(command, args, { stdio: ['ignore', process.stderr, process.stderr] });
  run('mmdebstrap', ['--variant=extract', '--quiet', '--include=python3,libstdc++6', suite, root]);
  run('python3', [
    ...['-m', 'pip', 'install', '--quiet', '--disable-pip-version-check', '--no-compile'],
    ...['--no-warn-conflicts', '--root-user-action=ignore'], // this machine's packages stay as they are
    ...['--target', path.join(root, packages), '--requirement', requirements],
    // For the image's Python, whatever this machine's is.
    ...['--python-version', python, '--only-binary=:all:'],
    ...['manylinux_2_28_x86_64', 'manylinux2014_x86_64'].flatMap((tag) => ['--platform', tag]),
  ]);
  // Unchecked, because the archive gives every file another time; else each start would compile anew.
  const compile = ['-m', 'compileall', '-q', '--invalidation-mode=unchecked-hash', `/${packages}`];
  run('chroot', [root, '/usr/bin/python3', ...compile]);
  mkdirSync(path.join(root, 'usr/local/bin'), { recursive: true });
  writeFileSync(path.join(root, 'usr/local/bin/mlserver'), program, { mode: 0o755 });
}
