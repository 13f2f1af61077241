import path from 'node:path';
import { expect } from 'vitest';
import { runBash } from '../run-program.ts';

/** What commands print, in the repository's folder, that must succeed. */
export async function sh(script: string): Promise<string> {
  const cwd = path.resolve(import.meta.dirname, '../..');
  const { code, stdout, stderr } = await runBash(`set -e\n${script}`, { cwd });
  expect(code, stderr).toBe(0);
  return stdout;
}
