// The commands of the pages about a cluster, to the letter.
import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { afterAll, afterEach, describe, expect, inject, it } from 'vitest';
import { customResourceDefinitions } from '../chart/schemas.ts';
import { kubectlOf } from '../cluster/addons.ts';
import { runProgram } from '../run-program.ts';
import { toolPath } from '../tools/tool.ts';
import { walk } from './walk.ts';

describe.skipIf(inject('cluster').provider === 'given')('says commands that work:', () => {
  const { kubeconfig } = inject('cluster');
  const kubectl = kubectlOf(inject('cluster'));

  afterEach(async () => {
    const where = ['--ignore-not-found', '--wait', '--kubeconfig', kubeconfig];
    await runProgram(toolPath('helm'), ['uninstall', 'ml-api', ...where]);
  });

  it.each(['README.md', 'charts/ml-api/README.md'])('%s, on a cluster of yours', async (page) => {
    const { code, output } = await walk(page, ({ text }) => text.startsWith('helm install'));
    expect(code, output).toBe(0);
    expect(output).toContain('STATUS: deployed');
    expect(output).toMatch(/Phase: +Succeeded/);
  });

  it('README.md, on one of ours', async () => {
    const { code, output, promised } = await walk(
      'README.md',
      ({ section }) => section === 'Try it on Kubernetes',
    );
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

  describe('docs/monitoring.md', () => {
    const folder = customResourceDefinitions();
    const definitions = readdirSync(folder)
      .filter((file) => file.startsWith('monitoring.coreos.com'))
      .map((file) => readFileSync(path.join(folder, file), 'utf8'))
      .join('\n---\n');

    afterAll(async () => {
      await kubectl(['delete', '--ignore-not-found', '-f', '-'], definitions);
    });

    it('where the Prometheus Operator has its custom resources', async () => {
      await kubectl(['apply', '--server-side', '-f', '-'], definitions);
      await kubectl(['wait', '--for=condition=Established', '-f', '-'], definitions);
      const { code, output } = await walk(
        'docs/monitoring.md',
        ({ text }) => !text.startsWith('docker'),
      );
      expect(code, output).toBe(0);
      expect(output).toMatch(/^v1 /m); // npm run status
      const made = await kubectl(['get', 'servicemonitors,prometheusrules', '--output=name']);
      expect(made.trim().split('\n')).toEqual([
        'servicemonitor.monitoring.coreos.com/ml-api',
        'prometheusrule.monitoring.coreos.com/ml-api',
      ]);
    });
  });
});
