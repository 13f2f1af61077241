// The server's program as it is shipped: bundled, with the files that it reads, the parts of packages that no bundle holds, and the
// licences and the list of them all.
import { cp, mkdir, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import path from 'node:path';
import { build } from 'esbuild';
import { OLDEST_NODE } from './src/oldest-node.ts';
import { componentsOf, licensesOf, manifestOf, root } from './third-party.ts';

const require = createRequire(import.meta.url);

/**
 * Writes the program and its files, at the places that it looks for them, to a directory.
 * @param out an absolute path
 * @param binaries the folder of onnxruntime-node's native libraries to take: those of one platform, or of all
 */
export async function bundle(out: string, binaries: string): Promise<void> {
  // One file a program starts two to three times as fast as hundreds of modules.
  const { metafile } = await build({
    absWorkingDir: root,
    entryPoints: {
      main: 'server/src/main.ts',
      worker: 'server/src/runtime/worker.ts',
      'serving-worker': 'server/src/commands/serve/threads/serving-worker.ts',
      'challenger-worker': 'server/src/traffic/shadow/challenger-worker.ts',
    },
    outdir: `${out}/server/dist`,
    bundle: true,
    splitting: true,
    metafile: true,
    format: 'esm',
    platform: 'node',
    target: `node${OLDEST_NODE}`,
    minifySyntax: true,
    external: ['onnxruntime-node'], // a native library
    // Bundled CommonJS packages require Node's own modules. The name is one that none of them has at its top, as minified ones have r.
    banner: {
      js: "import{createRequire as requireOfBundle}from'node:module';const require=requireOfBundle(import.meta.url);",
    },
    logLevel: 'warning',
  });
  const bundled = Object.keys(metafile.inputs).flatMap(
    (file) => /^(.*node_modules\/(?:@[^/]+\/)?[^/]+)\//.exec(file)?.[1] ?? [],
  );
  const beside = {
    'onnxruntime-common': ['dist/cjs'],
    'onnxruntime-node': ['dist', binaries],
    'swagger-ui-dist': ['LICENSE', 'NOTICE', 'swagger-ui-bundle.js', 'swagger-ui.css'],
  };
  for (const [name, parts] of Object.entries(beside)) {
    bundled.push(path.relative(root, directoryOf(name)));
    await copyPackage(name, parts, path.join(out, 'node_modules', name));
  }
  for (const file of [
    'openapi.yaml',
    'proto',
    'LICENSE',
    'model/model.schema.json',
    'server/playground',
  ])
    await copy(path.join(root, file), path.join(out, file));
  const packages = new Set(bundled);
  await writeFile(path.join(out, 'THIRD-PARTY-LICENSES'), await licensesOf(packages));
  await writeFile(path.join(out, 'third-party.cdx.json'), await componentsOf(packages));
}

/** Copies a file or a folder, without source maps. */
export async function copy(from: string, to: string): Promise<void> {
  await mkdir(path.dirname(to), { recursive: true });
  await cp(from, to, { recursive: true, filter: (file) => !file.endsWith('.map') });
}

/**
 * Without its install script and what only that needs: onnxruntime-node's downloads CUDA, swagger-ui-dist's reports the installation to
 * a third party.
 */
async function copyPackage(name: string, parts: readonly string[], out: string): Promise<void> {
  const { version, license, main } = await manifestOf(directoryOf(name));
  for (const part of parts) await copy(path.join(directoryOf(name), part), path.join(out, part));
  await writeFile(path.join(out, 'package.json'), JSON.stringify({ name, version, license, main }));
}

function directoryOf(name: string): string {
  const found = (require.resolve.paths(name) ?? []).map((directory) => path.join(directory, name));
  const main = path.dirname(require.resolve(name));
  const directory = found.find(
    (candidate) => main === candidate || main.startsWith(candidate + path.sep),
  );
  if (directory === undefined) throw new Error(`${name} is not installed`);
  return directory;
}
