// However hostile its clients are, a predictor's metrics stay small: label values are its own, not theirs.
import { cpSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { request as httpRequest } from 'node:http';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { expect, it, onTestFinished } from 'vitest';
import { start, testModel } from './start.ts';

/** Series of the predictor itself, without the runtime's, which come and go with its garbage collector. */
async function ownSeries(url: string): Promise<string[]> {
  const text = await (await fetch(`${url}/metrics`)).text();
  return text.split('\n').filter((line) => line.startsWith('ml_api_'));
}

it('has the same series after a thousand requests of invented paths, methods, models, versions and ids', async () => {
  const { url } = await start({ LOG_LEVEL: 'silent' });
  const hostile = (i: number) => async () => {
    const headers = {
      'X-Request-Id': `id-${i}`,
      traceparent: `00-${String(i).padStart(32, '1')}-1111111111111111-01`,
      'ML-Version': `v${i}`,
      'User-Agent': `agent-${i}`,
      Host: `host-${i}.example`,
    };
    for (const target of [`/path-${i}`, `/v2/models/m${i}/infer`, `/predict/${i}?q=${i}`])
      await send(url, { path: target, method: 'POST', headers });
    await send(url, {
      path: `/predict?n=${i}`,
      method: methods[i % methods.length] ?? '',
      headers,
    });
  };
  const methods = ['PROPFIND', 'M-SEARCH', 'LOCK', 'GET', 'UNSUBSCRIBE', 'DELETE', 'QUERY'];
  for (let i = 0; i < 30; i++) await hostile(i)();
  await ownSeries(url); // a scrape is counted in the next one
  const before = withoutValues(await ownSeries(url));
  for (let i = 30; i < 280; i++) await hostile(i)();
  const after = withoutValues(await ownSeries(url));
  expect(after).toEqual(before);
  expect(after.join('\n')).not.toMatch(/(path|\bid|agent|host)-\d|\bm\d|PROPFIND/);
  expect(after.length).toBeLessThan(200);
});

it('counts what the listener of METRICS_PORT refuses with the rest', async () => {
  const { url, metricsPort } = await start({ METRICS_PORT: '0', LOG_LEVEL: 'silent' });
  const metricsUrl = `http://127.0.0.1:${metricsPort}`;
  for (const target of [url, metricsUrl])
    await send(target, { path: '/livez', method: 'GET', headers: { Expect: 'miracles' } });
  const refused = (await ownSeries(metricsUrl)).filter((line) => line.includes('_refused_'));
  expect(refused).toContain(
    'ml_api_connections_refused_total{reason="expectation-failed",version="v1"} 2',
  );
  expect(refused).toHaveLength(9);
});

it("counts a model's classes beyond a hundred together", async () => {
  const directory = mkdtempSync(path.join(tmpdir(), 'classes-'));
  onTestFinished(() => rmSync(directory, { recursive: true }));
  cpSync(testModel('text'), directory, { recursive: true });
  const manifest = { task: 'classification', labels: ['red', 'green', 'blue'] };
  writeFileSync(path.join(directory, 'model.json'), JSON.stringify(manifest));
  const { predict, url } = await start({ MODEL_DIR: directory, LOG_LEVEL: 'silent' });
  for (let from = 0; from < 5000; from += 1000) {
    const inputs = Array.from({ length: 1000 }, (_, i) => [`class "${from + i}"\n`]);
    expect((await predict({ inputs })).status).toBe(200);
  }
  const classes = (await ownSeries(url)).filter((line) => line.startsWith('ml_api_predictions'));
  expect(classes).toHaveLength(101);
  expect(classes.at(-1)).toBe(
    'ml_api_predictions_total{model="model",label="other",version="v1"} 4903',
  );
  expect(classes[0]).toBe('ml_api_predictions_total{model="model",label="red",version="v1"} 0'); // the model's own
  expect(classes[3]).toContain('label="class \\"0\\"\\n!"');
});

function withoutValues(series: readonly string[]): string[] {
  return series.map((line) => line.slice(0, line.lastIndexOf(' '))).sort();
}

/** Sends any method, which fetch would refuse, and waits until the server is done with it. */
function send(
  url: string,
  options: {
    readonly path: string;
    readonly method: string;
    readonly headers: Record<string, string>;
  },
): Promise<void> {
  return new Promise((resolve, reject) => {
    httpRequest(url, options, (response) => {
      response.resume().once('close', resolve);
    })
      .once('error', reject)
      .end();
  });
}
