// What a release says of itself: what changed, what it consists of, and how to verify it.
import { basename } from 'node:path';
import type { Repository } from '../test/image/repository.ts';
import type { Checkout } from './checkout.ts';
import type { BuiltImage } from './image.ts';
import type { Package } from './packages.ts';
import type { Sbom } from './sbom.ts';
import type { Predicate } from './signing.ts';

export interface ReleasedImage extends BuiltImage {
  /** In words. */
  readonly what: string;
  readonly sboms: readonly Sbom[];
  readonly provenance: Predicate;
}

export interface Published {
  readonly checkout: Checkout;
  readonly image: Repository;
  readonly images: readonly ReleasedImage[];
  readonly chart: Repository;
  /** undefined: not pushed. */
  readonly chartDigest: string | undefined;
  readonly packages: readonly Package[];
  /** For `cosign verify`. */
  readonly verifyWith: readonly string[];
}

export function notes({
  checkout: { version, commit, changes },
  image,
  images,
  chart,
  chartDigest = 'sha256:… (not pushed)',
  packages,
  verifyWith,
}: Published): string {
  const verify = (command: string, { name, isLocal }: Repository, digest: string) =>
    [
      'cosign',
      command,
      ...verifyWith,
      ...(isLocal ? ['--allow-http-registry'] : []),
      `${name}@${digest}`,
    ].join(' ');
  const sboms = images.flatMap((one) => one.sboms);
  const rowsOf = ({ variant, tags: [tag], digest, platforms }: ReleasedImage) => [
    `| image${variant === 'cuda' ? ', CUDA' : ''} | \`${image.name}:${tag}\` | \`${digest}\` |`,
    ...platforms.map(({ platform, digest: own }) => `| of it, ${platform} | | \`${own}\` |`),
  ];
  return `# ml-api ${version}

Of commit ${commit}, ${changes.date}.

${changes.text}

## What it consists of

| | | |
| --- | --- | --- |
${images.flatMap(rowsOf).join('\n')}
| chart | \`oci://${chart.name}:${version}\` | \`${chartDigest}\` |
${packages.map(({ name, integrity }) => `| npm package | \`${name}@${version}\` | \`${integrity}\` |`).join('\n')}

The chart runs the image by its digest, and each node takes its platform's. The image for linux/arm64 is checked file by file; no arm64
machine has run it yet. ${
    images.some(({ variant }) => variant === 'cuda')
      ? 'The CUDA variant is for linux/amd64, and is what a version with `gpu.count` runs; no GPU has run it yet.'
      : 'The CUDA variant is not published: build it with\n`npm run image -- --variant cuda --push REGISTRY/REPOSITORY`.'
  } What the image holds is listed in
${sboms.map(({ file }) => `\`${basename(file)}\``).join(', ')}.

## How to verify it

With [cosign](https://docs.sigstore.dev/cosign/system_config/installation/) 3:

\`\`\`sh
${images.map(({ digest }) => verify('verify', image, digest)).join('\n')}
${verify('verify', chart, chartDigest)}
${[
  ...images.map(({ digest }) => verify('verify-attestation --type slsaprovenance1', image, digest)),
  verify('verify-attestation --type slsaprovenance1', chart, chartDigest),
]
  .map((attested) => `${attested} >/dev/null # prints who built it, from what`)
  .join('\n')}
${sboms
  .map(({ type, of }) => verify(`verify-attestation --type ${type}`, image, of.digest))
  .map((attested) => `${attested} >/dev/null # prints the list`)
  .join('\n')}
\`\`\`

What npm has installed, \`npm audit signatures\` verifies.
`;
}
