// How an artifact or image is named: `oci://ghcr.io/org/iris:1.2`, `oci://ghcr.io/org/iris@sha256:…`.
import { UsageError } from '../../../util/command-error.ts';
import { quoteUri } from '../../shown-uri.ts';

export interface Reference {
  /** As people write it, and as docker's config has it. */
  readonly host: string;
  readonly origin: URL;
  readonly repository: string;
  /** A tag, or a digest; of both the digest counts, as everywhere. */
  readonly version: string;
}

const FORM = 'oci://REGISTRY/REPOSITORY:TAG or oci://REGISTRY/REPOSITORY@sha256:…';

// https://github.com/opencontainers/distribution-spec/blob/main/spec.md#pulling-manifests
const NAME = /^[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*(?:\/[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*)*$/;
const HOST = /^(?:[A-Za-z0-9](?:[A-Za-z0-9.-]*[A-Za-z0-9])?|\[[0-9a-fA-F:]+\])(?::\d{1,5})?$/;
const URI =
  /^oci:\/\/([^/@]+)\/([^:@?#]{1,255})(?::([A-Za-z0-9_][A-Za-z0-9._-]{0,127}))?(?:@(sha256:[0-9a-f]{64}))?$/;

/**
 * @param plainHttp registries besides those of this machine that speak HTTP without TLS, by host and port, with commas between
 * @throws UsageError that says how one looks
 */
export function parseReference(uri: string, plainHttp: string | undefined): Reference {
  const [, host = '', repository = '', tag, digest] = URI.exec(uri) ?? [];
  if (!HOST.test(host) || !URL.canParse(`https://${host}`) || !NAME.test(repository))
    throw new UsageError(`${quoteUri(uri)} names no artifact of a registry; expected ${FORM}.`);
  const isPlain =
    /^(localhost|127(\.\d+){3}|\[::1\])(:\d+)?$/.test(host) ||
    (plainHttp ?? '').split(',').some((one) => one.trim() === host);
  const isHub = host === 'docker.io' || host === 'index.docker.io';
  return {
    host,
    origin: new URL(`${isPlain ? 'http' : 'https'}://${isHub ? 'registry-1.docker.io' : host}`),
    repository: isHub && !repository.includes('/') ? `library/${repository}` : repository,
    version: digest ?? tag ?? 'latest',
  };
}
