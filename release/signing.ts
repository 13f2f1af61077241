// Signatures by cosign: keyless, as the workflow that runs the release, or for rehearsals with a key and without a transparency log.
import { writeFileSync } from 'node:fs';
import path from 'node:path';
import type { Repository } from '../test/image/repository.ts';
import { tool } from './command.ts';
import { ReleaseProblem } from './problem.ts';
import { out } from './repository-root.ts';

/** What is said of something that has a digest. */
export interface Predicate {
  /** As cosign calls it. */
  readonly type: 'spdxjson' | 'cyclonedx' | 'slsaprovenance1';
  readonly file: string;
}

export interface Signer {
  /** Signs what has the digest, and, of a list, each of what it lists. */
  sign(repository: Repository, digest: string): void;
  /** Signs that the predicate is of what has the digest, and of nothing that it lists. */
  attest(repository: Repository, digest: string, predicate: Predicate): void;
  /** The arguments of `cosign verify` and `verify-attestation` that only our signatures pass. */
  readonly verifyWith: readonly string[];
}

const ISSUER = 'https://token.actions.githubusercontent.com';

/** @param identity the workflow's, as its certificates name it */
export function createSigner(key: string | undefined, identity: string): Signer {
  const [signWith, verifyWith] = key === undefined ? keyless(identity) : withKey(key);
  const at = ({ name, isLocal }: Repository, digest: string) => [
    ...(isLocal ? ['--allow-http-registry'] : []),
    `${name}@${digest}`,
  ];
  return {
    verifyWith,
    sign: (repository, digest) => {
      tool('cosign', ['sign', '--yes', '--recursive', ...signWith, ...at(repository, digest)]);
    },
    attest: (repository, digest, { type, file }) => {
      const predicate = ['--type', type, '--predicate', file];
      tool('cosign', ['attest', '--yes', ...signWith, ...predicate, ...at(repository, digest)]);
    },
  };
}

function keyless(identity: string) {
  return [[], ['--certificate-identity', identity, '--certificate-oidc-issuer', ISSUER]] as const;
}

function withKey(key: string) {
  // No service at all: neither a log nor a clock of others is told of a rehearsal.
  const config = path.join(out, 'signing-config.json');
  tool('cosign', ['signing-config', 'create', '--out', config]);
  const publicKey = path.join(out, 'cosign.pub');
  writeFileSync(publicKey, tool('cosign', ['public-key', '--key', key]).stdout);
  return [
    ['--key', key, '--signing-config', config],
    ['--key', 'cosign.pub', '--insecure-ignore-tlog=true'],
  ] as const;
}

/** @throws ReleaseProblem where nobody vouches for who signs */
export function expectIdentity(env: NodeJS.ProcessEnv): void {
  if (!env['ACTIONS_ID_TOKEN_REQUEST_URL'] && !env['SIGSTORE_ID_TOKEN'])
    throw new ReleaseProblem(
      'Signing without --key needs the identity of a workflow, and there is none here. Run this in .github/workflows/release.yml, whose job has the permission "id-token: write", or rehearse with --key FILE.',
    );
}
