// Programs that a release runs. What one of them says is shown where it fails.
import { spawnSync } from 'node:child_process';
import path from 'node:path';
import { runTool, type ToolName, type ToolResult } from '../test/tools/tool.ts';
import { ReleaseProblem } from './problem.ts';
import { root } from './repository-root.ts';

/** A program of the repository's own node_modules. */
export const bin = (name: string): string => path.join(root, 'node_modules/.bin', name);

/** Runs a program to its end in the repository's root; a status other than 0 is not an error here. */
export function attempt(
  command: string,
  args: readonly string[],
  env: Readonly<Record<string, string>> = {},
): ToolResult {
  const { status, stdout, stderr, error } = spawnSync(command, args, {
    cwd: root,
    env: { ...process.env, ...env },
    encoding: 'utf8',
    maxBuffer: 256 * 1024 * 1024,
    // Nothing here answers questions.
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  if (error)
    throw new ReleaseProblem(`${path.basename(command)} cannot be started: ${error.message}.`);
  return { status: status ?? 1, stdout, stderr };
}

/** @returns what it printed */
export function run(command: string, args: readonly string[]): string {
  return expectSuccess(`${path.basename(command)} ${args[0]}`, attempt(command, args)).stdout;
}

/** Runs a tool that test/tools pins. */
export function tool(name: ToolName, args: readonly string[]): ToolResult {
  return expectSuccess(`${name} ${args[0]}`, runTool(name, args, { cwd: root }));
}

function expectSuccess(what: string, result: ToolResult): ToolResult {
  const { status, stdout, stderr } = result;
  if (status === 0) return result;
  const said = `${stdout}\n${stderr}`.trim().split('\n').slice(-20).join('\n');
  throw new ReleaseProblem(`${what} failed:\n${said}`);
}
