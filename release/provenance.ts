// Who built what is released, from what, and how: SLSA provenance, https://slsa.dev/spec/v1.2/provenance. cosign makes an in-toto statement
// of it for each digest that it is attested for.
import { randomUUID } from 'node:crypto';
import { mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import type { Checkout } from './checkout.ts';
import { out } from './repository-root.ts';
import type { Predicate } from './signing.ts';

/** https://github.com/in-toto/attestation/blob/main/spec/v1/resource_descriptor.md */
export interface Resource {
  readonly uri?: string;
  readonly name?: string;
  readonly digest: Readonly<Record<string, string>>;
}

export interface Run {
  readonly checkout: Pick<Checkout, 'version' | 'commit'>;
  /** The address of the repository. */
  readonly source: string;
  /** Whether who signs is a workflow's identity, and not the owner of a key. */
  readonly isKeyless: boolean;
  readonly standIns: boolean;
  readonly startedOn: Date;
}

/** The environment of a step: https://docs.github.com/actions/reference/workflows-and-actions/variables */
type Environment = Readonly<Record<string, string | undefined>>;

/**
 * @param name of the file, without an ending
 * @param from what it is made of beside the repository
 */
export function makeProvenance(
  name: string,
  run: Run,
  from: readonly Resource[],
  env: Environment,
): Predicate {
  const folder = path.join(out, 'provenance');
  mkdirSync(folder, { recursive: true });
  const file = path.join(folder, `${name}.json`);
  writeFileSync(
    file,
    `${JSON.stringify(provenanceOf(run, from, env, new Date()), undefined, 2)}\n`,
  );
  return { type: 'slsaprovenance1', file };
}

export function provenanceOf(
  run: Run,
  from: readonly Resource[],
  env: Environment,
  finishedOn: Date,
) {
  const { source, startedOn, isKeyless } = run;
  const { version, commit } = run.checkout;
  const repository = { uri: `git+${source}@refs/tags/v${version}`, digest: { gitCommit: commit } };
  const { definition, builder, invocationId } =
    isKeyless && env['GITHUB_WORKFLOW_REF'] ? byWorkflow(source, env) : byHand(run);
  return {
    buildDefinition: { ...definition, resolvedDependencies: [repository, ...from] },
    runDetails: {
      builder: { id: builder },
      metadata: {
        invocationId,
        startedOn: startedOn.toISOString(),
        finishedOn: finishedOn.toISOString(),
      },
    },
  };
}

/** As GitHub's own attestations have it: https://actions.github.io/buildtypes/workflow/v1 */
function byWorkflow(source: string, env: Environment) {
  const workflow = env['GITHUB_WORKFLOW_REF'] ?? '';
  const [file = ''] = workflow.split('@');
  return {
    definition: {
      buildType: 'https://actions.github.io/buildtypes/workflow/v1',
      externalParameters: {
        workflow: {
          ref: env['GITHUB_REF'],
          repository: source,
          path: file.replace(`${env['GITHUB_REPOSITORY']}/`, ''),
        },
      },
      internalParameters: {
        github: {
          event_name: env['GITHUB_EVENT_NAME'],
          repository_id: env['GITHUB_REPOSITORY_ID'],
          repository_owner_id: env['GITHUB_REPOSITORY_OWNER_ID'],
          runner_environment: env['RUNNER_ENVIRONMENT'],
        },
      },
    },
    // The name that the certificate of the signature has, too.
    builder: `${env['GITHUB_SERVER_URL']}/${workflow}`,
    invocationId: `${source}/actions/runs/${env['GITHUB_RUN_ID']}/attempts/${env['GITHUB_RUN_ATTEMPT']}`,
  };
}

/** No service says what ran: it is the word of whoever has the key, and the page says so. */
function byHand({ source, standIns, checkout: { version } }: Run) {
  const page = `${source}/blob/v${version}/docs/releasing.md`;
  return {
    definition: {
      buildType: `${page}#provenance`,
      externalParameters: { repository: source, ref: `refs/tags/v${version}`, standIns },
    },
    builder: `${page}#by-hand`,
    invocationId: `urn:uuid:${randomUUID()}`,
  };
}
