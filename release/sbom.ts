// What each platform's image holds, by syft, in both formats that tools ask for.
import path from 'node:path';
import { tool } from './command.ts';
import type { BuiltImage } from './image.ts';
import type { PlatformImage } from './platforms/check.ts';
import { out } from './repository-root.ts';
import type { Predicate } from './signing.ts';

export interface Sbom extends Predicate {
  readonly type: 'spdxjson' | 'cyclonedx';
  readonly of: PlatformImage;
}

export function makeSboms({ layout, platforms, tags: [tag] }: BuiltImage): readonly Sbom[] {
  return platforms.flatMap((of) => {
    const name = `ml-api-${tag}.${of.platform.replace('/', '-')}`;
    const sboms: readonly (Sbom & { readonly format: string })[] = [
      { type: 'spdxjson', format: 'spdx-json', file: path.join(out, `${name}.spdx.json`), of },
      { type: 'cyclonedx', format: 'cyclonedx-json', file: path.join(out, `${name}.cdx.json`), of },
    ];
    tool('syft', [
      ...['scan', `oci-dir:${layout}`, '--platform', of.platform, '--quiet'],
      ...['--source-name', 'ml-api', '--source-version', tag],
      // Of the packages inside the bundle, the image has a list (server/third-party.ts).
      ...['--select-catalogers', '+sbom-cataloger'],
      ...sboms.flatMap(({ format, file }) => ['--output', `${format}=${file}`]),
    ]);
    return sboms;
  });
}
