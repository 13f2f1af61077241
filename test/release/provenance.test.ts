// Whose word the provenance of a release is: the workflow's where its identity signs, and else that of whoever has the key.
import { describe, expect, it } from 'vitest';
import { provenanceOf } from '../../release/provenance.ts';

const run = {
  checkout: { version: '1.2.3', commit: 'c'.repeat(40) },
  source: 'https://github.com/acme/serving',
  isKeyless: true,
  standIns: false,
  startedOn: new Date('2026-11-29T20:00:00Z'),
};
const finishedOn = new Date('2026-11-29T20:10:00Z');
const base = { uri: 'pkg:docker/a@1', digest: { sha256: 'a'.repeat(64) } };
/** https://docs.github.com/actions/reference/workflows-and-actions/variables */
const workflow = {
  GITHUB_SERVER_URL: 'https://github.com',
  GITHUB_REPOSITORY: 'acme/serving',
  GITHUB_WORKFLOW_REF: 'acme/serving/.github/workflows/release.yml@refs/tags/v1.2.3',
  GITHUB_REF: 'refs/tags/v1.2.3',
  GITHUB_RUN_ID: '77',
  GITHUB_RUN_ATTEMPT: '2',
  GITHUB_EVENT_NAME: 'push',
  GITHUB_REPOSITORY_ID: '1',
  GITHUB_REPOSITORY_OWNER_ID: '3',
  RUNNER_ENVIRONMENT: 'github-hosted',
};

describe('the provenance', () => {
  it('by the workflow has the shape of the attestations of GitHub', () => {
    expect(provenanceOf(run, [base], workflow, finishedOn)).toEqual({
      buildDefinition: {
        buildType: 'https://actions.github.io/buildtypes/workflow/v1',
        externalParameters: {
          workflow: {
            ref: 'refs/tags/v1.2.3',
            repository: 'https://github.com/acme/serving',
            path: '.github/workflows/release.yml',
          },
        },
        internalParameters: {
          github: {
            event_name: 'push',
            repository_id: '1',
            repository_owner_id: '3',
            runner_environment: 'github-hosted',
          },
        },
        resolvedDependencies: [
          {
            uri: 'git+https://github.com/acme/serving@refs/tags/v1.2.3',
            digest: { gitCommit: 'c'.repeat(40) },
          },
          base,
        ],
      },
      runDetails: {
        builder: {
          id: 'https://github.com/acme/serving/.github/workflows/release.yml@refs/tags/v1.2.3',
        },
        metadata: {
          invocationId: 'https://github.com/acme/serving/actions/runs/77/attempts/2',
          startedOn: '2026-11-29T20:00:00.000Z',
          finishedOn: '2026-11-29T20:10:00.000Z',
        },
      },
    });
  });

  it.each([
    ['with a key, also in a workflow', { ...run, isKeyless: false }, workflow],
    ['by an identity elsewhere', run, {}],
  ])('%s claims no workflow', (_, by, env) => {
    const { buildDefinition, runDetails } = provenanceOf(by, [], env, finishedOn);
    const page = 'https://github.com/acme/serving/blob/v1.2.3/docs/releasing.md';
    expect(buildDefinition).toMatchObject({
      buildType: `${page}#provenance`,
      externalParameters: { ref: 'refs/tags/v1.2.3', standIns: false },
    });
    expect(runDetails.builder).toEqual({ id: `${page}#by-hand` });
    expect(runDetails.metadata.invocationId).toMatch(/^urn:uuid:/);
    expect(JSON.stringify([buildDefinition, runDetails])).not.toContain('actions');
  });
});
