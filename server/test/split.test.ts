// Versions that share the requests at `/`: two real predictors, of which the first is asked.
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { gzipSync } from 'node:zlib';
import { describe, expect, it, onTestFinished } from 'vitest';
import { placeOf, versionAtPlace } from '../src/traffic/split.ts';
import { freePort } from './free-port.ts';
import { keysFile, type Running, start } from './start.ts';

const setosa = [5.1, 3.5, 1.4, 0.2];
const modelV2 = new URL('../../model/v2', import.meta.url).pathname;

/** v1, which is asked, and v2 behind it. */
async function pair(
  weights: readonly [number, number],
  env: Readonly<Record<string, string>> = {},
) {
  const common = env['API_KEYS_FILE'] ? { API_KEYS_FILE: env['API_KEYS_FILE'] } : {};
  const v2 = await start({ MODEL_DIR: modelV2, BASE_PATH: '/v2', LOG_RATE: '0', ...common });
  const v1 = await start({
    BASE_PATH: '/v1',
    LOG_RATE: '0',
    SPLIT: `v1=${weights[0]},v2=${weights[1]}@${v2.url}/v2`,
    ...env,
  });
  return { v1, v2 };
}

const ask = (server: Running, headers: Readonly<Record<string, string>> = {}, path = '/predict') =>
  server.http.post(path).set(headers).send({ inputs: setosa });
const versionOf = async (...args: Parameters<typeof ask>) =>
  (await ask(...args)).get('ML-Model-Version');

describe('a user', () => {
  it('stays with one version, and users are shared by the weights', async () => {
    const { v1 } = await pair([70, 30]);
    const counts = { v1: 0, v2: 0 };
    for (let user = 0; user < 100; user++) {
      const headers = { 'ML-User': `user-${user}` };
      const versions = [await versionOf(v1, headers), await versionOf(v1, headers)];
      expect(versions[0]).toBe(versions[1]);
      counts[versions[0] as 'v1' | 'v2']++;
    }
    expect(counts.v1 + counts.v2).toBe(100);
    expect(counts.v2).toBeGreaterThan(10); // chance alone gives less once in a million times
    expect(counts.v2).toBeLessThan(55);
  });

  it('is known by a header of another name', async () => {
    const { v1 } = await pair([50, 50], { SPLIT_USER_HEADER: 'X-Customer' });
    const versions = new Set<string | undefined>();
    for (let i = 0; i < 20; i++) versions.add(await versionOf(v1, { 'X-Customer': 'one' }));
    expect(versions.size).toBe(1);
  });

  it('is known by a cookie, and gets one', async () => {
    const { v1 } = await pair([50, 50], { SPLIT_USER_COOKIE: 'ml-user' });
    const first = await ask(v1);
    const [cookie = ''] = first.get('Set-Cookie') ?? [];
    expect(cookie).toMatch(
      /^ml-user=[0-9a-f-]{36}; Max-Age=31536000; Path=\/;.* HttpOnly; SameSite=Lax$/,
    );
    for (let i = 0; i < 20; i++) {
      const next = await ask(v1, { Cookie: cookie.split(';')[0] ?? '' });
      expect(next.get('ML-Model-Version')).toBe(first.get('ML-Model-Version'));
      expect(next.get('Set-Cookie')).toBeUndefined();
    }
    const [secure = ''] = (await ask(v1, { 'X-Forwarded-Proto': 'https' })).get('Set-Cookie') ?? [];
    expect(secure).toContain('Secure');
  });

  it('whom nobody names is left to chance', async () => {
    const { v1 } = await pair([50, 50]);
    const versions = new Set<string | undefined>();
    for (let i = 0; i < 40; i++) versions.add(await versionOf(v1));
    expect([...versions].toSorted()).toEqual(['v1', 'v2']);
  });
});

describe('a version', () => {
  it('is pinned by a header, and one that is not there is named', async () => {
    const { v1 } = await pair([100, 0]);
    expect(await versionOf(v1, { 'ML-Version': 'v2' })).toBe('v2');
    expect(await versionOf(v1, { 'ML-Version': 'v1' })).toBe('v1');
    const { status, body } = await ask(v1, { 'ML-Version': 'v3' });
    expect({ status, detail: body.detail }).toEqual({
      status: 400,
      detail: 'The header ML-Version names the version "v3"; expected one of v1, v2.',
    });
  });

  it('of weight 0 gets nothing', async () => {
    const { v1 } = await pair([100, 0]);
    for (let i = 0; i < 20; i++) expect(await versionOf(v1)).toBe('v1');
  });

  it('in the path answers, whatever the weights', async () => {
    const { v1 } = await pair([0, 100]);
    expect(await versionOf(v1, {}, '/v1/predict')).toBe('v1');
    expect(await versionOf(v1, { 'ML-Version': 'v2' }, '/v1/predict')).toBe('v1');
  });
});

describe('what is passed on', () => {
  it('is all that is about the model, and none of the probes and metrics', async () => {
    const { v1, v2 } = await pair([0, 100]);
    expect((await v1.http.get('/model')).body.version).toBe('v2');
    expect((await v1.http.get('/v2')).get('ML-Model-Version')).toBe('v2');
    const infer = await v1.http
      .post('/v2/models/iris/infer')
      .send({ inputs: [{ name: 'inputs', datatype: 'FP32', shape: [1, 4], data: setosa }] });
    expect(infer.body.model_version).toBe('v2');
    const probes = v2.logs.length;
    expect((await v1.http.get('/readyz')).text).toBe('ok');
    expect((await v1.http.get('/openapi.json')).get('ML-Model-Version')).toBe('v1');
    expect(v2.logs).toHaveLength(probes);
  });

  it('keeps its id, its errors, its encoding and its API key', async () => {
    const { v1, v2 } = await pair([0, 100], { API_KEYS_FILE: keysFile() });
    const key = { 'X-API-Key': 'second-key', 'X-Request-Id': 'mine' };
    const body = gzipSync(JSON.stringify({ inputs: setosa }));
    const headers = { ...key, 'Content-Type': 'application/json', 'Content-Encoding': 'gzip' };
    const answer = await fetch(`${v1.url}/predict`, { method: 'POST', headers, body });
    expect(await answer.json()).toEqual({ prediction: [0] });
    expect(answer.headers.get('X-Request-Id')).toBe('mine');
    expect(v2.logs).toContainEqual(expect.objectContaining({ requestId: 'mine', status: 200 }));
    expect(v1.logs).toContainEqual(
      expect.objectContaining({ requestId: 'mine', forwardedTo: 'v2' }),
    );
    const bad = await v1.http
      .post('/predict')
      .set(key)
      .send({ inputs: [1, 2] });
    expect(bad.status).toBe(422);
    expect(bad.body.detail).toMatch(/expected 4 numbers/);
    expect((await ask(v1)).status).toBe(401);
  });

  it('is counted by the version that answers, and as passed on', async () => {
    const { v1, v2 } = await pair([0, 100]);
    await ask(v1);
    const [first, second] = [await v1.http.get('/metrics'), await v2.http.get('/metrics')];
    expect(first.text).toContain(
      'ml_api_forwarded_requests_total{to="v2",status="200",version="v1"} 1',
    );
    expect(first.text).not.toMatch(/http_requests_total{route="\/predict",.*} [1-9]/);
    expect(second.text).toMatch(/http_requests_total{route="\/predict",.*version="v2"} 1/);
  });

  it('keeps connections, and is sent anew where a kept one turns out to be closed', async () => {
    let connections = 0;
    let requests = 0;
    const server = createServer((_req, res) => {
      requests++;
      if (requests === 2) return void res.socket?.destroy(); // as a server that ends in this moment
      res.setHeader('Content-Type', 'application/json').end('{"prediction":[7]}');
    }).on('connection', () => connections++);
    server.listen(0, '127.0.0.1');
    await new Promise((resolve) => server.once('listening', resolve));
    onTestFinished(() => void server.close());
    const { port } = server.address() as AddressInfo;
    const v1 = await start({ SPLIT: `v1=0,v2=1@http://127.0.0.1:${port}` });
    for (let i = 0; i < 2; i++) expect((await ask(v1)).body).toEqual({ prediction: [7] });
    expect({ connections, requests }).toEqual({ connections: 2, requests: 3 });
  });

  it('is sent anew where a connection is refused: the pod behind it has died, and another takes its place', async () => {
    const port = await freePort(); // refuses, for now
    const v1 = await start({ SPLIT: `v1=0,v2=1@http://127.0.0.1:${port}` });
    const answer = ask(v1);
    answer.then(() => {}); // supertest sends it only when somebody waits
    await new Promise((resolve) => setTimeout(resolve, 30));
    const server = createServer((_req, res) => {
      res.setHeader('Content-Type', 'application/json').end('{"prediction":[7]}');
    }).listen(port, '127.0.0.1');
    onTestFinished(() => void server.close());
    expect((await answer).body).toEqual({ prediction: [7] });
  });

  it('says which version cannot be reached, or does not answer in time', async () => {
    const dead = await start({ SPLIT: 'v1=0,v2=1@http://127.0.0.1:1' });
    const { status, body } = await ask(dead);
    expect(status).toBe(502);
    expect(body.type).toBe('urn:ml-api:problem:version-unreachable');
    expect(body.detail).toMatch(
      /^Version v2, to which this request belongs, cannot be reached: .*127.0.0.1:1/,
    );

    const server = createServer(() => {}).listen(0, '127.0.0.1');
    await new Promise((resolve) => server.once('listening', resolve));
    onTestFinished(() => {
      server.closeAllConnections();
      server.close();
    });
    const { port } = server.address() as AddressInfo;
    const slow = await start({
      SPLIT: `v1=0,v2=1@http://127.0.0.1:${port}`,
      REQUEST_TIMEOUT_MS: '10',
    });
    const late = await ask(slow);
    expect(late.status).toBe(504);
    expect(late.body.detail).toMatch(/Version v2, .*did not answer within 1010 ms/);
  });
});

describe('places', () => {
  it('are spread evenly, and move no more users than they must', () => {
    const at = (weights: readonly number[], user: number) =>
      versionAtPlace(
        weights.map((weight, version) => ({ version, weight })),
        placeOf(String(user), 'salt'),
      ).version;
    const users = Array.from({ length: 20_000 }, (_, user) => user);
    const moved = users.filter((user) => at([90, 10], user) !== at([50, 50], user));
    // 40 % of the users move, from v1 to v2: within 5 standard deviations
    expect(Math.abs(moved.length - 8000)).toBeLessThan(5 * Math.sqrt(20_000 * 0.4 * 0.6));
    expect(moved.every((user) => at([90, 10], user) === 0)).toBe(true);
  });

  it('are others with another salt', () => {
    expect(placeOf('user', 'a')).not.toBe(placeOf('user', 'b'));
  });
});

describe('SPLIT is refused', () => {
  it.each([
    ['v1', 'expected versions with weights such as v1=90,v2=10@http://host/v2, got "v1"'],
    ['v1=1,v1=2@http://h', 'expected every version once'],
    ['v1=1,v2=2', 'expected one version without a URL, which is this server'],
    ['v1=0,v2=0@http://h', 'expected a weight that is not 0'],
    ['v1=1,v2=1@h', 'expected versions with weights such as'],
    ['v1=1,v2=1@me:hunter2@h?token=hunter2', 'http://host/v2, got "v1=1,v2=1…"\n'],
    ['v1=1,v1=1@http://me:hunter2@h', 'expected every version once, got "v1=1,v1=1…"\n'],
    ['v1=0,v2=0@http://me:hunter2@h', 'a weight that is not 0, got "v1=0,v2=0…"\n'],
    ['v1=1@http://me:hunter2@h', 'which is this server, got "v1=1…"\n'],
    [
      'v2=1,v1=1@http://h',
      'v2 has no URL, which says that it is this server, but this server serves v1',
    ],
  ])('%s', async (SPLIT, message) => {
    await expect(start({ SPLIT })).rejects.toThrow(message);
  });
});
