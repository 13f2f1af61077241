// `ml-sdk report`, asking a server that answers as Prometheus documents it; a real one is asked in the e2e suite.
import { once } from 'node:events';
import { createServer, type RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';
import path from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { runNode } from '../run-program.ts';

interface Version {
  readonly ok: number;
  readonly failed: number;
  readonly labels: Readonly<Record<string, number>>;
}
type Series = { metric: Record<string, string>; value: [number, string] };

/** The address of a server that ends with the test. */
async function urlOf(handle: RequestListener): Promise<string> {
  const server = createServer(handle).listen(0, '127.0.0.1');
  onTestFinished(() => void server.close());
  await once(server, 'listening');
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

/** A Prometheus that knows these versions. @returns its URL and the queries that it gets */
async function prometheus(versions: Readonly<Record<string, Version>>) {
  const queries: string[] = [];
  const url = await urlOf(async (req, res) => {
    let body = '';
    for await (const chunk of req) body += chunk;
    const query = new URLSearchParams(body).get('query') ?? '';
    queries.push(query);
    const result = Object.entries(versions).flatMap(([version, known]) =>
      seriesOf(query, version, known),
    );
    res.end(JSON.stringify({ status: 'success', data: { resultType: 'vector', result } }));
  });
  return { url, queries };
}

function seriesOf(query: string, version: string, { ok, failed, labels }: Version): Series[] {
  const one = (metric: Record<string, string>, value: number): Series => ({
    metric: { version, ...metric },
    value: [1764000000.1, String(value)],
  });
  if (query.startsWith('histogram_quantile')) return [one({}, ok === 0 ? Number.NaN : 0.0123)];
  if (query.includes('ml_api_predictions_total'))
    return Object.entries(labels).map(([label, rows]) => one({ label }, rows));
  return [one({ status: '200' }, ok), one({ status: '500' }, failed), one({ status: '422' }, 0)];
}

const main = path.resolve(import.meta.dirname, '../../sdk/dist/cli/main.js');
const report = (...args: string[]) => runNode(main, ['report', ...args]);

const same = { setosa: 500, virginica: 500 };

describe('ml-sdk report', () => {
  it('tells of each version with intervals, and that chance explains small differences', async () => {
    const { url } = await prometheus({
      v1: { ok: 9000, failed: 9, labels: same },
      v2: { ok: 1000, failed: 1, labels: { setosa: 505, virginica: 495 } },
    });
    const { code, stdout } = await report('--prometheus', `${url}/`);
    expect(stdout).toBe(`The last 1h:

v1: 9009 requests, p50 12.3 ms, p90 12.3 ms, p99 12.3 ms
  errors: 9 of 9009 = 0.1 % (95 % interval 0.1 % to 0.2 %)
  setosa: 500 of 1000 = 50.0 % (95 % interval 46.9 % to 53.1 %)
  virginica: 500 of 1000 = 50.0 % (95 % interval 46.9 % to 53.1 %)

v2: 1001 requests, p50 12.3 ms, p90 12.3 ms, p99 12.3 ms
  errors: 1 of 1001 = 0.1 % (95 % interval 0.0 % to 0.6 %)
  setosa: 505 of 1000 = 50.5 % (95 % interval 47.4 % to 53.6 %)
  virginica: 495 of 1000 = 49.5 % (95 % interval 46.4 % to 52.6 %)

The versions do not differ: chance alone can explain every difference above.
`);
    expect(code).toBe(0);
  });

  it('says which differences chance does not explain', async () => {
    const { url } = await prometheus({
      v1: { ok: 9000, failed: 0, labels: same },
      v2: { ok: 900, failed: 100, labels: { setosa: 400, virginica: 600 } },
    });
    const { stdout } = await report('--prometheus', url);
    expect(stdout).toContain(
      'v2 fails 10.0 points more often than v1: chance does not explain it (p = below 0.0001).',
    );
    expect(stdout).toContain('v2 says setosa 10.0 points less often than v1');
    expect(stdout).toContain('v2 says virginica 10.0 points more often than v1');
  });

  it('adjusts for how many shares are compared', async () => {
    // A difference that alone would count: z = 2.19, p = 0.029; one of four shares compared.
    const shares = (a: number) => ({ a, b: 500, c: 1500 - a });
    const { url } = await prometheus({
      v1: { ok: 2000, failed: 0, labels: shares(500) },
      v2: { ok: 2000, failed: 0, labels: shares(560) },
    });
    const { stdout } = await report('--prometheus', url, '--json');
    const { differences } = JSON.parse(stdout);
    expect(differences[0]).toMatchObject({ what: 'label a', versions: ['v1', 'v2'] });
    expect(differences[0].p).toBeGreaterThan(0.05);
    expect(differences[0].p).toBeLessThan(4 * 0.05);
  });

  it('asks for one release only', async () => {
    const { url, queries } = await prometheus({ v1: { ok: 5, failed: 0, labels: {} } });
    const { stdout } = await report(
      ...['--prometheus', url, '--namespace', 'models', '--release', 'ml-api', '--window', '30m'],
    );
    expect(stdout).toContain('One version answered: there is nothing to compare.');
    for (const query of queries) {
      expect(query).toContain('namespace="models",pod=~"ml-api-.+"');
      expect(query).toContain('[30m]');
    }
  });

  it('says that nothing was answered', async () => {
    const { url } = await prometheus({ v1: { ok: 0, failed: 0, labels: {} } });
    const { stdout } = await report('--prometheus', url);
    expect(stdout).toBe('No version answered a prediction in the last 1h.\n');
  });

  it.each([
    [[], '--prometheus URL is missing, such as --prometheus http://localhost:9090.'],
    [['--prometheus', 'nowhere'], '--prometheus: expected a URL such as "http://localhost:9090"'],
    [['--prometheus', 'ftp://x'], '--prometheus: expected a URL such as "http://localhost:9090"'],
    [['--prometheus', 'http://jane:secret@p'], '--prometheus: must hold no user name'],
    [['--prometheus', 'http://jane:secret@['], 'such as "http://localhost:9090".\n'],
    [
      ['--prometheus', 'http://127.0.0.1:1'],
      '--prometheus: no response from http://127.0.0.1:1/api',
    ],
    [['--prometheus', 'http://p', '--window', 'x'], '--window: expected a duration such as 1h'],
    [['--prometheus', 'http://p', '--release', 'a"b'], '--release: expected a name such as ml-api'],
  ])('refuses %s', async (args, message) => {
    const { code, stderr } = await report(...args);
    expect(stderr).toContain(message);
    expect(stderr).not.toContain('secret');
    expect(code).toBe(args.includes('http://127.0.0.1:1') ? 3 : 2);
  });

  it('follows no redirect', async () => {
    const url = await urlOf((_req, res) => {
      res.writeHead(307, { Location: 'http://elsewhere.example/' }).end();
    });
    const { code, stderr } = await report('--prometheus', url);
    expect(stderr).toMatch(/^--prometheus: .+ a redirect to http:\/\/elsewhere\.example/);
    expect(code).toBe(3);
  });
});
