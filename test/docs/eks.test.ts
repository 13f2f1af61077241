// docs/eks.md: its values are those of the rendered example, and the health path is what it says.
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { expect, it } from 'vitest';
import { parse } from 'yaml';
import { keysFile, start } from '../../server/test/start.ts';
import { render } from '../chart/chart.ts';
import { blockOf } from './blocks.ts';

const example = path.resolve(import.meta.dirname, '../../charts/ml-api/ci/cluster-eks-values.yaml');

it('has values that the rendered example has, too', () => {
  const shown = parse(blockOf('docs/eks.md', 'yaml'));
  expect(parse(readFileSync(example, 'utf8'))).toMatchObject(shown);
});

it('lets pods serve for longer than targets take to be deregistered', () => {
  const { ingress, versionDefaults } = parse(blockOf('docs/eks.md', 'yaml'));
  const attributes = ingress.annotations['alb.ingress.kubernetes.io/target-group-attributes'];
  const [, seconds = ''] = /deregistration_delay\.timeout_seconds=(\d+)/.exec(attributes) ?? [];
  expect(versionDefaults.shutdown.preStopSeconds).toBeGreaterThan(Number(seconds));
});

it('has the chart name a health path that is there without pages and without a key', async () => {
  const { metadata } = parse(render('--values', example, '--show-only', 'templates/ingress.yaml'));
  const healthPath = metadata.annotations['alb.ingress.kubernetes.io/healthcheck-path'];
  const { http } = await start({ DOCS: 'off', API_KEYS_FILE: keysFile(), LOG_LEVEL: 'silent' });
  await http.get(healthPath).expect(200);
  await http.get('/').expect(404);
});
