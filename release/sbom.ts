// What the image holds, by syft, in both formats that tools ask for.
import path from 'node:path';
import { tool } from './command.ts';
import type { BuiltImage } from './image.ts';
import { out } from './repository-root.ts';

export interface Sbom {
  /** As cosign calls the format. */
  readonly type: 'spdxjson' | 'cyclonedx';
  readonly file: string;
}

export function makeSboms({ layout }: BuiltImage, version: string): readonly Sbom[] {
  const sboms: readonly (Sbom & { readonly format: string })[] = [
    { type: 'spdxjson', format: 'spdx-json', file: path.join(out, `ml-api-${version}.spdx.json`) },
    {
      type: 'cyclonedx',
      format: 'cyclonedx-json',
      file: path.join(out, `ml-api-${version}.cdx.json`),
    },
  ];
  tool('syft', [
    ...[
      'scan',
      `oci-dir:${layout}`,
      '--quiet',
      '--source-name',
      'ml-api',
      '--source-version',
      version,
    ],
    // Of the packages inside the bundle, the image has a list (server/third-party.ts).
    ...['--select-catalogers', '+sbom-cataloger'],
    ...sboms.flatMap(({ format, file }) => ['--output', `${format}=${file}`]),
  ]);
  return sboms;
}
