// docs/versions.md, to the letter: from nobody to everybody and back.
import { afterAll, describe, expect, inject, it } from 'vitest';
import { kubectlOf } from '../cluster/addons.ts';
import { runProgram } from '../run-program.ts';
import { toolPath } from '../tools/tool.ts';
import { walk } from './walk.ts';

describe.skipIf(inject('cluster').provider !== 'local')('docs/versions.md', () => {
  const { kubeconfig } = inject('cluster');

  afterAll(async () => {
    const where = ['--ignore-not-found', '--wait', '--kubeconfig', kubeconfig];
    await runProgram(toolPath('helm'), ['uninstall', 'ml-api', ...where]);
    await kubectlOf(inject('cluster'))(['delete', 'namespace', 'monitoring', '--ignore-not-found']);
  });

  it('says commands that work, and print what it says', async () => {
    const { code, output, promised } = await walk('docs/versions.md');
    expect(code, output).toBe(0);
    let rest = output.replaceAll(/^ +(?=\d+ )/gm, ''); // uniq's indentation
    for (const line of promised) {
      const at = rest.indexOf(line);
      expect(at, `${line}\n\nnot in what is left of the output:\n\n${rest}`).toBeGreaterThan(-1);
      rest = rest.slice(at + line.length);
    }
    expect(promised.length).toBeGreaterThan(10);
  });
});
