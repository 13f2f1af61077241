// The cluster for development and tests: `npm run cluster -- up`.
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import path from 'node:path';
import { installPrometheus, kubectlOf } from './addons.ts';
import { cluster, down, provider, unknownAddress } from './cluster.ts';
import { ClusterError } from './cluster-error.ts';
import { interruption } from './command.ts';
import { exitWith } from './exit.ts';

const usage = `Usage: npm run cluster -- COMMAND

  up                    brings a cluster up; where one is up already, does nothing
  down                  removes it, whatever state it is in
  status [--json]       tells what is up, and how it is reached
  kubeconfig            prints the path of its kubeconfig
  url                   prints the address of its Ingress controller
  kubectl ARGUMENTS     runs kubectl on it
  load-image ARCHIVE    puts the images of an OCI archive onto its node
  prometheus            installs a Prometheus that scrapes its pods

It is the cluster of KUBECONFIG where that is set, else kind's where Docker and kind are, else a home-built one (root).
`;

const began = performance.now();

await exitWith(() => main(process.argv.slice(2)));

async function main([command, ...args]: string[]): Promise<number> {
  switch (command) {
    case 'up':
      return await up();
    case 'down':
      await down(say);
      return 0;
    case 'status':
      return await status(args.includes('--json'));
    case 'kubeconfig':
      process.stdout.write(`${(await cluster()).kubeconfig}\n`);
      return 0;
    case 'url': {
      const { ingress } = await cluster();
      if (ingress === null) throw new ClusterError(unknownAddress);
      process.stdout.write(`http://${ingress.http.replace(/:80$/, '')}\n`);
      return 0;
    }
    case 'kubectl': {
      const { kubectl, kubeconfig } = await cluster();
      const all = ['--kubeconfig', kubeconfig, ...args];
      return spawnSync(kubectl, all, { stdio: 'inherit' }).status ?? 1;
    }
    case 'load-image':
      return await loadImage(args);
    case 'prometheus':
      return await prometheus();
    case 'help':
    case '--help':
      process.stdout.write(usage);
      return 0;
    default:
      process.stderr.write(
        `${command === undefined ? 'A command is missing.' : `There is no command "${command}".`}\n\n${usage}`,
      );
      return 2;
  }
}

async function up(): Promise<number> {
  const chosen = provider();
  const interrupt = (signal: NodeJS.Signals) => {
    process.stderr.write(`\n${signal}: stopping, and removing what was begun …\n`);
    interruption.abort();
  };
  process.once('SIGINT', interrupt).once('SIGTERM', interrupt);
  say(`cluster: ${chosen.name}`);
  try {
    await chosen.up(say);
  } catch (error) {
    if (!interruption.signal.aborted) throw error;
    say('interrupted');
    return 130;
  }
  await status(false);
  return 0;
}

async function status(json: boolean): Promise<number> {
  const found = await cluster();
  if (json) {
    process.stdout.write(`${JSON.stringify(found, null, 2)}\n`);
    return 0;
  }
  const { gateway, ingress } = found;
  const lines = {
    cluster: found.provider,
    KUBECONFIG: found.kubeconfig,
    kubectl: found.kubectl,
    ingress:
      ingress && `http://${ingress.http} https://${ingress.https} class ${ingress.className}`,
    gateway: gateway && `${gateway.namespace}/${gateway.name}, at the same addresses`,
    NetworkPolicy: found.networkPolicyEnforced ? 'enforced' : 'not enforced',
  };
  const text = Object.entries(lines).map(
    ([name, value]) => `${`${name}:`.padEnd(15)} ${value ?? 'not known'}\n`,
  );
  process.stdout.write(text.join(''));
  return 0;
}

async function loadImage([archive]: string[]): Promise<number> {
  if (archive === undefined || !existsSync(archive)) {
    throw new ClusterError(
      `${archive === undefined ? 'load-image needs a file' : `There is no file ${archive}`}: an OCI archive, such as "npm run image -- --archive image.tar" writes.`,
    );
  }
  const names = await provider().loadImage(path.resolve(archive));
  process.stdout.write(`${names.join('\n')}\n`);
  return 0;
}

async function prometheus(): Promise<number> {
  const chosen = provider();
  if (chosen.name === 'given')
    throw new ClusterError(
      'prometheus is for clusters of our own: on the cluster of KUBECONFIG, use its Prometheus, or install kube-prometheus-stack.',
    );
  await installPrometheus(kubectlOf(await chosen.cluster()), async (archives) => {
    for (const archive of archives) await chosen.loadImage(archive);
  });
  process.stdout.write('Pods reach it at http://prometheus.monitoring:9090\n');
  return 0;
}

function say(line: string): void {
  const seconds = ((performance.now() - began) / 1000).toFixed(1);
  process.stderr.write(`[${seconds.padStart(5)}s] ${line}\n`);
}
