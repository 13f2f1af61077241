// What cosign has attached to an image, and what somebody attaches in its place.
import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { runTool } from '../tools/tool.ts';

/** https://docs.sigstore.dev/about/bundle/ */
const BUNDLE = 'application/vnd.dev.sigstore.bundle.v0.3+json';

export interface Statement {
  readonly predicateType: string;
  readonly subject: readonly { readonly digest: { readonly sha256: string } }[];
  readonly predicate: Provenance;
}

/** https://slsa.dev/spec/v1.2/provenance */
export interface Provenance {
  readonly buildDefinition: {
    readonly buildType: string;
    readonly resolvedDependencies: readonly {
      readonly uri?: string;
      readonly name?: string;
      readonly digest: Readonly<Record<string, string>>;
    }[];
  };
  readonly runDetails: { readonly builder: { readonly id: string } };
}

/** @param line of what `cosign verify-attestation` prints */
export const statementOf = (line: string): Statement =>
  JSON.parse(Buffer.from(JSON.parse(line).payload, 'base64').toString());

export interface Attachments {
  /** The bundle of an image's provenance. @param reference NAME@DIGEST */
  provenance(reference: string): { readonly dsseEnvelope: { readonly payload: string } };
  /** Copies an image, without what is attached to it, and attaches a bundle. @returns NAME@DIGEST of the copy */
  copyWith(reference: string, name: string, bundle: object): string;
}

/**
 * @param logins a file of docker's
 * @param folder for what is attached
 */
export function attachments(logins: string, folder: string): Attachments {
  const run = (...args: readonly string[]) => {
    const { status, stdout, stderr } = runTool('oras', args, { cwd: folder });
    if (status !== 0) throw new Error(`oras ${args.join(' ')}: ${stderr}`);
    return stdout;
  };
  const oras = (...args: readonly string[]) =>
    run(...args, '--plain-http', '--registry-config', logins);
  return {
    provenance: (reference) => {
      const [name] = reference.split('@');
      const { referrers } = JSON.parse(oras('discover', '--format', 'json', reference));
      for (const { reference: referrer } of referrers) {
        const { layers } = JSON.parse(oras('manifest', 'fetch', referrer));
        for (const { mediaType, digest } of layers) {
          if (mediaType !== BUNDLE) continue;
          const bundle = JSON.parse(oras('blob', 'fetch', '--output', '-', `${name}@${digest}`));
          const { predicateType } = statementOf(JSON.stringify(bundle.dsseEnvelope));
          if (predicateType === 'https://slsa.dev/provenance/v1') return bundle;
        }
      }
      throw new Error(`${reference} has no provenance`);
    },
    copyWith: (reference, name, bundle) => {
      const [, digest] = reference.split('@');
      const both = ['from', 'to'].flatMap((end) => [
        `--${end}-plain-http`,
        `--${end}-registry-config=${logins}`,
      ]);
      run('cp', ...both, reference, `${name}:copy`);
      writeFileSync(path.join(folder, 'bundle.json'), JSON.stringify(bundle));
      oras('attach', '--artifact-type', BUNDLE, `${name}@${digest}`, `bundle.json:${BUNDLE}`);
      return `${name}@${digest}`;
    },
  };
}
