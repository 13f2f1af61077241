// The command line of a release.
import { existsSync } from 'node:fs';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { parseRepository, type Repository } from '../test/image/repository.ts';

export const usage = `Usage: npm run release -- --registry REGISTRY/OWNER [options]

Builds, checks and publishes the version of package.json: the image REGISTRY/OWNER/ml-api, the chart REGISTRY/OWNER/charts/ml-api,
and the npm packages @org/ml-sdk and @org/ml-api. Writes what it made and the release notes to .cache/release.

  --registry REGISTRY/OWNER   Where the image and the chart go, such as ghcr.io/org.
  --npm-registry URL          Where the npm packages go. Default: npm's own setting.
  --key FILE                  Sign with this key of cosign, whose password is in COSIGN_PASSWORD, and without a transparency log:
                              for rehearsals. Default: keyless, as the workflow that runs this.
  --stand-ins                 Build the image on local images in place of its base images: for rehearsals.
  --without-cuda              Leave out the CUDA variant of the image, whose build takes 12 GB of disk: for rehearsals. The chart then names it by its tag.
  --dry-run                   All of it but publishing; says what would be published.
`;

export interface Options {
  readonly image: Repository;
  readonly chart: Repository;
  readonly npmRegistry: URL | undefined;
  /** Of a file with the private key; undefined: keyless. */
  readonly key: string | undefined;
  readonly standIns: boolean;
  readonly withCuda: boolean;
  readonly dryRun: boolean;
}

/** A command line that says something else than what can be done. */
export class UsageProblem extends Error {
  override readonly name = 'UsageProblem';
}

/**
 * @param cwd that a file's name is relative to
 * @returns undefined for `--help`
 */
export function readOptions(
  args: readonly string[],
  env: NodeJS.ProcessEnv,
  cwd: string,
): Options | undefined {
  const values = parse(args);
  if (values.help) return undefined;
  if (values.registry === undefined)
    throw new UsageProblem(
      '--registry is missing: name where the image and the chart go, such as ghcr.io/org.',
    );
  const place = (name: string) => {
    const repository = parseRepository(`${values.registry}/${name}`);
    if (repository === undefined)
      throw new UsageProblem(
        `--registry: expected REGISTRY/OWNER in lower case, such as ghcr.io/org; got ${JSON.stringify(values.registry)}.`,
      );
    return repository;
  };
  return {
    image: place('ml-api'),
    chart: place('charts/ml-api'),
    npmRegistry: readRegistry(values['npm-registry']),
    key: readKey(values.key, env, cwd),
    standIns: values['stand-ins'],
    withCuda: !values['without-cuda'],
    dryRun: values['dry-run'],
  };
}

function parse(args: readonly string[]) {
  try {
    return parseArgs({
      args: [...args],
      options: {
        registry: { type: 'string' },
        'npm-registry': { type: 'string' },
        key: { type: 'string' },
        'stand-ins': { type: 'boolean', default: false },
        'without-cuda': { type: 'boolean', default: false },
        'dry-run': { type: 'boolean', default: false },
        help: { type: 'boolean', default: false },
      },
    }).values;
  } catch (error) {
    throw new UsageProblem(error instanceof Error ? error.message : String(error));
  }
}

function readRegistry(text: string | undefined): URL | undefined {
  if (text === undefined) return undefined;
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url === undefined || !/^https?:$/.test(url.protocol))
    throw new UsageProblem(
      `--npm-registry: expected an http or https address; got ${JSON.stringify(text)}.`,
    );
  if (url.username || url.password)
    throw new UsageProblem(
      '--npm-registry: must hold no user name and no password: npm takes a token from its .npmrc.',
    );
  return url;
}

function readKey(
  file: string | undefined,
  env: NodeJS.ProcessEnv,
  cwd: string,
): string | undefined {
  if (file === undefined) return undefined;
  const key = path.resolve(cwd, file);
  if (!existsSync(key))
    throw new UsageProblem(
      `--key: there is no file ${JSON.stringify(file)}. Make one with: node test/tools/tool.ts cosign generate-key-pair`,
    );
  if (env['COSIGN_PASSWORD'] === undefined)
    throw new UsageProblem(
      '--key: COSIGN_PASSWORD is not set. Set it to the password of the key; to nothing where it has none.',
    );
  return key;
}
