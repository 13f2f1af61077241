// The chart as a release: what `helm install`, `upgrade`, `rollback`, `test` and `uninstall` do on the cluster.
import { execFile } from 'node:child_process';
import path from 'node:path';
import { inject } from 'vitest';
import { toolPath } from '../tools/tool.ts';
import type { Namespace } from './namespace.ts';

const chart = path.resolve(import.meta.dirname, '../../charts/ml-api');

/** Values as the chart's values.yaml has them. */
export type Values = { readonly [key: string]: unknown };

/** A version v1 of one pod, with this of a model. @param more of the version */
export const onePodOf = (model: Values, more: Values = {}): Values => ({
  versions: { v1: { model, autoscaling: { type: 'none' }, ...more } },
});

/** How a helm command ended. Failing is an outcome that tests look at, too. */
export type HelmResult = { readonly ok: boolean; readonly output: string };

export class Release {
  readonly name: string;
  readonly namespace: Namespace;
  /** The host of its Ingress: its own, as all releases share one Ingress controller. */
  readonly host: string;

  constructor(namespace: Namespace, name = 'ml-api') {
    this.namespace = namespace;
    this.name = name;
    this.host = `${namespace.name}.test`;
  }

  /** Installs it, or upgrades it to exactly these values, and waits until it is ready. @throws with what helm said */
  async install(values: Values = {}, options: readonly string[] = []): Promise<string> {
    const { ok, output } = await this.tryInstall(values, options);
    if (!ok) throw new Error(`helm failed: ${output}`);
    return output;
  }

  /** As `install`, and gives how it ended. */
  tryInstall(
    values: Values = {},
    options: readonly string[] = [],
    { chart: other = chart, timeout = '120s' } = {},
  ): Promise<HelmResult> {
    const all = { image: inject('image'), ingress: { hosts: [this.host] }, ...values };
    const wait = ['--wait', `--timeout=${timeout}`];
    const upgrade = ['upgrade', '--install', this.name, other, '--reset-values', '--values=-'];
    return this.helm([...upgrade, ...wait, ...options], JSON.stringify(all));
  }

  rollback(revision: number): Promise<HelmResult> {
    return this.helm(['rollback', this.name, String(revision), '--wait', '--timeout=120s']);
  }

  test(): Promise<HelmResult> {
    return this.helm(['test', this.name, '--logs', '--timeout=120s']);
  }

  uninstall(): Promise<HelmResult> {
    return this.helm(['uninstall', this.name, '--wait', '--timeout=120s']);
  }

  private helm(args: readonly string[], input = ''): Promise<HelmResult> {
    const where = [
      '--kubeconfig',
      inject('cluster').kubeconfig,
      '--namespace',
      this.namespace.name,
    ];
    return new Promise((resolve) => {
      const child = execFile(toolPath('helm'), [...args, ...where], (error, stdout, stderr) =>
        resolve({ ok: error === null, output: `${stdout}${stderr}` }),
      );
      child.stdin?.end(input);
    });
  }
}
