// `npm run down`: removes what `npm run up` made: the cluster where it is ours, else the release on the cluster of yours.
import { spawnSync } from 'node:child_process';
import { toolPath } from '../tools/tool.ts';
import { down, type Provider, provider } from './cluster.ts';
import { ClusterError } from './cluster-error.ts';
import { exitWith } from './exit.ts';

const say = (line: string): void => void process.stderr.write(`${line}\n`);

const usage = `Usage: npm run down

Removes what "npm run up" made: the cluster where it is ours, else the release on the cluster of KUBECONFIG. It takes no options.
`;

const [option] = process.argv.slice(2);
if (option === '--help' || option === '-h') {
  process.stdout.write(usage);
  process.exit();
}

await exitWith(async () => {
  if (option !== undefined) throw new ClusterError(`Unknown option ${option}.\n${usage}`);
  const chosen = provider();
  const status = chosen.name === 'given' ? await uninstall(chosen) : 0;
  await down(say);
  return status;
});

async function uninstall(chosen: Provider): Promise<number> {
  const { kubeconfig } = await chosen.cluster();
  const command = ['uninstall', 'ml-api', '--ignore-not-found', '--wait'];
  const { status } = spawnSync(toolPath('helm'), [...command, '--kubeconfig', kubeconfig], {
    stdio: 'inherit',
  });
  return status ?? 1;
}
