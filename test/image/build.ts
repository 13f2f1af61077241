// Builds the image with what is there: docker, podman or buildah. `npm run image`
//
//   node test/image/build.ts [--tag NAME:TAG] [--platform PLATFORMS] [--variant cuda] [--archive FILE] [--push REGISTRY/REPOSITORY]
//     [--stand-ins]
//
// --platform    linux/amd64, linux/arm64, or both with a comma between, as one image, for which podman or buildah are preferred: docker
//               needs its containerd image store. Nothing is emulated. Default: the platform of this machine.
// --variant     cuda: with what a run on an NVIDIA card needs (docs/gpu.md). Default: cpu.
// --push        To a registry that the cluster can pull from, Docker Hub where none is named; prints the `helm install`
//               for it. Log in first, as with docker login.
// --stand-ins   Where no container registry can be reached: makes local images of the same names as the
//               Dockerfile's base images, of Debian's packages and npm's Node, and builds on these.
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { type Builder, buildImage, runBuilder, works } from './builder.ts';
import { PLATFORMS, parsePlatforms } from './platforms.ts';
import { push } from './push.ts';
import { parseRepository, type Repository } from './repository.ts';

const root = path.resolve(import.meta.dirname, '../..');
const { version } = JSON.parse(readFileSync(path.join(root, 'package.json'), 'utf8'));
const values = commandLine();
const { variant, 'stand-ins': standIns } = values;

// The chart asks for these tags where image.tag is empty.
const release = `${version}${variant === 'cuda' ? '-cuda' : ''}`;
const tag = values.tag ?? `localhost/ml-api:${release}`;
if (!['cpu', 'cuda'].includes(variant))
  end(`--variant: expected cpu or cuda, got "${variant}".`, 2);
const platforms = values.platform === undefined ? [] : parsePlatforms(values.platform);
if (platforms === undefined)
  end(
    `--platform: expected ${PLATFORMS.join(' or ')}, or both with a comma between; got ${JSON.stringify(values.platform)}.`,
    2,
  );
if (variant === 'cuda' && platforms.includes('linux/arm64'))
  end('--variant cuda is for linux/amd64 only: leave --platform out, or build without CUDA.', 2);
const isList = platforms.length > 1;
const repository = values.push === undefined ? undefined : parseRepository(values.push);
if (values.push !== undefined && repository === undefined)
  end(
    `--push: expected REGISTRY/REPOSITORY in lower case, without a tag, such as ghcr.io/you/ml-api; got ${JSON.stringify(values.push)}.`,
    2,
  );

const builders: readonly Builder[] = standIns
  ? ['buildah']
  : isList
    ? ['podman', 'buildah', 'docker'] // docker needs a setting for it
    : ['docker', 'podman', 'buildah'];
const builder = builders.find(works);
if (builder === undefined)
  end(
    standIns
      ? 'buildah is needed for --stand-ins. On Debian: apt-get install buildah mmdebstrap'
      : 'docker, podman or buildah is needed to build the image, and none of them answers. On Debian: apt-get install buildah',
    1,
  );
try {
  buildImage({ builder, tag, variant, standIns, platforms });
  if (values.archive !== undefined) exportArchive(builder, path.resolve(values.archive));
} catch (error) {
  end(error instanceof Error ? error.message : String(error), 1);
}
process.stdout.write(`${tag} is built with ${builder}.\n`);
if (values.push === undefined && values.archive === undefined && builder !== 'buildah')
  process.stdout.write(`Try it: ${builder} run --rm -p 5000:5000 ${tag}\n`);
if (repository !== undefined) pushTo(repository, builder);

function pushTo(repository: Repository, builder: Builder): void {
  const { host, name } = repository;
  const digest = push(builder, tag, repository, release, isList);
  if (digest === undefined)
    end(
      `${tag} was not pushed to ${name}: see above. Are you logged in, as by \`${builder} login ${host}\`?`,
      1,
    );
  process.stdout.write(`
${name}:${release} is ${digest}. On a cluster that can pull it:

  helm install ml-api charts/ml-api --set image.repository=${name} ${
    variant === 'cuda'
      ? '--set versions.v1.gpu.count=1,versions.v1.autoscaling.type=none'
      : `--set image.digest=${digest}`
  }
`);
}

/** An OCI archive, which a cluster's containerd imports without a registry. */
function exportArchive(builder: Builder, file: string): void {
  if (isList && builder !== 'docker')
    runBuilder(builder, [
      'manifest',
      'push',
      '--all',
      '--quiet',
      tag,
      `oci-archive:${file}:${tag}`,
    ]);
  else if (builder === 'buildah')
    runBuilder(builder, ['push', '--quiet', tag, `oci-archive:${file}:${tag}`]);
  else if (builder === 'podman')
    runBuilder(builder, ['save', '--quiet', '--format', 'oci-archive', '--output', file, tag]);
  else runBuilder(builder, ['save', '--output', file, tag]);
}

function commandLine() {
  try {
    return parseArgs({
      options: {
        tag: { type: 'string' },
        archive: { type: 'string' },
        platform: { type: 'string' },
        push: { type: 'string' },
        variant: { type: 'string', default: 'cpu' },
        'stand-ins': { type: 'boolean', default: false },
      },
    }).values;
  } catch (error) {
    return end(
      `${error instanceof Error ? error.message : error}\nUsage: npm run image -- [--tag NAME:TAG] [--platform PLATFORMS] [--variant cuda] [--archive FILE] [--push REGISTRY/REPOSITORY] [--stand-ins]`,
      2,
    );
  }
}

function end(message: string, status: number): never {
  process.stderr.write(`${message}\n`);
  process.exit(status);
}
