// Releases the version that is checked out: builds, checks, and then publishes; nothing is published before all is built and checked.
// `npm run release -- --help`
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { parse } from 'yaml';
import type { Repository } from '../test/image/repository.ts';
import { makeChart, publishChart } from './chart.ts';
import { readCheckout } from './checkout.ts';
import {
  checkImage,
  expectPublished,
  makeImage,
  publishImage,
  tagsOf,
  type Variant,
} from './image.ts';
import { notes, type ReleasedImage } from './notes.ts';
import { type Options, readOptions, UsageProblem, usage } from './options.ts';
import {
  checkPackages,
  expectLogin,
  expectUnpublished,
  makePackages,
  publishPackage,
} from './packages.ts';
import { ReleaseProblem } from './problem.ts';
import { makeProvenance, type Run } from './provenance.ts';
import { expectAbsent, expectWritable } from './registry.ts';
import { out, root } from './repository-root.ts';
import { makeSboms } from './sbom.ts';
import { createSigner, expectIdentity, type Signer } from './signing.ts';

async function release(options: Options, env: NodeJS.ProcessEnv): Promise<void> {
  const { image, chart, npmRegistry, key, standIns, withCuda, dryRun } = options;
  const startedOn = new Date();
  const checkout = readCheckout();
  const { version } = checkout;

  say(`looking whether ${version} can be published`);
  for (const [tag] of [tagsOf(version, 'cpu'), tagsOf(version, 'cuda')]) expectAbsent(image, tag);
  expectAbsent(chart, version);
  expectUnpublished(version, npmRegistry);
  if (!dryRun) {
    expectWritable(image);
    expectWritable(chart);
    expectLogin(npmRegistry);
    if (key === undefined) expectIdentity(env);
  }

  rmSync(out, { recursive: true, force: true });
  mkdirSync(out, { recursive: true });
  const source = sourceOf(env);
  const signer = createSigner(key, identityOf(env, source, version));
  const run: Run = { checkout, source, isKeyless: key === undefined, standIns, startedOn };
  const variants: readonly Variant[] = withCuda ? ['cpu', 'cuda'] : ['cpu'];
  const images: ReleasedImage[] = [];
  for (const variant of variants) {
    const what = nameOf(variant);
    say(`building ${what}`);
    const built = makeImage(variant, checkout, standIns, source);
    say('checking that it holds what each platform needs');
    await checkImage(built);
    say('listing what it holds');
    const sboms = makeSboms(built);
    const provenance = makeProvenance(`image-${variant}`, run, built.bases, env);
    images.push({ ...built, what, sboms, provenance });
  }
  say('packaging the chart');
  const digests = {
    cpu: '',
    ...Object.fromEntries(images.map((one) => [one.variant, one.digest])),
  };
  const chartPackage = makeChart({ repository: image, version, digests }, chart, source);
  const inside = images.map(({ tags: [tag], digest }) => ({
    name: `${image.name}:${tag}`,
    digest: { sha256: digest.replace('sha256:', '') },
  }));
  const chartProvenance = makeProvenance('chart', run, inside, env);
  say('packing the npm packages');
  const packages = makePackages();
  checkPackages(packages);

  let chartDigest: string | undefined;
  const steps: readonly Step[] = [
    ...images.flatMap((one) => publication(one, image, signer)),
    [
      `oci://${chart.name}:${version}, a package of SHA-256 ${chartPackage.sha256}, its signature and its signed provenance`,
      () => {
        chartDigest = publishChart(chartPackage, chart, env);
        signer.sign(chart, chartDigest);
        signer.attest(chart, chartDigest, chartProvenance);
      },
    ],
    ...packages.map(
      (one) =>
        [
          `${one.name}@${one.version} to npm, ${one.integrity}`,
          () => publishPackage(one, npmRegistry, key === undefined),
        ] as const,
    ),
  ];
  for (const [what, publish] of steps) {
    say(`${dryRun ? 'would publish' : 'publishing'} ${what}`);
    if (!dryRun) publish();
  }

  const { verifyWith } = signer;
  const file = path.join(out, 'notes.md');
  writeFileSync(
    file,
    notes({
      checkout,
      image,
      images,
      chart,
      chartDigest,
      packages,
      verifyWith,
    }),
  );
  say(
    `${dryRun ? `nothing of ${version} was published` : `${version} is published`}; its notes are ${path.relative(root, file)}`,
  );
}

type Step = readonly [what: string, publish: () => void];

const nameOf = (variant: Variant) =>
  ({ cpu: 'the image', cuda: 'the CUDA variant of the image' })[variant];

function publication(one: ReleasedImage, repository: Repository, signer: Signer): readonly Step[] {
  const { what, tags, digest, platforms, sboms, provenance } = one;
  return [
    [
      `${repository.name}:${tags.join(' and :')}, ${digest}`,
      () => {
        publishImage(one, repository);
        expectPublished(one, repository);
      },
    ],
    [`the signature of ${what}`, () => signer.sign(repository, digest)],
    [
      `the signed provenance of ${what} and of each platform's`,
      () => {
        for (const { digest: signed } of [one, ...platforms])
          signer.attest(repository, signed, provenance);
      },
    ],
    ...sboms.map(
      (sbom): Step => [
        `the signed list of what ${what} holds, ${path.basename(sbom.file)}`,
        () => signer.attest(repository, sbom.of.digest, sbom),
      ],
    ),
  ];
}

/** The address of the repository: the workflow's, or the one that the chart names. */
function sourceOf(env: NodeJS.ProcessEnv): string {
  const { GITHUB_SERVER_URL: server, GITHUB_REPOSITORY: repository } = env;
  if (server && repository) return `${server}/${repository}`;
  return parse(readFileSync(path.join(root, 'charts/ml-api/Chart.yaml'), 'utf8')).home;
}

/** As certificates for a workflow name it: https://docs.sigstore.dev/certificate_authority/oidc-in-fulcio/ */
function identityOf(env: NodeJS.ProcessEnv, source: string, version: string): string {
  const { GITHUB_SERVER_URL: server, GITHUB_WORKFLOW_REF: workflow } = env;
  if (server && workflow) return `${server}/${workflow}`;
  return `${source}/.github/workflows/release.yml@refs/tags/v${version}`;
}

function say(line: string): void {
  process.stdout.write(`${line}\n`);
}

try {
  // npm changes to the root of the package; files are named from where the user is.
  const options = readOptions(
    process.argv.slice(2),
    process.env,
    process.env['INIT_CWD'] ?? process.cwd(),
  );
  if (options === undefined) process.stdout.write(usage);
  else await release(options, process.env);
} catch (error) {
  if (error instanceof UsageProblem) {
    process.stderr.write(`${error.message}\n\n${usage}`);
    process.exitCode = 2;
  } else if (error instanceof ReleaseProblem) {
    process.stderr.write(`${error.message}\n`);
    process.exitCode = 1;
  } else throw error;
}
