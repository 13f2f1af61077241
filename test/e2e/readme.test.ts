// The README's "Try it on Kubernetes", to the letter.
import { afterAll, describe, expect, inject, it } from 'vitest';
import { runProgram } from '../run-program.ts';
import { toolPath } from '../tools/tool.ts';
import { walk } from './walk.ts';

describe.skipIf(inject('cluster').provider === 'given')('the README', () => {
  const { kubeconfig } = inject('cluster');

  afterAll(async () => {
    const where = ['--ignore-not-found', '--wait', '--kubeconfig', kubeconfig];
    await runProgram(toolPath('helm'), ['uninstall', 'ml-api', ...where]);
  });

  it('says commands that work', async () => {
    const { code, output, promised } = await walk('README.md', /^## Try it on Kubernetes/m);
    expect(code, output).toBe(0);
    expect(output).toContain('ml-api is up.');
    expect(output).toContain('All checks passed.');
    expect(output).toMatch(/pod\/ml-api-v1-\S+ +1\/1 +Running/);
    expect(promised).toEqual(['{"prediction":[0]}']);
    expect(output).toContain('{"prediction":[0]}');
  });
});
