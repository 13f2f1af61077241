// compose.yaml's Prometheus, reading a predictor of here: the dashboard's variables and panels find it.
import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { panelQueries } from '../../monitoring/dashboard/queries.ts';
import { freePort } from '../../server/test/free-port.ts';
import { start } from '../../server/test/start.ts';
import { buildPrometheus } from '../cluster/build/prometheus.ts';
import { runProgram } from '../run-program.ts';

const config = path.resolve(import.meta.dirname, '../../monitoring/compose/prometheus.yml');
const folder = mkdtempSync(path.join(os.tmpdir(), 'compose-'));
let programs = '';
let prometheus: ChildProcess | undefined;

beforeAll(async () => {
  programs = await buildPrometheus();
});
afterAll(async () => {
  if (prometheus?.exitCode === null) {
    const ended = new Promise((resolve) => prometheus?.once('exit', resolve));
    prometheus.kill('SIGKILL');
    await ended;
  }
  rmSync(folder, { recursive: true });
});

it('promtool finds nothing to criticise in its configuration', async () => {
  const checked = await runProgram(path.join(programs, 'promtool'), [
    'check',
    'config',
    '--lint=all',
    '--lint-fatal',
    config,
  ]);
  expect(checked.code, checked.stdout + checked.stderr).toBe(0);
});

it('the dashboard shows the predictor', async () => {
  const { url, predict } = await start({ LOG_LEVEL: 'silent' });
  for (let i = 0; i < 20; i++) await predict({ inputs: [5.1, 3.5, 1.4, 0.2] }).expect(200);

  const here = readFileSync(config, 'utf8')
    .replace('predictor:5000', new URL(url).host)
    .replace('scrape_interval: 5s', 'scrape_interval: 1s');
  writeFileSync(path.join(folder, 'prometheus.yml'), here);
  const address = `127.0.0.1:${await freePort()}`;
  prometheus = spawn(
    path.join(programs, 'prometheus'),
    [
      '--config.file=prometheus.yml',
      `--storage.tsdb.path=${folder}/data`,
      `--web.listen-address=${address}`,
    ],
    { cwd: folder, stdio: 'ignore' },
  );
  const query = async (expr: string): Promise<{ metric: Record<string, string> }[]> => {
    const response = await fetch(`http://${address}/api/v1/query`, {
      method: 'POST',
      body: new URLSearchParams({ query: expr }),
    });
    return JSON.parse(await response.text()).data.result;
  };
  const models = () =>
    query('ml_api_model_info').catch((error) => {
      if (error instanceof TypeError) return []; // it does not listen yet
      throw error;
    });
  await expect.poll(async () => (await models()).length, { timeout: 60_000 }).toBe(1);

  // As the variables of the dashboard find them.
  const [{ metric } = { metric: {} }] = await models();
  const { namespace = '', pod = '' } = metric;
  const [, deployment = ''] = /^(.+)-[a-z0-9]+-[a-z0-9]+$/.exec(pod) ?? [];
  expect([namespace, deployment]).toEqual(['compose', 'ml-api-v1']);
  const variables = { namespace, deployment, model: 'iris', __rate_interval: '1m', __range: '1m' };
  const shown = async () => {
    const panels = new Set<string>();
    for (const { panel, expr } of panelQueries(variables))
      if ((await query(expr)).length > 0) panels.add(panel);
    return [...panels];
  };
  const expected = ['Requests', 'Errors', 'Latency p99', 'Predictions by label', 'Queue', 'Memory'];
  await expect.poll(shown, { timeout: 60_000 }).toEqual(expect.arrayContaining(expected));
});
