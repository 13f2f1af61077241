// The chart: with the digest of the released image inside, and links that lead somewhere from where it is read.
import { createHash } from 'node:crypto';
import { cpSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import type { Repository } from '../test/image/repository.ts';
import { tool } from './command.ts';
import { ReleaseProblem } from './problem.ts';
import { loginFile, plainHttp } from './registry.ts';
import { out, root } from './repository-root.ts';

export interface Chart {
  readonly file: string;
  readonly sha256: string;
}

export interface ReleasedImages {
  readonly repository: Repository;
  readonly version: string;
  /** Of each variant that is released. */
  readonly digests: Readonly<Record<'cpu', string> & Partial<Record<'cuda', string>>>;
}

/** @param source the address of the repository */
export function makeChart(images: ReleasedImages, chart: Repository, source: string): Chart {
  const folder = path.join(out, 'chart/ml-api');
  mkdirSync(path.dirname(folder), { recursive: true });
  cpSync(path.join(root, 'charts/ml-api'), folder, { recursive: true });
  const { repository, version, digests } = images;
  const { cpu, cuda } = digests;
  const ofCpu = `${repository.name}:${version}@${cpu}`;
  const ofCuda = `${repository.name}:${version}-cuda${cuda ? `@${cuda}` : ''}`;
  edit(path.join(folder, 'values.yaml'), [
    [/^( {2}repository: ).*ml-api$/m, repository.name],
    [/^( {2}released: )\[\]$/m, JSON.stringify(cuda ? [ofCpu, ofCuda] : [ofCpu])],
  ]);
  edit(path.join(folder, 'Chart.yaml'), [
    [/^( {6}image: )(?!.*-cuda$).*$/m, ofCpu],
    [/^( {6}image: ).*-cuda$/m, ofCuda],
  ]);
  writeFileSync(
    path.join(folder, 'README.md'),
    readmeElsewhere(readFileSync(path.join(folder, 'README.md'), 'utf8'), {
      at: `${source}/blob/v${version}/charts/ml-api/README.md`,
      chart: `oci://${chart.name} --version ${version}`,
    }),
  );
  tool('helm', ['package', folder, '--destination', out]);
  const file = path.join(out, `ml-api-${version}.tgz`);
  expectImages(file, [], [`${repository.name}@${cpu}`]);
  expectImages(
    file,
    ['--set', 'versions.v1.gpu.count=1,versions.v1.autoscaling.type=none'],
    [`${repository.name}@${cpu}`, cuda ? `${repository.name}@${cuda}` : ofCuda],
  );
  return { file, sha256: createHash('sha256').update(readFileSync(file)).digest('hex') };
}

/** @returns the digest that the registry knows it by */
export function publishChart(
  { file }: Chart,
  repository: Repository,
  env: NodeJS.ProcessEnv,
): string {
  const parent = repository.name.replace(/\/[^/]+$/, ''); // helm adds the chart's name
  const options = [...plainHttp(repository), '--registry-config', loginFile(env)];
  const { stdout, stderr } = tool('helm', ['push', file, `oci://${parent}`, ...options]);
  const [, digest] = /^Digest: (sha256:[0-9a-f]{64})$/m.exec(stdout + stderr) ?? [];
  if (digest === undefined)
    throw new ReleaseProblem(
      `helm push names no digest; expected a line "Digest: sha256:…": ${stdout}${stderr}`,
    );
  return digest;
}

/** A README for readers outside the repository: links lead to it, and commands take the chart from the registry. */
export function readmeElsewhere(
  readme: string,
  { at, chart }: { readonly at: string; readonly chart: string },
): string {
  return readme
    .replaceAll(/\]\((?!https?:|#|mailto:)([^)\s]+)\)/g, (_, link) => `](${new URL(link, at)})`)
    .replaceAll(
      /(helm (?:install|upgrade|template)(?: --\S+)* \S+ )charts\/ml-api\b/g,
      (_, command) => command + chart,
    );
}

/** Puts a text behind the first group of each pattern, which must be there once. */
function edit(file: string, changes: readonly (readonly [RegExp, string])[]): void {
  let text = readFileSync(file, 'utf8');
  for (const [pattern, value] of changes) {
    const found = text.match(new RegExp(pattern.source, 'gm'))?.length ?? 0;
    if (found !== 1)
      throw new ReleaseProblem(
        `${path.basename(file)} has ${found} lines like ${pattern}; expected one. Mend it, or release/chart.ts.`,
      );
    text = text.replace(pattern, (_, before) => `${before}${value}`);
  }
  writeFileSync(file, text);
}

/** @param settings arguments of `helm template` */
function expectImages(file: string, settings: readonly string[], images: readonly string[]): void {
  const manifests = tool('helm', ['template', 'ml-api', file, ...settings]).stdout;
  const found = new Set(
    [...manifests.matchAll(/^ +(?:- )?image: "?([^"\n]+)"?$/gm)].map(([, image = '']) => image),
  );
  if (found.size !== images.length || !images.every((image) => found.has(image)))
    throw new ReleaseProblem(
      `The packaged chart${settings.length > 0 ? ` with ${settings.join(' ')}` : ''} runs ${[...found].join(', ') || 'no image'}; expected ${images.join(', ')}. Mend charts/ml-api/templates/_names.tpl.`,
    );
}
