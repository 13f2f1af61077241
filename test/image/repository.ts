// Names of images' repositories, as docker reads them.

export interface Repository {
  /** The registry, such as ghcr.io or localhost:5000. */
  readonly host: string;
  /** The whole name, the registry in it. */
  readonly name: string;
  /** Whether the registry is on this machine, where docker, too, speaks plain HTTP to it. */
  readonly isLocal: boolean;
}

const HOST = /^(?:[a-z0-9]+(?:[.-][a-z0-9]+)*|\[[0-9a-f:]+\])(?::\d{1,5})?$/;
const PART = /^[a-z0-9]+(?:(?:\.|_{1,2}|-+)[a-z0-9]+)*$/;
const LOCAL = /^(?:localhost|127(?:\.\d{1,3}){3}|\[::1\])(?::|$)/;

/**
 * Reads a name without tag and digest. Its first part is a registry if it has a dot or a colon, or is localhost; else the registry is
 * Docker Hub. https://github.com/distribution/reference/blob/main/normalize.go
 * @returns undefined for what no registry takes
 */
export function parseRepository(text: string): Repository | undefined {
  const parts = text.split('/');
  const [first = ''] = parts;
  const host = /[.:]/.test(first) || first === 'localhost' ? first : 'docker.io';
  const path = host === first ? parts.slice(1) : parts;
  // What has no owner on Docker Hub is Docker's own.
  const fewest = host === 'docker.io' ? 2 : 1;
  if (!HOST.test(host) || path.length < fewest || !path.every((part) => PART.test(part)))
    return undefined;
  return { host, name: [host, ...path].join('/'), isLocal: LOCAL.test(host) };
}

/**
 * The digest of a repository's image among docker's RepoDigests, where Docker Hub's names stand without their registry.
 * @param repoDigests NAME@DIGEST
 */
export function digestAmong(
  repoDigests: readonly string[],
  { name }: Repository,
): string | undefined {
  return repoDigests
    .map((one) => one.split('@'))
    .find(([theirs = '']) => parseRepository(theirs)?.name === name)?.[1];
}
