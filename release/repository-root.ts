import path from 'node:path';

export const root = path.resolve(import.meta.dirname, '..');
/** What a release makes, anew each time. */
export const out = path.join(root, '.cache/release');
