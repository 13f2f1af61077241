// Assembles what the image holds: the bundled server, and of its packages only what runs on the target platform.
//
//   node server/build.ts OUT
import { cp, mkdir, rm } from 'node:fs/promises';
import { createRequire } from 'node:module';
import path from 'node:path';
import { build } from 'esbuild';

const root = path.resolve(import.meta.dirname, '..');
const [out] = process.argv.slice(2);
if (out === undefined) throw new Error('usage: node server/build.ts OUT');
await rm(out, { recursive: true, force: true });

// One file a program starts two to three times as fast as hundreds of modules.
await build({
  entryPoints: {
    main: `${root}/server/src/main.ts`,
    worker: `${root}/server/src/runtime/worker.ts`,
    'serving-worker': `${root}/server/src/commands/serve/threads/serving-worker.ts`,
    'challenger-worker': `${root}/server/src/traffic/shadow/challenger-worker.ts`,
  },
  outdir: `${out}/server/dist`,
  bundle: true,
  splitting: true,
  format: 'esm',
  platform: 'node',
  target: 'node26',
  minifySyntax: true,
  external: ['onnxruntime-node'], // a native library
  // Bundled CommonJS packages require Node's own modules. The name is one that none of them has at its top, as minified ones have r.
  banner: {
    js: "import{createRequire as requireOfBundle}from'node:module';const require=requireOfBundle(import.meta.url);",
  },
  logLevel: 'warning',
});

const files = {
  'onnxruntime-common': ['package.json', 'dist/cjs'],
  'onnxruntime-node': ['package.json', 'dist', `bin/napi-v6/${process.platform}/${process.arch}`],
  'swagger-ui-dist': [
    'package.json',
    'LICENSE',
    'NOTICE',
    'swagger-ui-bundle.js',
    'swagger-ui.css',
  ],
};
const require = createRequire(import.meta.url);
for (const [name, parts] of Object.entries(files)) {
  const source = packageDirectory(name);
  for (const part of parts)
    await copy(path.join(source, part), path.join(out, 'node_modules', name, part));
}
for (const file of ['openapi.yaml', 'proto', 'LICENSE', 'model/model.schema.json'])
  await copy(path.join(root, file), path.join(out, file));
await copy(`${root}/server/playground`, path.join(out, 'server/playground'));
await copy(`${root}/server/package.json`, path.join(out, 'server/package.json'));

function packageDirectory(name: string): string {
  const found = (require.resolve.paths(name) ?? []).map((directory) => path.join(directory, name));
  const main = path.dirname(require.resolve(name));
  const directory = found.find(
    (candidate) => main === candidate || main.startsWith(candidate + path.sep),
  );
  if (directory === undefined) throw new Error(`${name} is not installed`);
  return directory;
}

async function copy(from: string, to: string): Promise<void> {
  await mkdir(path.dirname(to), { recursive: true });
  await cp(from, to, { recursive: true, filter: (file) => !file.endsWith('.map') });
}
