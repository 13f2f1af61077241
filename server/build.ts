// Assembles what the image holds: the bundled server, with native libraries for the platform that the image is for.
//
//   node server/build.ts OUT [amd64|arm64]
//
// Without an architecture: that of the machine that this runs on.
import { rm } from 'node:fs/promises';
import path from 'node:path';
import { bundle, copy } from './bundle.ts';
import { root } from './third-party.ts';

/** As images' platforms and as Node name them. */
const ARCHITECTURES: Readonly<Partial<Record<string, string>>> = { amd64: 'x64', arm64: 'arm64' };

const [folder, target] = process.argv.slice(2);
if (folder === undefined) throw new Error('usage: node server/build.ts OUT [amd64|arm64]');
const arch = target === undefined ? process.arch : ARCHITECTURES[target];
if (arch === undefined)
  throw new Error(
    `onnxruntime-node has no library for linux/${target}: expected ${Object.keys(ARCHITECTURES).join(' or ')}.`,
  );
const out = path.resolve(folder);
await rm(out, { recursive: true, force: true });
await bundle(out, `bin/napi-v6/${process.platform}/${arch}`);
await copy(path.join(root, 'server/package.json'), path.join(out, 'server/package.json'));
