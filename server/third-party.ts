// What others have written of the shipped program: their licences, and a list of their packages.
import { readdir, readFile } from 'node:fs/promises';
import path from 'node:path';

export const root = path.resolve(import.meta.dirname, '..');

/** @param directory of a package, from the repository's root */
export async function manifestOf(directory: string) {
  return JSON.parse(await readFile(path.resolve(root, directory, 'package.json'), 'utf8'));
}

/** The licences and notices of packages: most ask that they come along. */
export async function licensesOf(directories: ReadonlySet<string>): Promise<string> {
  const texts = await Promise.all(
    [...directories].map(async (directory) => {
      const { name, version, license } = await manifestOf(directory);
      const folder = path.resolve(root, directory);
      const licenses = await Promise.all(
        (await readdir(folder))
          .filter((file) => /^(licen[cs]e|notice|copying)/i.test(file))
          .map((file) => readFile(path.join(folder, file), 'utf8')),
      );
      return [`${name} ${version} (${license})`, ...licenses].join('\n\n');
    }),
  );
  return `${texts.sort().join(`\n\n${'-'.repeat(80)}\n\n`)}\n`;
}

/**
 * The packages as CycloneDX, since nobody who looks at the bundle can find them in it: scanners such as syft read such files.
 * https://cyclonedx.org/docs/1.6/json/
 */
export async function componentsOf(directories: ReadonlySet<string>): Promise<string> {
  const manifests = await Promise.all([...directories].map(manifestOf));
  const components = manifests.map(({ name, version, license }) => {
    // https://github.com/package-url/purl-spec: the @ of a scope is encoded.
    const purl = `pkg:npm/${name.replace('@', '%40')}@${version}`;
    return {
      type: 'library',
      'bom-ref': purl,
      name,
      version,
      purl,
      ...(license && { licenses: [{ expression: license }] }),
    };
  });
  const byReference = new Map(components.map((one) => [one['bom-ref'], one]));
  return JSON.stringify({
    bomFormat: 'CycloneDX',
    specVersion: '1.6',
    version: 1,
    components: [...byReference.keys()].sort().map((reference) => byReference.get(reference)),
  });
}
