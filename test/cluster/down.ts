// `npm run down`: removes what `npm run up` made: the cluster where it is ours, else the release on the cluster of yours.
import { spawnSync } from 'node:child_process';
import { toolPath } from '../tools/tool.ts';
import { down, provider } from './cluster.ts';
import { ClusterError } from './cluster-error.ts';

const say = (line: string): void => void process.stderr.write(`${line}\n`);

try {
  const chosen = provider();
  if (chosen.name === 'given') {
    const { kubeconfig } = await chosen.cluster();
    const uninstall = ['uninstall', 'ml-api', '--ignore-not-found', '--wait'];
    const { status } = spawnSync(toolPath('helm'), [...uninstall, '--kubeconfig', kubeconfig], {
      stdio: 'inherit',
    });
    process.exitCode = status ?? 1;
  }
  await down(say);
} catch (error) {
  if (!(error instanceof ClusterError)) throw error;
  process.stderr.write(`${error.message}\n`);
  process.exitCode = 1;
}
