// What a release says of itself: what changed, what it consists of, and how to verify it.
import { basename } from 'node:path';
import type { Repository } from '../test/image/repository.ts';
import type { Checkout } from './checkout.ts';
import type { Package } from './packages.ts';
import type { PlatformImage } from './platforms/check.ts';
import type { Sbom } from './sbom.ts';

export interface Published {
  readonly checkout: Checkout;
  readonly image: Repository;
  readonly imageDigest: string;
  readonly platforms: readonly PlatformImage[];
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
  platforms,
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
| image | \`${image.name}:${version}\` | \`${imageDigest}\` |
${platforms.map(({ platform, digest }) => `| of it, ${platform} | | \`${digest}\` |`).join('\n')}
| chart | \`oci://${chart.name}:${version}\` | \`${chartDigest}\` |
${packages.map(({ name, integrity }) => `| npm package | \`${name}@${version}\` | \`${integrity}\` |`).join('\n')}

The chart runs the image by its digest, and each node takes its platform's. The image for linux/arm64 is checked file by file; no arm64
machine has run it yet. The CUDA variant is not published: build it with
\`npm run image -- --variant cuda --push REGISTRY/REPOSITORY\`. What the image holds is listed in
${sboms.map(({ file }) => `\`${basename(file)}\``).join(', ')}.

## How to verify it

With [cosign](https://docs.sigstore.dev/cosign/system_config/installation/) 3:

\`\`\`sh
${verify('verify', image, imageDigest)}
${verify('verify', chart, chartDigest)}
${[
  verify('verify-attestation --type slsaprovenance1', image, imageDigest),
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
