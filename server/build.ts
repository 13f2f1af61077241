// Assembles what the image holds: the bundled server, with native libraries for the platform that this runs on.
//
//   node server/build.ts OUT
import { rm } from 'node:fs/promises';
import path from 'node:path';
import { bundle, copy } from './bundle.ts';
import { root } from './third-party.ts';

const [folder] = process.argv.slice(2);
if (folder === undefined) throw new Error('usage: node server/build.ts OUT');
const out = path.resolve(folder);
await rm(out, { recursive: true, force: true });
await bundle(out, `bin/napi-v6/${process.platform}/${process.arch}`);
await copy(path.join(root, 'server/package.json'), path.join(out, 'server/package.json'));
