// docs/bring-your-own-model.md, to the letter: a section's program makes a model directory, which is inspected, served,
// verified with the framework's own predictions, and given a typed client.
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { expect, onTestFinished } from 'vitest';
import { start } from '../../server/test/start.ts';
import { blockOf } from '../docs/blocks.ts';
import { runNode, runProgram } from '../run-program.ts';

const root = path.resolve(import.meta.dirname, '../..');
const server = path.join(root, 'server/src/main.ts');

export interface Example {
  /** The heading of the section. */
  readonly section: string;
  readonly python: string;
  /** What is put in place of names of the Hub, which tests do not reach. */
  readonly folders?: Readonly<Record<string, string>>;
}

/** @returns the generated types */
export async function follow({ section, python, folders = {} }: Example): Promise<string> {
  const directory = mkdtempSync(path.join(os.tmpdir(), 'bring-your-own-'));
  onTestFinished(() => rmSync(directory, { recursive: true }));
  let program = blockOf('docs/bring-your-own-model.md', 'python', { section });
  for (const [name, folder] of Object.entries(folders)) {
    expect(program).toContain(name);
    program = program.replaceAll(name, folder);
  }
  execFileSync(python, ['-c', program], {
    cwd: directory,
    stdio: ['ignore', 'ignore', 'inherit'],
    env: { ...process.env, ORT_DISABLE_TELEMETRY: '1', HF_HUB_OFFLINE: '1' },
  });

  const inspected = await runNode(server, ['inspect', path.join(directory, 'model.onnx')]);
  expect(inspected, inspected.stderr).toMatchObject({ code: 0 });
  const { url } = await start({ MODEL_DIR: directory, LOG_LEVEL: 'warn' });
  const golden = ['--golden', path.join(directory, 'golden.json')];
  const verified = await runNode(server, ['verify', '--target', `here=${url}`, ...golden]);
  expect(verified, verified.stdout).toMatchObject({ code: 0 });
  expect(verified.stdout).toMatch(/predictions: [1-9]\d* rows as expected/);
  const generate = ['run', '--silent', 'sdk:generate', '--', '--from', url, '--out'];
  const generated = await runProgram('npm', [...generate, directory], { cwd: root });
  expect(generated, generated.stderr).toMatchObject({ code: 0 });
  return readFileSync(path.join(directory, 'types.gen.ts'), 'utf8');
}
