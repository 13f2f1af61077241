// The README's "Try it on Kubernetes", to the letter.
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { afterAll, describe, expect, inject, it } from 'vitest';
import { runBash } from '../run-program.ts';
import { toolPath } from '../tools/tool.ts';

const root = path.resolve(import.meta.dirname, '../..');

describe.skipIf(inject('cluster').provider === 'given')('the README', () => {
  const { kubeconfig } = inject('cluster');
  const readme = readFileSync(path.join(root, 'README.md'), 'utf8');
  const [, commands = ''] =
    /## Try it on Kubernetes[\s\S]*?```sh\n([\s\S]*?)```/.exec(readme) ?? [];

  afterAll(async () => {
    await runBash(
      `'${toolPath('helm')}' uninstall ml-api --ignore-not-found --wait --kubeconfig '${kubeconfig}'`,
    );
  });

  it('says commands that work', async () => {
    expect(commands).toMatch(/\nnpm run down .*\n$/);
    // `down` is what every run of these suites ends with; here it would take the cluster away from the others.
    const { code, stdout, stderr } = await runBash(
      `set -e\n${commands.replace(/^npm run down.*$/m, '')}`,
      { cwd: root },
    );
    const output = stdout + stderr;
    expect(code, output).toBe(0);
    expect(output).toContain('ml-api is up.');
    expect(output).toContain('All checks passed.');
    expect(output).toMatch(/pod\/ml-api-v1-\S+ +1\/1 +Running/);
    expect(output).toContain('{"prediction":[0]}');
  });
});
