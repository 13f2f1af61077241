// examples/github-actions: its workflow is right, as far as actionlint knows, and its shell steps do what its README says.
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { parse, parseAllDocuments } from 'yaml';
import { start } from '../../server/test/start.ts';
import { chart } from '../chart/chart.ts';
import { validate } from '../chart/validate.ts';
import { type Outcome, runBash } from '../run-program.ts';
import { root } from '../sdk/user-project.ts';
import { runTool, toolPath } from '../tools/tool.ts';
import { example } from './example.ts';

const folder = example('github-actions');
const file = path.join(folder, '.github/workflows/model.yml');
const workflow = parse(readFileSync(file, 'utf8'));

/** A copy of the example, where its packages are found. */
function copy(): string {
  const made = mkdtempSync(path.join(root, 'examples/.copy-'));
  onTestFinished(() => rmSync(made, { recursive: true }));
  cpSync(folder, made, { recursive: true });
  return made;
}

/** Runs a step as GitHub does: https://docs.github.com/actions/reference/workflows-and-actions/workflow-syntax */
function runStep(
  job: string,
  name: string,
  { cwd = folder, env = {} }: { cwd?: string; env?: Readonly<Record<string, string>> },
): Promise<Outcome> {
  const step = workflow.jobs[job].steps.find((one: { name?: string }) => one.name === name);
  expect(step.run, 'expressions stand in env, not in what a shell reads').not.toContain('${{');
  return runBash(`set -eo pipefail\n${step.run}`, { cwd, env });
}

it('passes actionlint', () => {
  expect(runTool('actionlint', [file])).toMatchObject({ status: 0, stdout: '' });
});

describe('verify', () => {
  const step = 'Verify the golden predictions';

  it('passes for the model as it is', async () => {
    const { code, stdout, stderr } = await runStep('check', step, {});
    expect(code, stderr).toBe(0);
    expect(stdout).toContain('predictions: 150 rows as expected');
  });

  it('fails for a model that predicts something else', async () => {
    const cwd = copy();
    cpSync(path.join(root, 'model/v1/model.onnx'), path.join(cwd, 'model/model.onnx'));
    const { code, stdout } = await runStep('check', step, { cwd });
    expect([code, stdout]).toEqual([1, expect.stringContaining('FAILED')]);
  });
});

describe('compare', () => {
  const step = 'Compare with the model in production';

  it('passes for a challenger that agrees with the champion', async () => {
    const { url } = await start({ LOG_LEVEL: 'silent' });
    const { code, stdout, stderr } = await runStep('check', step, { env: { CHAMPION: url } });
    expect(code, stderr).toBe(0);
    expect(stdout).toMatch(/^agreement +(29|30) of 30/m);
  });

  it('fails for one that agrees too rarely, and where no champion is named', async () => {
    const cwd = copy();
    const rows = path.join(cwd, 'data/holdout.csv');
    const between = [4.8, 4.9, 5, 5.1].map((length) => `6,2.8,${length},1.65,virginica`);
    const [head] = readFileSync(rows, 'utf8').split('\n');
    writeFileSync(rows, [head, ...between, ''].join('\n'));
    const { url } = await start({ LOG_LEVEL: 'silent' });
    const rare = await runStep('check', step, { cwd, env: { CHAMPION: url } });
    expect(rare.code, rare.stdout).toBe(1);
    expect(rare.stdout).toMatch(/^agreement +[0-3] of 4/m);
    const none = await runStep('check', step, { env: { CHAMPION: '' } });
    expect([none.code, none.stderr]).toEqual([
      2,
      expect.stringMatching(/^CHAMPION is not set; .*npm run compare\.\n/),
    ]);
    expect(none.stderr).not.toMatch(/^ +at /m);
  });
});

it('deploys the image by its digest, with the model where the image has it', async () => {
  const bin = mkdtempSync(path.join(root, '.cache/bin-'));
  onTestFinished(() => rmSync(bin, { recursive: true }));
  // No cluster: what would be installed is rendered, from the chart of this repository.
  const helm = `#!/usr/bin/env bash
for one; do
  case $one in
    --install) continue ;;
    upgrade) one=template ;;
    oci://ghcr.io/org/charts/ml-api) one=${chart} ;;
  esac
  args+=("$one")
done
exec ${toolPath('helm')} "\${args[@]}"
`;
  writeFileSync(path.join(bin, 'helm'), helm, { mode: 0o755 });
  const DIGEST = `sha256:${'a'.repeat(64)}`;
  const { IMAGE } = workflow.jobs.deploy.env;
  const env = { PATH: `${bin}:${process.env['PATH']}`, IMAGE, DIGEST };
  const { code, stdout, stderr } = await runStep('deploy', 'Deploy', { env });
  expect(code, stderr).toBe(0);
  const manifests = path.join(bin, 'manifests.yaml');
  writeFileSync(manifests, stdout);
  expect(validate('1.37', manifests)).toMatchObject({ status: 0 });

  const objects = parseAllDocuments(stdout).map((document) => document.toJS());
  const { spec } = objects.find(({ kind }) => kind === 'Deployment').spec.template;
  const [container] = spec.containers;
  expect(container.image).toBe(`${IMAGE}@${DIGEST}`);
  const [, place] =
    /^COPY model (\S+)$/m.exec(readFileSync(path.join(folder, 'Dockerfile'), 'utf8')) ?? [];
  const { value } = container.env.find(({ name }: { name: string }) => name === 'MODEL_DIR');
  expect(value).toBe(place);
});

it('keeps the kubeconfig to its user', async () => {
  const temporary = mkdtempSync(path.join(root, '.cache/temp-'));
  onTestFinished(() => rmSync(temporary, { recursive: true }));
  const GITHUB_ENV = path.join(temporary, 'env');
  const env = { RUNNER_TEMP: temporary, GITHUB_ENV, KUBECONFIG_CONTENT: "apiVersion: v1\n# it's" };
  expect(await runStep('deploy', 'Cluster', { env })).toMatchObject({ code: 0 });
  const kubeconfig = path.join(temporary, 'kubeconfig');
  expect(readFileSync(GITHUB_ENV, 'utf8')).toBe(`KUBECONFIG=${kubeconfig}\n`);
  expect(readFileSync(kubeconfig, 'utf8')).toBe(env.KUBECONFIG_CONTENT);
  expect((await runBash(`stat --format %a ${kubeconfig}`)).stdout).toBe('600\n');
});
