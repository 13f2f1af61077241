// A predictor from its start to its end, and what it serves beside predictions.
import { Agent, get, type IncomingMessage } from 'node:http';
import { describe, expect, it } from 'vitest';
import { keysFile, start, testModel } from './start.ts';

const row = { inputs: [5.1, 3.5, 1.4, 0.2] };

describe('probes', () => {
  it('answer ok in plain text once the model is warm', async () => {
    const { http } = await start();
    for (const probe of ['/livez', '/readyz', '/startupz'])
      await http
        .get(probe)
        .expect(200, 'ok')
        .expect('Content-Type', /^text\/plain/);
  });
});

describe('stopping', () => {
  it('turns unready, finishes what was begun, then closes', async () => {
    const service = await start({
      MODEL_DIR: testModel('heavy'),
      WORKERS: '1',
      BATCHING: 'off',
      DRAIN_DELAY_MS: '500',
      LOG_LEVEL: 'silent',
    });
    const { predict, http, stop } = service;
    const inputs = Array<number>(1024).fill(1);
    const begun = Array.from({ length: 5 }, () => predict({ inputs }).then(({ status }) => status));
    await expect.poll(() => service.served.queuedRows).toBeGreaterThan(0);
    const stopped = stop();
    const ready = await http.get('/readyz');
    expect([ready.status, ready.text]).toEqual([503, 'draining']);
    const alive = await http.get('/livez');
    expect([alive.status, alive.headers['connection']]).toEqual([200, 'close']);
    expect(await Promise.all(begun)).toEqual([200, 200, 200, 200, 200]);
    await stopped;
    await expect(http.get('/livez')).rejects.toThrow('ECONNREFUSED');
  });

  it('does not wait for idle keep-alive connections', async () => {
    const { url, stop } = await start({ LOG_LEVEL: 'silent' });
    const agent = new Agent({ keepAlive: true });
    await new Promise<IncomingMessage>((resolve) => get(`${url}/livez`, { agent }, resolve)).then(
      (res) => res.resume(),
    );
    await stop(); // would take KEEP_ALIVE_TIMEOUT_MS, 75 s, if it waited
    agent.destroy();
  });
});

describe('the base path', () => {
  it('has the same routes as the root', async () => {
    const { http, url } = await start({ BASE_PATH: '/v1', LOG_LEVEL: 'silent' });
    for (const prefix of ['', '/v1']) {
      const response = await http.post(`${prefix}/predict`).type('json').send(row);
      expect(response.text).toBe('{"prediction":[0]}');
      await http.get(`${prefix}/readyz`).expect(200);
      expect((await http.get(`${prefix}/openapi.json`)).body.servers[0].url).toBe('/v1');
      expect((await http.get(`${prefix}/docs`)).text).toContain('docs/swagger-ui-bundle.js');
      expect((await http.delete(`${prefix}/predict`)).status).toBe(405);
    }
    const metrics = await (await fetch(`${url}/metrics`)).text();
    expect(metrics).toContain(
      'ml_api_http_requests_total{route="/predict",method="POST",status="200",model="iris",version="v1"} 2',
    );
  });
});

describe('API keys', () => {
  it('are needed for predictions and the model, and for nothing else', async () => {
    const { http, predict } = await start({ API_KEYS_FILE: keysFile(), LOG_LEVEL: 'silent' });
    const none = await predict(row);
    expect(none.status).toBe(401);
    expect(none.headers['www-authenticate']).toBe('Bearer realm="ml-api"');
    expect(none.body.detail).toBe(
      'No API key was sent. Send one as "X-API-Key: KEY" or "Authorization: Bearer KEY".',
    );
    const wrong = await predict(row).set('X-API-Key', 'guess');
    expect([wrong.status, wrong.body.detail]).toEqual([
      401,
      'The API key is not one of those that this server knows.',
    ]);
    await predict(row).set('X-API-Key', 'first-key').expect(200);
    await predict(row).set('Authorization', 'Bearer second-key').expect(200);
    await http.get('/model').expect(401);
    for (const open of ['/livez', '/readyz', '/metrics', '/openapi.json', '/docs'])
      await http.get(open).expect(200);
  });

  it('stand in the served contract', async () => {
    const withKeys = await start({ API_KEYS_FILE: keysFile(), LOG_LEVEL: 'silent' });
    expect((await withKeys.http.get('/openapi.json')).body.paths['/predict'].post.security).toEqual(
      [{ apiKey: [] }, { bearer: [] }],
    );
    const without = await start({ LOG_LEVEL: 'silent' });
    expect((await without.http.get('/openapi.json')).body.paths['/predict'].post.security).toEqual(
      [],
    );
  });
});

describe('browsers', () => {
  it('may call from the origins given, and see the headers', async () => {
    const { http } = await start({ CORS_ORIGINS: 'https://app.example.com', LOG_LEVEL: 'silent' });
    const preflight = await http
      .options('/predict')
      .set({ Origin: 'https://app.example.com', 'Access-Control-Request-Method': 'POST' });
    expect(preflight.status).toBe(204);
    expect(preflight.headers['access-control-allow-origin']).toBe('https://app.example.com');
    const answer = await http
      .post('/predict')
      .type('json')
      .set('Origin', 'https://app.example.com')
      .send(row);
    expect(answer.headers['access-control-allow-origin']).toBe('https://app.example.com');
    expect(answer.headers['access-control-expose-headers']).toContain('ML-Contract-Hash');
    const other = await http
      .post('/predict')
      .type('json')
      .set('Origin', 'https://evil.example')
      .send(row);
    expect(other.headers['access-control-allow-origin']).toBeUndefined();
  });

  it.each([
    ['/', 'playground/'],
    ['/docs', 'docs/'],
  ])('get the page %s with everything from this server', async (path, folder) => {
    const { http } = await start({ LOG_LEVEL: 'silent' });
    const page = await http.get(path).expect(200);
    expect(page.headers['content-security-policy']).toContain("default-src 'none'");
    const sources = [...page.text.matchAll(/(?:src|href)="([^"]+)"/g)].map(([, source]) => source);
    expect(sources.filter((source) => source?.startsWith('http'))).toEqual([]);
    for (const source of sources.filter((source) => source?.startsWith(folder)))
      await http.get(`/${source}`).expect(200);
  });

  it('get the playground below a base path at its slash, so that its addresses lead there', async () => {
    const { http } = await start({ BASE_PATH: '/v1', LOG_LEVEL: 'silent' });
    await http.get('/v1').expect(302).expect('Location', '/v1/');
    await http.get('/v1/').expect(200);
    await http
      .get('/v1/playground/main.js')
      .expect(200)
      .expect('Content-Type', /javascript/);
  });

  it('get the files of the playground compressed where they take that, and again only where they changed', async () => {
    const { http } = await start({ LOG_LEVEL: 'silent' });
    const file = '/playground/style.css';
    const plain = await http.get(file).set('Accept-Encoding', 'identity').expect(200);
    expect(plain.headers['content-encoding']).toBeUndefined();
    const packed = await http.get(file).set('Accept-Encoding', 'br, gzip').expect(200);
    expect(packed.headers).toMatchObject({
      'content-encoding': 'gzip',
      'content-type': 'text/css; charset=utf-8',
      vary: 'Accept-Encoding',
    });
    expect(packed.text).toBe(plain.text);
    expect(Number(packed.headers['content-length'])).toBeLessThan(plain.text.length / 2);
    const { etag = '' } = packed.headers;
    await http.get(file).set('Accept-Encoding', 'gzip').set('If-None-Match', etag).expect(304);
    await http.head(file).expect(200);
  });

  it('get no pages where they are switched off', async () => {
    const { http } = await start({ DOCS: 'off', LOG_LEVEL: 'silent' });
    await http.get('/docs').expect(404);
    await http.get('/').expect(404);
  });
});

describe('metrics', () => {
  it('count requests, runs and predicted classes, with the version on every series', async () => {
    const { predict, http } = await start({ LOG_LEVEL: 'silent' });
    await predict(row);
    await predict({ inputs: [row.inputs, [6.7, 3.0, 5.2, 2.3]] });
    await predict({ inputs: [] });
    await http.get('/no/such/path/123');
    const { text, type } = await http.get('/metrics');
    expect(type).toBe('text/plain');
    for (const line of [
      'ml_api_http_requests_total{route="/predict",method="POST",status="200",model="iris",version="v1"} 2',
      'ml_api_http_requests_total{route="/predict",method="POST",status="422",model="iris",version="v1"} 1',
      'ml_api_http_requests_total{route="other",method="GET",status="404",model="",version="v1"} 1',
      'ml_api_http_request_duration_seconds_count{route="/predict",model="iris",version="v1"} 3',
      'ml_api_batch_rows_sum{model="iris",version="v1"} 3',
      'ml_api_predictions_total{model="iris",label="setosa",version="v1"} 2',
      'ml_api_predictions_total{model="iris",label="virginica",version="v1"} 1',
      'ml_api_queue_rows{model="iris",model_version="v1",version="v1"} 0',
    ])
      expect(text.split('\n')).toContain(line);
    const series = text.split('\n').filter((line) => line !== '' && !line.startsWith('#'));
    expect(series.filter((line) => !line.includes('version="'))).toEqual([]);
  });

  it('are on a port of their own when they have one, and then nowhere else', async () => {
    const { http, metricsPort } = await start({ METRICS_PORT: '0', LOG_LEVEL: 'silent' });
    expect((await http.get('/metrics')).status).toBe(404);
    expect((await http.get('/openapi.json')).body.paths).not.toHaveProperty('/metrics');
    const metrics = await fetch(`http://127.0.0.1:${metricsPort}/metrics`);
    expect(await metrics.text()).toContain('ml_api_model_info{');
    expect((await fetch(`http://127.0.0.1:${metricsPort}/predict`)).status).toBe(404);
  });
});

describe('log lines', () => {
  it('tell of successes up to LOG_RATE a second, whatever there is of failures', async () => {
    const { predict, logs } = await start({ LOG_RATE: '2' });
    for (let i = 0; i < 50; i++) await predict(row);
    for (let i = 0; i < 5; i++) await predict({ inputs: [] });
    const requests = () => logs.filter((line) => line['msg'] === 'request');
    await expect.poll(() => requests().some((line) => line['status'] === 422)).toBe(true);
    const successes = requests().filter((line) => line['status'] === 200);
    expect(successes.length).toBeGreaterThan(0);
    expect(successes.length).toBeLessThan(50);
    expect(successes[0]).toMatchObject({ method: 'POST', route: '/predict', status: 200, rows: 1 });
  });

  it('leave out probes that succeed, and successes altogether at LOG_SAMPLE 0', async () => {
    const { predict, http, logs } = await start({ LOG_SAMPLE: '0' });
    await http.get('/readyz');
    await predict(row);
    await predict({ inputs: 1 });
    await expect
      .poll(() => logs.filter((line) => line['msg'] === 'request'))
      .toMatchObject([{ status: 422, problem: 'invalid-input' }]);
  });
});
