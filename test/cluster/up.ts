// `npm run up`: from a clone to a release on a cluster, with the addresses to open. `npm run down` removes both.
import { spawnSync } from 'node:child_process';
import path from 'node:path';
import { toolPath } from '../tools/tool.ts';
import { provider } from './cluster.ts';
import { ClusterError } from './cluster-error.ts';
import { exitWith } from './exit.ts';
import { loadPredictorImage } from './predictor-image.ts';

const chart = path.resolve(import.meta.dirname, '../../charts/ml-api');
const release = 'ml-api';
const host = 'ml.local'; // of the chart's defaults

const usage = `Usage: npm run up -- [OPTIONS OF HELM]

Brings a cluster up and installs the chart on it: on the cluster of KUBECONFIG where that is set, else on kind's, else on a home-built
one (root). Options are helm's, such as --set versions.v2.enabled=true or --values mine.yaml.
`;

const options = process.argv.slice(2);
if (options.includes('--help') || options.includes('-h')) process.stdout.write(usage);
else await exitWith(() => up(options));

/** @param options for helm, such as `--set versions.v2.enabled=true` or `--values mine.yaml` */
async function up(options: readonly string[]): Promise<number> {
  checkOptions(options);
  const chosen = provider();
  await chosen.up(say);
  const { kubeconfig, kubectl, ingress } = await chosen.cluster();
  const image = chosen.name === 'given' ? undefined : await loadPredictorImage(chosen, say);
  say('installing the chart');
  const local = image
    ? ['--set', `image.repository=${image.repository}`, '--set', `image.tag=${image.tag}`]
    : []; // the published image, on a cluster that pulls
  const install = ['upgrade', '--install', release, chart, '--wait', '--timeout=3m', ...local];
  const { status } = spawnSync(
    toolPath('helm'),
    [...install, '--kubeconfig', kubeconfig, '--hide-notes', ...options],
    { stdio: ['ignore', 'ignore', 'inherit'] },
  );
  if (status !== 0) {
    throw new ClusterError(
      `helm could not install the release: see above. What its pods say: ${kubectl} --kubeconfig ${kubeconfig} describe pods. The cluster stays up until npm run down.`,
    );
  }
  process.stdout.write(nextSteps(kubeconfig, ingress?.http));
  return 0;
}

/** Before minutes go into a cluster: --help is read after all other options. @throws ClusterError in Helm's words */
function checkOptions(options: readonly string[]): void {
  const { status, stderr } = spawnSync(toolPath('helm'), ['upgrade', '--help', ...options], {
    encoding: 'utf8',
  });
  if (status !== 0)
    throw new ClusterError(`${stderr.trim()}. Run npm run up -- --help to see what it takes.`);
}

function nextSteps(kubeconfig: string, address: string | undefined): string {
  const ip = address?.split(':')[0];
  const port = address?.endsWith(':80') ? '' : `:${address?.split(':')[1]}`;
  const reach = address
    ? `
  curl http://${address}/predict -H 'Host: ${host}' -H 'Content-Type: application/json' -d '{"inputs":[5.1,3.5,1.4,0.2]}'

To open it in a browser, add this line to /etc/hosts, then go to http://${host}${port}/
  ${ip} ${host}
`
    : '';
  return `
ml-api is up.
${reach}
Helm and kubectl of this checkout, on that cluster:
  export KUBECONFIG=${kubeconfig}
  npm run helm -- test ${release} --logs
  npm run cluster -- kubectl get pods

All of it goes with: npm run down
`;
}

function say(line: string): void {
  process.stderr.write(`${line} …\n`);
}
