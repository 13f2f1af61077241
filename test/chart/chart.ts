// The chart and its examples, and how to render them.
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parse } from 'yaml';
import { runTool, type ToolResult } from '../tools/tool.ts';

/** The chart's folder. */
export const chart = join(import.meta.dirname, '../../charts/ml-api');

/** Its version. */
export const version: string = parse(readFileSync(join(chart, 'Chart.yaml'), 'utf8')).version;

/** The examples: values files, by name without `-values.yaml`. */
export const examples: readonly { readonly name: string; readonly file: string }[] = readdirSync(
  join(chart, 'ci'),
)
  .sort()
  .map((file) => ({ name: file.replace('-values.yaml', ''), file: join(chart, 'ci', file) }));

/** Runs `helm template` for release ml-api in namespace models. */
export function helmTemplate(...args: readonly string[]): ToolResult {
  return runTool('helm', ['template', 'ml-api', chart, '--namespace', 'models', ...args]);
}

/**
 * The manifests that values make.
 * @throws Error with helm's message when it refuses them.
 */
export function render(...args: readonly string[]): string {
  const { status, stdout, stderr } = helmTemplate(...args);
  if (status !== 0) throw new Error(`helm template ${args.join(' ')}: ${stderr}`);
  return stdout;
}
