// The values of docs/llms.md are values of the chart.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { expect, it } from 'vitest';
import { parseAllDocuments } from 'yaml';
import { render } from '../chart/chart.ts';
import { blockOf } from './blocks.ts';

it('a first language model is one version, which the Ingress leads to at /v1', () => {
  const folder = mkdtempSync(path.join(tmpdir(), 'llms-'));
  try {
    const file = path.join(folder, 'values.yaml');
    writeFileSync(file, blockOf('docs/llms.md', 'yaml', { section: 'Quick start' }));
    const objects = parseAllDocuments(render('--values', file)).map((document) => document.toJS());
    const named = objects.map(({ kind, metadata }) => `${kind} ${metadata.name}`);
    expect(named.filter((name) => name.startsWith('Deployment'))).toEqual([
      'Deployment ml-api-gemma',
    ]);
    const ingress = objects.find(({ kind }) => kind === 'Ingress');
    const [root] = ingress.spec.rules[0].http.paths;
    expect([root.path, root.backend.service.name]).toEqual(['/v1', 'ml-api-gemma']);
  } finally {
    rmSync(folder, { recursive: true });
  }
});
