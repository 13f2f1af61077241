// The commands of a page of the docs, run in one shell from top to bottom.
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { expect, inject } from 'vitest';
import { type Block, blocksOf } from '../docs/blocks.ts';
import { runBash } from '../run-program.ts';

const root = path.resolve(import.meta.dirname, '../..');

export interface Walk {
  readonly code: number;
  readonly output: string;
  /** What the page says that its commands print, a line each; in order. */
  readonly promised: readonly string[];
}

/**
 * What the suites do themselves is left out: installing packages, a server that goes on, removing the cluster.
 * @param isWanted of the page's blocks of commands; all without it
 */
export async function walk(
  page: string,
  isWanted: (block: Block) => boolean = () => true,
): Promise<Walk> {
  const script = blocksOf(page)
    .filter((block) => block.language === 'sh' && isWanted(block))
    .map(({ text }) => text.replace(/^npm (ci|start|run down)\b.*$/gm, ''))
    .join('\n');
  const promised = [...script.matchAll(/^# (.+)$/gm)].map(([, line]) => line ?? '');
  return { ...(await onCluster(script)), promised };
}

/**
 * Runs a command out of the runbooks' sentences.
 * @param start how it begins, unlike any other
 * @param names what stands for NAMESPACE, VERSION and POD
 */
export async function runbook(
  start: string,
  names: Readonly<Record<string, string>>,
): Promise<string> {
  const page = readFileSync(path.join(root, 'docs/runbooks.md'), 'utf8');
  const commands = [...page.matchAll(/`(kubectl [^`]+)`/g)].map(([, command = '']) => command);
  const found = commands.filter((command) => command.startsWith(start));
  expect(found, `commands of docs/runbooks.md that begin with "${start}"`).toHaveLength(1);
  let [command = ''] = found;
  for (const [name, value] of Object.entries(names)) command = command.replaceAll(name, value);
  const { code, output } = await onCluster(command);
  expect(code, output).toBe(0);
  return output;
}

/** helm and kubectl are this checkout's, on the cluster of the suites, where a plain install takes the image from there. */
async function onCluster(script: string): Promise<Pick<Walk, 'code' | 'output'>> {
  const { kubeconfig } = inject('cluster');
  const { repository, tag } = inject('image');
  const before = `exec 2>&1
set -e
kubectl() { npm run --silent cluster -- kubectl "$@"; }
helm() {
  case $1 in install | upgrade) set -- "$@" --set image.repository=${repository},image.tag=${tag} ;; esac
  KUBECONFIG=${kubeconfig} npm run --silent helm -- "$@"
}`;
  const { code, stdout } = await runBash(`${before}\n${script}`, { cwd: root });
  return { code, output: stdout };
}
