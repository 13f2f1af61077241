// Values files of examples: the chart takes them, and Kubernetes what it makes of them and what stands beside them.
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { expect, it, onTestFinished } from 'vitest';
import { parse } from 'yaml';
import { render } from '../chart/chart.ts';
import { validate } from '../chart/validate.ts';
import { blocksOf } from '../docs/blocks.ts';
import { example } from './example.ts';

const files = readdirSync(example('.'))
  .map((name) => path.join(example(name), 'values.yaml'))
  .filter(existsSync);

it.each(files)('%s makes what Kubernetes takes', (file) => {
  const folder = mkdtempSync(path.join(tmpdir(), 'values-'));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  const manifests = path.join(folder, 'manifests.yaml');
  writeFileSync(manifests, render('--values', file));
  expect(validate('1.37', manifests)).toMatchObject({ status: 0 });
});

it('vLLM has the Secrets and the claim that its README makes', () => {
  const folder = example('vllm');
  expect(validate('1.37', path.join(folder, 'claim.yaml'))).toMatchObject({ status: 0 });
  const { versions, auth } = parse(readFileSync(path.join(folder, 'values.yaml'), 'utf8'));
  const [{ text = '' } = {}] = blocksOf('examples/vllm/README.md');
  const made = [...text.matchAll(/secret generic (\S+) --from-literal=(\w+)=/g)];
  expect(made.map(([, name, key]) => [name, key])).toEqual([
    [versions.qwen.model.huggingFace.tokenSecret, 'token'],
    [auth.existingSecret, auth.key],
  ]);
  const claim = parse(readFileSync(path.join(folder, 'claim.yaml'), 'utf8'));
  expect(versions.qwen.cache.existingClaim).toBe(claim.metadata.name);
});

it('there are some', () => {
  expect(files.length).toBeGreaterThan(1);
});
