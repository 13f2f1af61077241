// What a page of another origin can read of the responses: every header that a script can use.
import { expect, it } from 'vitest';
import { keysFile, start } from './start.ts';

const origin = 'https://app.example.com';
const row = JSON.stringify({ inputs: [5.1, 3.5, 1.4, 0.2] });

/** What scripts may always read: https://fetch.spec.whatwg.org/#cors-safelisted-response-header-name */
const SAFELISTED = [
  ...['cache-control', 'content-language', 'content-length', 'content-type', 'expires'],
  ...['last-modified', 'pragma'],
];
/** What is for the connection, the browser and its caches. */
const NOT_FOR_SCRIPTS = [
  ...['connection', 'keep-alive', 'transfer-encoding', 'date', 'vary', 'content-encoding'],
  ...[
    'accept-ranges',
    'etag',
    'set-cookie',
    'content-security-policy',
    'x-content-type-options',
    'referrer-policy',
  ],
];

/** Asks as a page does, and notes which headers came, and which of them the page could not read. */
function page() {
  const seen = new Set<string>();
  const hidden: string[] = [];
  async function see(url: string, init: RequestInit = {}): Promise<Response> {
    const headers = { Origin: origin, 'Content-Type': 'application/json', ...init.headers };
    const response = await fetch(url, { ...init, headers });
    await response.arrayBuffer();
    const request = `${init.method ?? 'GET'} ${new URL(url).pathname} ${response.status}`;
    expect([request, response.headers.get('Access-Control-Allow-Origin')]).toEqual([
      request,
      origin,
    ]);
    const exposed = response.headers.get('Access-Control-Expose-Headers')?.toLowerCase().split(',');
    for (const name of response.headers.keys()) {
      if (SAFELISTED.includes(name) || NOT_FOR_SCRIPTS.includes(name)) continue;
      if (name.startsWith('access-control-')) continue;
      seen.add(name);
      if (!exposed?.includes(name)) hidden.push(`${request}: ${name}`);
    }
    return response;
  }
  return { see, seen, hidden };
}

it('of every operation, right or wrong, with a key or without', async () => {
  const { see, seen, hidden } = page();
  const { url } = await start({
    CORS_ORIGINS: `https://other.example,${origin}`,
    API_KEYS_FILE: keysFile(),
    MAX_BODY_BYTES: '2000',
    SPLIT_USER_COOKIE: 'ml-user',
    LOG_LEVEL: 'silent',
  });
  const contract = await fetch(`${url}/openapi.json`);
  const { paths: served } = (await contract.json()) as { paths: Record<string, unknown> };
  const paths = Object.keys(served).map((path) =>
    path.replace('{model}', 'iris').replace('{version}', 'v1'),
  );
  expect(paths.length).toBeGreaterThan(20);
  const statuses = new Set<number>();
  for (const path of [...paths, '/nothing', '/v2/nothing', '/'])
    for (const method of ['GET', 'POST', 'DELETE'])
      for (const key of ['first-key', 'wrong'])
        for (const body of method === 'POST'
          ? [row, '{"inputs":[1]}', '{', ' '.repeat(3000)]
          : [null])
          statuses.add(
            (await see(url + path, { method, headers: { 'X-API-Key': key }, body })).status,
          );
  for (const status of [200, 400, 401, 404, 405, 413, 422]) expect(statuses).toContain(status);
  const binary = await see(`${url}/v2/models/iris/infer`, {
    method: 'POST',
    headers: { 'X-API-Key': 'first-key' },
    body: JSON.stringify({
      parameters: { binary_data_output: true },
      inputs: [{ name: 'inputs', datatype: 'FP32', shape: [1, 4], data: [5.1, 3.5, 1.4, 0.2] }],
    }),
  });
  expect(binary.headers.get('Content-Type')).toBe('application/octet-stream');
  expect(hidden).toEqual([]);
  // What is exposed is also what comes; Retry-After comes below.
  expect([...seen].sort()).toEqual(
    [
      ...['allow', 'inference-header-content-length', 'ml-contract-hash', 'ml-model-name'],
      ...['ml-model-version', 'server-timing', 'www-authenticate', 'x-request-id'],
    ].sort(),
  );
});

it('of a version that another one asks', async () => {
  const { see, seen, hidden } = page();
  const v2 = await start({
    MODEL_DIR: new URL('../../model/v2', import.meta.url).pathname,
    BASE_PATH: '/v2',
    CORS_ORIGINS: '*',
    LOG_LEVEL: 'silent',
  });
  const { url } = await start({
    SPLIT: `v1=0,v2=1@${v2.url}/v2`,
    CORS_ORIGINS: origin,
    LOG_LEVEL: 'silent',
  });
  const response = await see(`${url}/predict`, { method: 'POST', body: row });
  expect(response.headers.get('ML-Model-Version')).toBe('v2');
  expect(response.headers.get('Vary')).toMatch(/\bOrigin\b/);
  expect(hidden).toEqual([]);
  expect([...seen]).toContain('ml-contract-hash');
});

it('of one that has too much to do', async () => {
  const { see, seen, hidden } = page();
  const { url } = await start({
    ...{ WORKERS: '1', QUEUE_MAX_BYTES: '1', MAX_BODY_BYTES: '1000000', LOG_LEVEL: 'silent' },
    CORS_ORIGINS: origin,
  });
  const body = JSON.stringify({ inputs: Array(1000).fill([5.1, 3.5, 1.4, 0.2]) });
  const responses = await Promise.all(
    Array.from({ length: 50 }, () => see(`${url}/predict`, { method: 'POST', body })),
  );
  expect(responses.map(({ status }) => status)).toContain(503);
  expect([...seen]).toContain('retry-after');
  expect(hidden).toEqual([]);
});
