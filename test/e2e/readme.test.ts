// The README's "Try it on Kubernetes" and the tutorial's commands, to the letter.
import { afterAll, describe, expect, inject, it } from 'vitest';
import { runProgram } from '../run-program.ts';
import { toolPath } from '../tools/tool.ts';
import { walk } from './walk.ts';

describe.skipIf(inject('cluster').provider === 'given')('says commands that work:', () => {
  const { kubeconfig } = inject('cluster');

  afterAll(async () => {
    const where = ['--ignore-not-found', '--wait', '--kubeconfig', kubeconfig];
    await runProgram(toolPath('helm'), ['uninstall', 'ml-api', ...where]);
  });

  it('README.md', async () => {
    const { code, output, promised } = await walk('README.md', /^## Try it on Kubernetes/m);
    expect(code, output).toBe(0);
    expect(output).toContain('ml-api is up.');
    expect(output).toContain('All checks passed.');
    expect(output).toMatch(/pod\/ml-api-v1-\S+ +1\/1 +Running/);
    expect(promised).toEqual(['{"prediction":[0]}']);
    expect(output).toContain('{"prediction":[0]}');
  });

  it('docs/tutorial.md', async () => {
    const { code, output } = await walk('docs/tutorial.md');
    expect(code, output).toBe(0);
    expect(output).toContain('All checks passed.');
    expect(output).toMatch(/^ml-api-v1-\S+ +\d+m +\d+Mi/m); // kubectl top
    expect(output).toMatch(/^v1 .*iris/m); // npm run status
  });
});
