// Builds the image with what is there: docker, podman or buildah. `npm run image`
//
//   node test/image/build.ts [--tag NAME:TAG] [--variant cuda] [--archive FILE] [--push REGISTRY/REPOSITORY] [--stand-ins]
//
// --variant     cuda: with what a run on an NVIDIA card needs (docs/gpu.md). Default: cpu.
// --push        To a registry that the cluster can pull from; prints the `helm install` for it. Log in first, as with
//               docker login.
// --stand-ins   Where no container registry can be reached: makes local images of the same names as the
//               Dockerfile's base images, of Debian's packages and npm's Node, and builds on these.
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { type Builder, push, repositoryProblem } from './push.ts';
import { makeStandIns } from './stand-ins.ts';

const root = path.resolve(import.meta.dirname, '../..');
const { version } = JSON.parse(readFileSync(path.join(root, 'package.json'), 'utf8'));
const { values } = parseArgs({
  options: {
    tag: { type: 'string' },
    archive: { type: 'string' },
    push: { type: 'string' },
    variant: { type: 'string', default: 'cpu' },
    'stand-ins': { type: 'boolean', default: false },
  },
});

// The chart asks for these tags where image.tag is empty.
const release = `${version}${values.variant === 'cuda' ? '-cuda' : ''}`;
const tag = values.tag ?? `localhost/ml-api:${release}`;
const problem = ['cpu', 'cuda'].includes(values.variant)
  ? values.push !== undefined && repositoryProblem(values.push)
  : `--variant: expected cpu or cuda, got "${values.variant}".`;
if (problem) {
  process.stderr.write(`${problem}\n`);
  process.exit(2);
}

const builders: readonly Builder[] = values['stand-ins']
  ? ['buildah']
  : ['docker', 'podman', 'buildah'];
const builder = builders.find(works);
if (builder === undefined) {
  process.stderr.write(
    values['stand-ins']
      ? 'buildah is needed for --stand-ins. On Debian: apt-get install buildah mmdebstrap\n'
      : 'docker, podman or buildah is needed to build the image, and none of them answers. On Debian: apt-get install buildah\n',
  );
  process.exit(1);
}
if (values['stand-ins']) makeStandIns();

// The commit's time, so that the same source gives the same image.
const timestamp = capture('git', ['log', '-1', '--format=%ct']) || '0';
const certificates = process.env['NODE_EXTRA_CA_CERTS'];
const secrets = certificates
  ? [
      '--secret',
      `id=ca,src=${certificates}`,
      '--secret',
      `id=npmrc,src=${path.join(import.meta.dirname, 'npmrc')}`,
    ]
  : [];
const own = {
  docker: ['build'],
  podman: ['build', '--timestamp', timestamp],
  buildah: [
    'bud',
    '--layers',
    '--timestamp',
    timestamp,
    '--isolation',
    'chroot',
    '--network',
    'host',
  ],
}[builder];
run(builder, [
  ...(own ?? []),
  ...(values['stand-ins'] ? ['--pull-never'] : []),
  ...secrets,
  '--build-arg',
  `VARIANT=${values.variant}`,
  '--tag',
  tag,
  root,
]);
if (values.archive !== undefined) exportArchive(builder, tag, path.resolve(values.archive));
process.stdout.write(`${tag} is built with ${builder}.\n`);
if (values.push !== undefined) {
  const digest = push(builder, tag, values.push, release);
  if (digest === undefined) {
    process.stderr.write(
      `${tag} was not pushed to ${values.push}: see above. Are you logged in, as by \`${builder} login ${values.push.split('/')[0]}\`?\n`,
    );
    process.exit(1);
  }
  process.stdout.write(`
${values.push}:${release} is ${digest}. On a cluster that can pull it:

  helm install ml-api charts/ml-api --set image.repository=${values.push} ${
    values.variant === 'cuda' ? '--set versions.v1.gpu.count=1' : `--set image.digest=${digest}`
  }
`);
}

/** Docker's client may be there without an engine: only an answer counts. */
function works(command: string): boolean {
  return (
    spawnSync(command, [command === 'buildah' ? 'version' : 'info'], { stdio: 'ignore' }).status ===
    0
  );
}

/** An OCI archive, which a cluster's containerd imports without a registry. */
function exportArchive(command: string, tag: string, file: string): void {
  if (command === 'buildah') run('buildah', ['push', '--quiet', tag, `oci-archive:${file}:${tag}`]);
  else if (command === 'podman')
    run('podman', ['save', '--quiet', '--format', 'oci-archive', '--output', file, tag]);
  else run('docker', ['save', '--output', file, tag]);
}

function run(command: string, args: readonly string[]): void {
  const { status, error } = spawnSync(command, args, { stdio: 'inherit' });
  if (status === 0) return;
  process.stderr.write(
    `${command} ${args[0]} failed${error ? `: ${error.message}` : ` with status ${status}`}.\n`,
  );
  process.exit(1);
}

function capture(command: string, args: readonly string[]): string {
  return spawnSync(command, args, { cwd: root, encoding: 'utf8' }).stdout?.trim() ?? '';
}
