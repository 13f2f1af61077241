// Where the version stands. package.json's is the one that counts; a release sets and compares the others.
import { readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { ReleaseProblem } from './problem.ts';

/** Of SemVer, without build metadata, which no tag of an image can have. https://semver.org */
export const VERSION =
  /^(?:0|[1-9]\d*)\.(?:0|[1-9]\d*)\.(?:0|[1-9]\d*)(?:-(?:0|[1-9]\d*|\d*[a-zA-Z-][\da-zA-Z-]*)(?:\.(?:0|[1-9]\d*|\d*[a-zA-Z-][\da-zA-Z-]*))*)?$/;

/** Files, and what stands before and after the version in each, at one or more places. */
const PLACES: readonly (readonly [file: string, before: RegExp, after: RegExp])[] = [
  ['package.json', /^ {2}"version": "/, /"/],
  ['server/package.json', /^ {2}"version": "/, /"/],
  ['sdk/package.json', /^ {2}"version": "/, /"/],
  ['package-lock.json', /"name": "(?:ml-api|@org\/ml-api|@org\/ml-sdk)",\s+"version": "/, /"/],
  // What the examples depend on.
  ['examples/github-actions/package.json', /^ {4}"@org\/ml-(?:api|sdk)": "\^/, /"/],
  ['examples/mlflow/package.json', /^ {4}"@org\/ml-(?:api|sdk)": "\^/, /"/],
  ['examples/hugging-face/package.json', /^ {4}"@org\/ml-(?:api|sdk)": "\^/, /"/],
  ['examples/node-service/package.json', /^ {4}"@org\/ml-(?:api|sdk)": "\^/, /"/],
  ['examples/web-app/package.json', /^ {4}"@org\/ml-(?:api|sdk)": "\^/, /"/],
  ['package-lock.json', /^ {8}"@org\/ml-(?:api|sdk)": "\^/, /"/],
  ['examples/gitops/argo-cd/application.yaml', /^ {6}chart: ml-api\n {6}targetRevision: /, /$/],
  ['examples/gitops/flux/oci-repository.yaml', /^ {4}tag: /, /$/],
  ['examples/gitops/terraform/main.tf', /^ {2}version {4}= "/, /"/],
  ['examples/github-actions/Dockerfile', /^FROM [^\s:]+:/, /$/],
  ['examples/github-actions/.github/workflows/model.yml', / --version /, / \\$/],
  ['openapi.yaml', /^ {2}version: /, /$/],
  ['charts/ml-api/Chart.yaml', /^version: /, /$/],
  ['charts/ml-api/Chart.yaml', /^appVersion: "/, /"/],
  ['charts/ml-api/Chart.yaml', /^ {6}image: [^\s:]+:(?!.*-cuda$)/, /$/],
  ['charts/ml-api/Chart.yaml', /^ {6}image: [^\s:]+:/, /-cuda$/],
];

const patternOf = (before: RegExp, after: RegExp) =>
  new RegExp(`(?<=${before.source})[^\\s"]+(?=${after.source})`, 'gm');

/** As SemVer orders them: negative where one is lower than other. */
export function compareVersions(one: string, other: string): number {
  const [left, right] = [one, other].map((version) => {
    const [core = '', ...before] = version.split('-');
    return { core: core.split('.').map(Number), before: before.join('-') };
  });
  for (const at of [0, 1, 2]) {
    const difference = (left?.core[at] ?? 0) - (right?.core[at] ?? 0);
    if (difference !== 0) return difference;
  }
  if (left?.before === right?.before) return 0;
  // A version without a part after a dash is the higher one.
  if (left?.before === '') return 1;
  if (right?.before === '') return -1;
  return String(left?.before).localeCompare(String(right?.before), 'en', { numeric: true });
}

export function versionOf(root: string): string {
  return JSON.parse(readFileSync(path.join(root, 'package.json'), 'utf8')).version;
}

/** Sentences about places that say another version than package.json. */
export function disagreements(root: string): string[] {
  const version = versionOf(root);
  return PLACES.flatMap(([file, before, after]) => {
    const found = readFileSync(path.join(root, file), 'utf8').match(patternOf(before, after));
    if (found === null)
      return [`${file} names no version where one is expected. Mend it, or release/version.ts.`];
    return found
      .filter((other) => other !== version)
      .map(
        (other) =>
          `${file} has version ${other}, and package.json has ${version}. Set one version everywhere: npm run release:prepare -- VERSION`,
      );
  });
}

/** Sets the version at each place. */
export function setVersion(root: string, version: string): void {
  for (const [file, before, after] of PLACES) {
    const name = path.join(root, file);
    const text = readFileSync(name, 'utf8');
    const pattern = patternOf(before, after);
    if (!pattern.test(text))
      throw new ReleaseProblem(
        `${file} names no version where one is expected. Mend it, or release/version.ts.`,
      );
    writeFileSync(name, text.replaceAll(pattern, version));
  }
}
