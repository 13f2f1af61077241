// What a release says of itself: what changed, what it consists of, and how to verify it.
import { basename } from 'node:path';
import type { Repository } from '../test/image/repository.ts';
import type { Checkout } from './checkout.ts';
import type { Package } from './packages.ts';
import type { Sbom } from './sbom.ts';

export interface Published {
  readonly checkout: Checkout;
  readonly image: Repository;
  readonly imageDigest: string;
  readonly chart: Repository;
  /** undefined: not pushed. */
  readonly chartDigest: string | undefined;
  readonly packages: readonly Package[];
  readonly sboms: readonly Sbom[];
  /** For `cosign verify`. */
  readonly verifyWith: readonly string[];
}

export function notes({
  checkout: { version, commit, changes },
  image,
  imageDigest,
  chart,
  chartDigest = 'sha256:… (not pushed)',
  packages,
  sboms,
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
  return `# ml-api ${version}

Of commit ${commit}, ${changes.date}.

${changes.text}

## What it consists of

| | | |
| --- | --- | --- |
| image, linux/amd64 | \`${image.name}:${version}\` | \`${imageDigest}\` |
| chart | \`oci://${chart.name}:${version}\` | \`${chartDigest}\` |
${packages.map(({ name, integrity }) => `| npm package | \`${name}@${version}\` | \`${integrity}\` |`).join('\n')}

The chart runs the image by this digest. There is no image for linux/arm64, and the CUDA variant is not published: build it with
\`npm run image -- --variant cuda --push REGISTRY/REPOSITORY\`. What the image holds is listed in
${sboms.map(({ file }) => `\`${basename(file)}\``).join(' and ')}.

## How to verify it

With [cosign](https://docs.sigstore.dev/cosign/system_config/installation/) 3:

\`\`\`sh
${verify('verify', image, imageDigest)}
${verify('verify', chart, chartDigest)}
${sboms.map(({ type }) => verify(`verify-attestation --type ${type}`, image, imageDigest)).join('\n')}
\`\`\`

What npm has installed, \`npm audit signatures\` verifies.
`;
}
