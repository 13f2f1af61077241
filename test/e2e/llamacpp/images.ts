// llama.cpp's server, compiled here from the source that its Python binding is published with, as an image; and a model
// for it. No container registry is needed.
import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { cached } from '../../cluster/build/cache.ts';
import { writeArchive } from '../../cluster/build/oci-archive.ts';
import { succeeds } from '../../cluster/command.ts';
import { installPackages } from '../../cluster/packages.ts';
import { writeTinyModel } from './tiny-model.ts';

export const llamaServer = { repository: 'localhost/llama-server', tag: '0.3.36' };

const here = import.meta.dirname;
const requirements = path.join(here, 'requirements.txt');
/** Debian's, whose C++ library the program is linked with. */
const suite = 'bookworm';
/** What the preStop hook and people use, as in the published image. */
const packages = ['dash', 'coreutils', 'grep', 'curl', 'ca-certificates', 'libstdc++6'];

/** Without what is not served here: TLS to Hugging Face, pages, tests. And for any processor with AVX2. */
const options = [
  'CMAKE_BUILD_TYPE=Release',
  'CMAKE_C_FLAGS_RELEASE=-O1', // compiles in half the time of -O3
  'CMAKE_CXX_FLAGS_RELEASE=-O1',
  'BUILD_SHARED_LIBS=OFF',
  'GGML_NATIVE=OFF',
  'GGML_OPENMP=OFF',
  'GGML_LLAMAFILE=OFF',
  'LLAMA_OPENSSL=OFF',
  'LLAMA_BUILD_TESTS=OFF',
  'LLAMA_BUILD_EXAMPLES=OFF',
  'LLAMA_BUILD_APP=OFF',
  'LLAMA_USE_PREBUILT_UI=OFF',
  'LLAMA_ALL_WARNINGS=OFF',
];

/** The archive of the server's image. */
export async function llamaServerArchive(say: (line: string) => void): Promise<string> {
  const program = await llamaServerProgram(say);
  const inputs = [program, readFileSync(import.meta.filename)];
  const folder = await cached('llama-server-image', inputs, async (unfinished) => {
    await installPackages(missing({ mmdebstrap: 'mmdebstrap' }), say);
    const work = mkdtempSync(path.join(os.tmpdir(), 'llama-server-'));
    try {
      const root = path.join(work, 'root');
      const include = `--include=${packages.join(',')}`;
      run('mmdebstrap', ['--variant=extract', '--quiet', include, suite, root]);
      await writeArchive(path.join(unfinished, 'llama-server.tar'), {
        names: [`${llamaServer.repository}:${llamaServer.tag}`],
        root,
        files: { '/app/llama-server': program },
        entrypoint: ['/app/llama-server'],
      });
    } finally {
      rmSync(work, { recursive: true });
    }
  });
  return path.join(folder, 'llama-server.tar');
}

/** The program: compiled once, in four minutes on two cores. */
async function llamaServerProgram(say: (line: string) => void): Promise<string> {
  const inputs = [readFileSync(requirements), ...options];
  const folder = await cached('llama-server', inputs, async (unfinished) => {
    await installPackages(missing({ cmake: 'cmake', ninja: 'ninja-build', 'g++': 'g++' }), say);
    say('compiling llama.cpp, once: four minutes …');
    const work = mkdtempSync(path.join(os.tmpdir(), 'llama-cpp-'));
    try {
      compile(work, path.join(unfinished, 'llama-server'));
    } finally {
      rmSync(work, { recursive: true });
    }
  });
  return path.join(folder, 'llama-server');
}

/** The Debian packages of those commands that are not there. */
function missing(packageOf: Readonly<Record<string, string>>): string[] {
  return Object.entries(packageOf).flatMap(([command, name]) =>
    succeeds(command, ['--version']) ? [] : [name],
  );
}

/** The file of a model of random weights: made once, 105 MB. */
export async function tinyModel(): Promise<string> {
  const inputs = [readFileSync(path.join(here, 'tiny-model.ts'))];
  const folder = await cached('tiny-model', inputs, async (unfinished) =>
    writeTinyModel(path.join(unfinished, 'tiny.gguf')),
  );
  return path.join(folder, 'tiny.gguf');
}

function compile(work: string, program: string): void {
  const download = path.join(work, 'download');
  run('python3', [
    ...['-m', 'pip', 'download', '--quiet', '--disable-pip-version-check', '--no-deps'],
    ...['--no-binary=llama-cpp-python', '--dest', download, '--requirement', requirements],
  ]);
  const source = path.join(work, 'source');
  mkdirSync(source);
  run('sh', ['-c', 'tar -xzf "$1"/*.tar.gz --strip-components=1 -C "$2"', 'sh', download, source]);
  const build = path.join(work, 'build');
  const llama = path.join(source, 'vendor/llama.cpp');
  const define = options.map((option) => `-D${option}`);
  run('cmake', ['-G', 'Ninja', '-S', llama, '-B', build, ...define]);
  run('ninja', ['-C', build, 'llama-server']);
  run('strip', ['-o', program, path.join(build, 'bin/llama-server')]);
}

function run(command: string, args: readonly string[]): void {
  execFileSync(command, args, { stdio: ['ignore', process.stderr, process.stderr] });
}
