// Assembles the npm package @org/ml-api: the bundled server with its command line, and the iris model to try it with.
//
//   node server/package.ts OUT
import { readdir, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { bundle, copy } from './bundle.ts';
import { OLDEST_NODE } from './src/oldest-node.ts';
import { manifestOf, root } from './third-party.ts';

const [folder] = process.argv.slice(2);
if (folder === undefined) throw new Error('usage: node server/package.ts OUT');
const out = path.resolve(folder);
await rm(out, { recursive: true, force: true });
await bundle(out, 'bin');
await copy(path.join(root, 'model/v1'), path.join(out, 'model/v1'));
await copy(path.join(root, 'server/README.md'), path.join(out, 'README.md'));

const { name, version, description, license, repository, type } = await manifestOf('server');
// Its commands generate, compare and report.
const sdk = await manifestOf('sdk');
const bundled = await Promise.all(
  (await readdir(path.join(out, 'node_modules'))).map((one) =>
    manifestOf(path.join(out, 'node_modules', one)),
  ),
);
const manifest = {
  name,
  version,
  description,
  keywords: ['onnx', 'onnxruntime', 'model serving', 'inference', 'openapi', 'kserve', 'mlops'],
  license,
  repository,
  type,
  bin: { 'ml-api': 'server/dist/main.js' },
  engines: { node: `>=${OLDEST_NODE}` },
  dependencies: Object.fromEntries([sdk, ...bundled].map((one) => [one.name, one.version])),
  bundleDependencies: bundled.map((one) => one.name),
};
await writeFile(path.join(out, 'package.json'), `${JSON.stringify(manifest, null, 2)}\n`);
