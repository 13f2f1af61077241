// The commands of a page of the docs, run in one shell from top to bottom.
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { runBash } from '../run-program.ts';

const root = path.resolve(import.meta.dirname, '../..');

export interface Walk {
  readonly code: number;
  readonly output: string;
  /** What the page says that its commands print, a line each; in order. */
  readonly promised: readonly string[];
}

/** What the suites do themselves is left out: installing packages, a server that goes on, removing the cluster. */
export async function walk(page: string, section = /^/): Promise<Walk> {
  const text = readFileSync(path.join(root, page), 'utf8');
  const start = section.exec(text)?.index ?? text.length;
  const blocks = [...text.slice(start).matchAll(/```sh\n([\s\S]*?)```/g)].map(([, block]) => block);
  const script = blocks.join('\n').replace(/^npm (ci|start|run down)\b.*$/gm, '');
  const { code, stdout } = await runBash(`exec 2>&1\nset -e\n${script}`, { cwd: root });
  const promised = [...script.matchAll(/^# (.+)$/gm)].map(([, line]) => line ?? '');
  return { code, output: stdout, promised };
}
