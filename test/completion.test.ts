// `ml-api completion`: what it prints, in the shells themselves.
import { spawnSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { folder } from '../server/test/file-server.ts';
import { main, run } from '../server/test/program.ts';
import { blockOf } from './docs/blocks.ts';
import { runBash, runNode, runProgram } from './run-program.ts';

const COMMANDS = [
  'init',
  'serve',
  'fetch',
  'inspect',
  'verify',
  'gate',
  'completion',
  'generate',
  'compare',
  'report',
];

const isInstalled = (shell: string) => spawnSync(shell, ['--version']).status === 0;

/** The script of a shell, as a file. */
async function script(shell: string): Promise<string> {
  const { code, stdout, stderr } = await run(['completion', shell]);
  expect([code, stderr]).toEqual([0, '']);
  const file = path.join(folder(), 'script');
  writeFileSync(file, stdout);
  return file;
}

describe('bash', () => {
  /** What readline would be given at the end of a line. Empty: it completes files. */
  async function completed(...words: string[]): Promise<string[]> {
    const code = `source ${await script('bash')}
      COMP_WORDS=(ml-api "$@"); COMP_CWORD=$#; _ml_api; printf '%s\\n' "\${COMPREPLY[@]}"`;
    const { stdout, stderr } = await runProgram('bash', ['--norc', '-c', code, 'bash', ...words]);
    expect(stderr).toBe('');
    return stdout.split('\n').filter((line) => line !== '');
  }

  it('knows the command, and completes files where nothing else is known', async () => {
    const { stdout } = await runBash(`source ${await script('bash')}; complete -p ml-api`);
    expect(stdout).toBe('complete -o bashdefault -o default -F _ml_api ml-api\n');
  });

  it('all commands, as --help has them', async () => {
    expect(await completed('')).toEqual(COMMANDS);
    const { stdout } = await run(['--help']);
    expect([...stdout.matchAll(/^ {2}(\w+) /gm)].map(([, name]) => name)).toEqual(COMMANDS);
  });

  it.each(COMMANDS)('the options of %s, as its --help has them', async (command) => {
    const { stdout } = await runNode(main, [command, '--help']);
    const known = [...stdout.matchAll(/^ {2}(--[\w-]+)/gm)].map(([, option]) => option);
    expect(await completed(command, '--')).toEqual([...known, '--help']);
  });

  it.each([
    [['ver'], ['verify']],
    [['nothing'], []],
    [['nothing', '--'], []],
    [['verify', '--go'], ['--golden']],
    [['verify', '--golden', ''], []],
    [['verify', '--golden', '=', 'mod'], []],
    [['verify', '--golden', '='], []],
    [['verify', '--target', 'local', '='], []],
    [['verify', '--golden', 'x', '=', 'y'], []],
    [
      ['gate', '--on-too-few-rows', ''],
      ['hold', 'allow'],
    ],
    [['gate', '--on-too-few-rows', '=', 'al'], ['allow']],
    [['serve', ''], []],
    [['serve', '--t'], ['--try']],
    [
      ['completion', ''],
      ['bash', 'zsh', 'fish'],
    ],
    [
      ['report', ''],
      ['--prometheus', '--namespace', '--release', '--window', '--json', '--help'],
    ],
  ])('%j', async (words, expected) => {
    expect(await completed(...words)).toEqual(expected);
  });
});

describe.runIf(isInstalled('zsh'))('zsh', () => {
  /** What a terminal shows where Tab is typed after a line. */
  async function shown(line: string): Promise<string> {
    const cwd = folder();
    mkdirSync(path.join(cwd, 'my-model'));
    const code = `zmodload zsh/zpty; zpty z zsh -f -i
      zpty -w z "PS1=; ml-api() { : };  autoload -U compinit; compinit -u -d $1/dump; source $2; LISTMAX=1000; cd $1; print LOADED-$((1+1))"
      zpty -r -m z out '*LOADED-2*'
      zpty -w -n z "$3"$'\\t\\t'
      zpty -w -n z $'\\C-e; print -r -- END-$((2+2))\\n'
      zpty -r -m z out '*END-4*'
      print -r -- "$out"`;
    const { stdout } = await runProgram('timeout', [
      '60',
      'zsh',
      '-f',
      '-c',
      code,
      'zsh',
      cwd,
      await script('zsh'),
      line,
    ]);
    return stdout;
  }

  it.each([
    ['ml-api insp', 'ml-api inspect'],
    ['ml-api ', 'gate        -- Check whether a version'],
    ['ml-api verify --gold', '--golden='],
    ['ml-api gate --on-too-few-rows al', 'allow'],
    ['ml-api serve my', 'my-model'],
    ['ml-api completion f', 'fish'],
  ])('%s', async (line, expected) => {
    expect(await shown(line)).toContain(expected);
  });
});

describe.runIf(isInstalled('fish'))('fish', () => {
  async function completed(line: string): Promise<string[]> {
    const cwd = folder();
    mkdirSync(path.join(cwd, 'my-model'));
    const { stdout, stderr } = await runProgram(
      'fish',
      ['--no-config', '-c', `source $argv[1]; complete -C $argv[2]`, await script('fish'), line],
      { cwd },
    );
    expect(stderr).toBe('');
    return stdout.trim().split('\n');
  }

  it.each([
    [
      'ml-api insp',
      ['inspect\tPrint the inputs and outputs of an ONNX file, and a model.json to start from.'],
    ],
    ['ml-api verify --gold', ['--golden\tgolden.json']],
    ['ml-api gate --on-too-few-rows al', ['allow']],
    ['ml-api serve my', ['my-model/']],
    ['ml-api completion f', ['fish']],
    ['ml-api report my', ['']],
  ])('%s', async (line, expected) => {
    expect((await completed(line)).map((one) => one.trimEnd())).toEqual(
      expected.map((one) => expect.stringContaining(one)),
    );
  });
});

it('is said to bash as server/README.md has it', async () => {
  const bin = folder();
  writeFileSync(path.join(bin, 'ml-api'), `#!/bin/sh\nexec ${process.execPath} ${main} "$@"\n`, {
    mode: 0o755,
  });
  const [line = ''] = blockOf('server/README.md', 'sh', { text: 'completion bash' }).split('\n');
  const { stdout } = await runBash(`PATH=${bin}:$PATH\n${line}\ncomplete -p ml-api`);
  expect(stdout).toContain('-F _ml_api ml-api');
});

it.each([[[]], [['tcsh']], [['bash', 'zsh']], [['--shell=bash']]])('refuses %j', async (args) => {
  const { code, stdout, stderr } = await run(['completion', ...args]);
  expect([code, stdout]).toEqual([2, '']);
  expect(stderr).toMatch(/^completion: /);
});
