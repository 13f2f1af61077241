// Several threads of one process serve requests at one port, and are one server to whoever asks.
import { once } from 'node:events';
import { existsSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { Agent, request } from 'node:http';
import { type AddressInfo, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { Client, credentials } from '@grpc/grpc-js';
import { describe, expect, it, onTestFinished } from 'vitest';
import { areLight, mostThreads } from '../src/commands/serve/threads/how-many.ts';
import { freePort } from './free-port.ts';
import { decode, encode } from './grpc/client.ts';
import { collect, exitOf, launch, run } from './program.ts';
import { start } from './start.ts';

const iris = fileURLToPath(new URL('../../model/', import.meta.url));
const row = { inputs: [5.1, 3.5, 1.4, 0.2] };
/** Connections of which the kernel gives each thread some: all go to one of two once in 2 ** 39 times. */
const MANY = 40;

interface Server {
  readonly url: string;
  readonly child: ReturnType<typeof launch>;
  readonly logs: () => Record<string, unknown>[];
  readonly errors: () => string;
}

/** The program with several threads, all of which serve. */
async function serve(
  env: Readonly<Record<string, string>>,
  threads = 2,
  onReady = () => {},
): Promise<Server> {
  const port = await freePort();
  const all = { SERVING_THREADS: String(threads), PORT: String(port), LOG_RATE: '0', ...env };
  const child = launch(['serve'], all);
  const [out, err] = [collect(child.stdout), collect(child.stderr)];
  const logs = () =>
    out.text
      .split('\n')
      .filter((line) => line !== '')
      .map((line) => JSON.parse(line));
  const told = (what = 'serving threads') => logs().some(({ msg }) => msg === what);
  await expect.poll(() => told('ready') || err.text, { timeout: 30_000 }).toBe(true);
  onReady();
  await expect.poll(() => told() || err.text, { timeout: 30_000 }).toBe(true);
  return { url: `http://127.0.0.1:${port}`, child, logs, errors: () => err.text };
}

interface Response {
  /** Whether it came on a connection that there was. */
  readonly isOnKnown: boolean;
  readonly status: number;
  readonly body: string;
}

interface Asked {
  readonly method?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
  readonly signal?: AbortSignal;
}

/** Asks on a connection of its own. */
function ask(
  url: string,
  { method = 'GET', headers = {}, body = '', signal }: Asked = {},
  agent = new Agent(),
): Promise<Response> {
  return new Promise((resolve, reject) => {
    const req = request(url, { method, headers, agent, ...(signal && { signal }) }, async (res) => {
      let text = '';
      for await (const chunk of res) text += String(chunk);
      resolve({ isOnKnown: req.reusedSocket, status: res.statusCode ?? 0, body: text });
    });
    req.on('error', reject);
    req.end(body);
  });
}

const many = <Result>(one: (i: number) => Promise<Result>): Promise<Result[]> =>
  Promise.all(Array.from({ length: MANY }, (_, i) => one(i)));

const json = { 'Content-Type': 'application/json' };
const predict = ({ url }: Server) =>
  ask(`${url}/predict`, { method: 'POST', headers: json, body: JSON.stringify(row) });

const seenBy = (logs: readonly Record<string, unknown>[]) =>
  new Set(logs.filter(({ msg }) => msg === 'request').map(({ thread = 1 }) => thread));

describe('two threads', () => {
  it('both serve, and count as one server', async () => {
    const server = await serve({});
    const responses = await many(() => predict(server));
    for (const response of responses)
      expect(response).toMatchObject({ status: 200, body: '{"prediction":[0]}' });
    await expect.poll(() => seenBy(server.logs())).toEqual(new Set([1, 2]));
    const model = JSON.parse((await ask(`${server.url}/model`)).body);
    expect(model.serving).toMatchObject({ threads: 2, engine: 'inline' });
    // Whichever of them is asked.
    await many(async () => {
      const { body } = await ask(`${server.url}/metrics`);
      expect(body).toContain(
        `ml_api_predictions_total{model="iris",label="setosa",version="v1"} ${MANY}`,
      );
      expect(body).toContain('ml_api_serving_threads{version="v1"} 2');
      expect(body).toMatch(/^ml_api_model_info\{name="iris",.*\} 1$/m);
      expect(body).toMatch(/^process_start_time_seconds\{version="v1"\} 1\d{9}$/m);
      expect(body.match(/^ml_api_cpu_limit_cores\{.*\} (.*)$/m)?.[1]).toBe(
        String(server.logs().find(({ msg }) => msg === 'ready')?.['cpus']),
      );
      const statistics = await ask(`${server.url}/v2/models/iris/stats`);
      expect(JSON.parse(statistics.body).model_stats).toMatchObject([
        { inference_count: MANY, inference_stats: { success: { count: MANY } } },
      ]);
    });
  });

  it('drain as one: what has begun to come they answer, and the process ends with 0', async () => {
    const server = await serve({});
    const body = JSON.stringify(row);
    const headers = { ...json, 'Content-Length': String(body.length) };
    const halfSent = await many(async () => {
      const req = request(`${server.url}/predict`, { method: 'POST', headers, agent: new Agent() });
      const responded = once(req, 'response');
      await new Promise((resolve) => req.write(body.slice(0, 5), resolve));
      return { rest: () => req.end(body.slice(5)), responded };
    });
    const told = async () => (await ask(`${server.url}/metrics`)).body;
    await expect.poll(told).toContain(`ml_api_requests_in_flight{version="v1"} ${MANY + 1}`);
    server.child.kill('SIGTERM');
    await expect.poll(() => server.logs().filter(({ msg }) => msg === 'draining').length).toBe(2);
    for (const { rest, responded } of halfSent) {
      rest();
      const [response] = await responded;
      expect(response.statusCode).toBe(200);
      response.resume();
    }
    expect(await exitOf(server.child), server.errors()).toBe(0);
    expect(seenBy(server.logs())).toEqual(new Set([1, 2]));
    const stopped = server.logs().filter(({ msg }) => msg === 'stopped');
    expect(new Set(stopped.map(({ thread = 1 }) => thread))).toEqual(new Set([1, 2]));
    expect(server.logs().filter(({ msg }) => String(msg).includes('cut off'))).toEqual([]);
  });

  it('are unready together', async () => {
    const server = await serve({ DRAIN_DELAY_MS: '2000' });
    server.child.kill('SIGTERM');
    await expect.poll(async () => (await ask(`${server.url}/readyz`)).status).toBe(503);
    const probes = await many(() => ask(`${server.url}/readyz`));
    expect(new Set(probes.map(({ status, body }) => `${status} ${body}`))).toEqual(
      new Set(['503 draining']),
    );
  });

  it('serve gRPC, too', async () => {
    const grpcPort = await freePort();
    const server = await serve({ GRPC_PORT: String(grpcPort) });
    const call = () =>
      new Promise((resolve, reject) => {
        const client = new Client(`127.0.0.1:${grpcPort}`, credentials.createInsecure(), {
          'grpc.use_local_subchannel_pool': 1,
        });
        const tensor = { name: 'inputs', datatype: 'FP32', shape: [1, 4] };
        const message = {
          model_name: 'iris',
          inputs: [{ ...tensor, contents: { fp32_contents: row.inputs } }],
        };
        client.makeUnaryRequest(
          '/inference.GRPCInferenceService/ModelInfer',
          (bytes: Buffer) => bytes,
          (bytes: Buffer) => bytes,
          encode('inference.ModelInferRequest', message),
          (error, bytes) => {
            client.close();
            if (error) reject(error);
            else resolve(decode('inference.ModelInferResponse', bytes ?? Buffer.alloc(0)));
          },
        );
      });
    for (const response of await many(call)) expect(response).toMatchObject({ model_name: 'iris' });
    await expect.poll(() => seenBy(server.logs())).toEqual(new Set([1, 2]));
    const { body } = await ask(`${server.url}/metrics`);
    expect(body).toContain(
      `ml_api_predictions_total{model="iris",label="setosa",version="v1"} ${MANY}`,
    );
  });

  it('shadow as one', async () => {
    const challenger = await start({ MODEL_DIR: path.join(iris, 'v2'), LOG_LEVEL: 'silent' });
    const server = await serve({
      SHADOW: `v2@${challenger.url}`,
      SHADOW_TOLERANCE: '0',
      SHADOW_KEEP: '3',
      SHADOW_MAX_IN_FLIGHT: String(MANY),
    });
    await many(() => predict(server));
    const report = async () => JSON.parse((await ask(`${server.url}/shadow/disagreements`)).body);
    await expect
      .poll(async () => {
        const { agreed, disagreed } = (await report()).rows;
        return agreed + disagreed;
      })
      .toBe(MANY);
    const { disagreements, keeps, requests } = await report();
    expect(keeps).toBe(3);
    expect(disagreements.length).toBe(Math.min(3, requests.disagreed));
  });
});

describe('limits a second and at once are of the process', () => {
  /** Sends to all threads for some seconds. @returns how many seconds of the clock that touched, at most */
  const busily = async (send: () => Promise<unknown>) => {
    const startedAt = performance.now();
    while (performance.now() - startedAt < 3000) await send();
    return Math.ceil((performance.now() - startedAt) / 1000) + 1;
  };

  it('LOG_RATE', async () => {
    const server = await serve({ LOG_RATE: '1' }, 4);
    const seconds = await busily(() => many(() => predict(server)));
    server.child.kill('SIGTERM');
    expect(await exitOf(server.child)).toBe(0);
    const lines = server.logs().filter(({ msg }) => msg === 'request');
    expect(lines.length).toBeGreaterThan(0);
    expect(lines.length).toBeLessThanOrEqual(seconds);
  }, 30_000);

  it('SHADOW_RATE', async () => {
    const challenger = await start({ MODEL_DIR: path.join(iris, 'v2'), LOG_LEVEL: 'silent' });
    const server = await serve({ SHADOW: `v2@${challenger.url}`, SHADOW_RATE: '1' }, 4);
    const seconds = await busily(() => many(() => predict(server)));
    const { body } = await ask(`${server.url}/shadow/disagreements`);
    const { requests } = JSON.parse(body) as { requests: Record<string, number> };
    const sampled = Object.values(requests).reduce((sum, one) => sum + one);
    expect(sampled).toBeGreaterThan(0);
    expect(sampled).toBeLessThanOrEqual(seconds);
  }, 30_000);

  it('SHADOW_MAX_IN_FLIGHT', async () => {
    const silent = createServer(() => {}); // takes connections, and never responds
    await new Promise<void>((resolve) => silent.listen(0, '127.0.0.1', resolve));
    onTestFinished(() => void silent.close());
    const { port } = silent.address() as AddressInfo;
    const server = await serve({
      SHADOW: `v2@http://127.0.0.1:${port}`,
      SHADOW_MAX_IN_FLIGHT: '1',
      SHADOW_TIMEOUT_MS: '60000',
    });
    await many(() => predict(server));
    const dropped = async () => {
      const { body } = await ask(`${server.url}/shadow/disagreements`);
      return JSON.parse(body).requests.dropped;
    };
    await expect.poll(dropped).toBe(MANY - 1);
  });
});

/**
 * Two threads, the second of which is done some harm.
 * @param harm at once; empty for none yet
 */
async function saboteurs(
  harm: string,
  env: Readonly<Record<string, string>> = {},
): Promise<Server & { sabotage: string }> {
  const sabotage = mkdtempSync(path.join(tmpdir(), 'sabotage-'));
  onTestFinished(() => rmSync(sabotage, { recursive: true }));
  const saboteur = new URL('./faults/saboteur.ts', import.meta.url).href;
  const loaded = { NODE_OPTIONS: `--import ${saboteur}`, SABOTAGE: sabotage };
  const server = await serve({ ...loaded, ...env });
  if (harm !== '') writeFileSync(path.join(sabotage, harm), '');
  return { ...server, sabotage };
}

/** Asks on new connections until one comes to a thread that responds. */
async function probe({ url }: Server): Promise<Response> {
  for (;;) {
    const responded = ask(`${url}/livez`, { signal: AbortSignal.timeout(500) });
    const response = await responded.catch(() => undefined);
    if (response !== undefined) return response;
  }
}

/** Asks on new connections until one comes to a thread that responds. */
async function responded(url: string): Promise<Response> {
  for (;;) {
    const response = ask(url, { signal: AbortSignal.timeout(5000) });
    const come = await response.catch(() => undefined);
    if (come !== undefined) return come;
  }
}

it('a thread that is lost ends the process, which says so without what was sent', async () => {
  const server = await saboteurs('throw-in-thread');
  expect(await exitOf(server.child)).toBe(3);
  expect(server.logs()).toContainEqual(
    expect.objectContaining({
      msg: 'the predictor failed',
      err: expect.objectContaining({ cause: expect.objectContaining({ type: 'TypeError' }) }),
    }),
  );
  expect(server.logs()).toContainEqual(
    expect.objectContaining({ msg: 'a serving thread has ended', thread: 2 }),
  );
  expect(JSON.stringify(server.logs()) + server.errors()).not.toContain('Jane Doe');
});

it('a thread that stands still for half a minute fails the probes of all', async () => {
  const server = await saboteurs('stop-thread');
  await expect
    .poll(async () => (await probe(server)).status, { timeout: 60_000, interval: 500 })
    .toBe(503);
  expect((await probe(server)).body).toContain('a serving thread cannot go on');
  expect(server.logs()).toContainEqual(
    expect.objectContaining({ msg: 'a serving thread does not respond', thread: 2 }),
  );
}, 90_000);

/** Value of the first series of a metric. */
const firstOf = (metrics: string, name: string) =>
  Number(new RegExp(`^${name}\\{[^}]*\\} (.*)$`, 'm').exec(metrics)?.[1] ?? Number.NaN);

it('a thread that stands still keeps nobody waiting, and what it has counted stays', async () => {
  const challenger = await start({ MODEL_DIR: path.join(iris, 'v2'), LOG_LEVEL: 'silent' });
  const env = { METRICS_PORT: String(await freePort()) };
  const server = await saboteurs('', {
    ...env,
    SHADOW: `v2@${challenger.url}`,
    SHADOW_MAX_IN_FLIGHT: String(MANY),
  });
  const operators = `http://127.0.0.1:${env.METRICS_PORT}`;
  const told = async () => {
    const signal = AbortSignal.timeout(10_000);
    const metrics = (await ask(`${operators}/metrics`, { signal })).body;
    const report = (await ask(`${operators}/shadow/disagreements`, { signal })).body;
    return {
      predicted: firstOf(metrics, 'ml_api_predictions_total'),
      threads: firstOf(metrics, 'ml_api_serving_threads'),
      silent: firstOf(metrics, 'ml_api_serving_threads_silent'),
      shadowed: JSON.parse(report).rows.agreed + JSON.parse(report).rows.disagreed,
    };
  };
  await many(() => predict(server));
  const before = { predicted: MANY, threads: 2, silent: 0, shadowed: MANY };
  await expect.poll(told).toEqual(before);
  // Each of the two has a thread that asks the challenger, which the harm may come to, too.
  for (let i = 0; i < 3; i++) {
    writeFileSync(path.join(server.sabotage, 'stop-thread'), '');
    await expect.poll(() => existsSync(path.join(server.sabotage, 'stop-thread'))).toBe(false);
  }
  for (let i = 0; i < 3; i++) expect(await told()).toEqual({ ...before, silent: 1 });
  // By whoever of the others is asked at the port that all share.
  const statistics = await responded(`${server.url}/v2/models/iris/stats`);
  expect(JSON.parse(statistics.body).model_stats[0].inference_count).toBeGreaterThan(0);
}, 60_000);

it('a thread that is only slow counts again once it responds', async () => {
  const env = { METRICS_PORT: String(await freePort()) };
  const server = await saboteurs('', env);
  const silent = async () => {
    const { body } = await ask(`http://127.0.0.1:${env.METRICS_PORT}/metrics`);
    return firstOf(body, 'ml_api_serving_threads_silent');
  };
  writeFileSync(path.join(server.sabotage, 'pause-thread'), '');
  await expect.poll(() => existsSync(path.join(server.sabotage, 'pause-thread'))).toBe(false);
  expect(await silent()).toBe(1);
  await expect.poll(silent, { timeout: 30_000 }).toBe(0);
  expect((await responded(`${server.url}/livez`)).status).toBe(200);
}, 60_000);

it('the first thread stands still: the others fail the probes, and say that they cannot tell', async () => {
  const server = await saboteurs('stop-first-thread');
  await expect.poll(() => existsSync(path.join(server.sabotage, 'stop-first-thread'))).toBe(false);
  const metrics = await responded(`${server.url}/metrics`);
  expect(metrics.status).toBe(503);
  expect(metrics.body).toContain('does not respond');
  await expect
    .poll(async () => (await probe(server)).status, { timeout: 60_000, interval: 500 })
    .toBe(503);
  await expect
    .poll(server.logs)
    .toContainEqual(
      expect.objectContaining({ msg: 'a serving thread does not respond', thread: 1 }),
    );
}, 90_000);

it("the port of the metrics is the first thread's: while it stands still, no scrape succeeds", async () => {
  const METRICS_PORT = String(await freePort());
  const server = await saboteurs('', { METRICS_PORT });
  const scrape = () =>
    ask(`http://127.0.0.1:${METRICS_PORT}/metrics`, { signal: AbortSignal.timeout(2000) });
  expect((await scrape()).status).toBe(200);
  writeFileSync(path.join(server.sabotage, 'stop-first-thread'), '');
  await expect.poll(() => existsSync(path.join(server.sabotage, 'stop-first-thread'))).toBe(false);
  await expect(scrape()).rejects.toThrow();
}, 60_000);

it.each(['throw-in-thread', 'end-thread', 'stop-thread'])(
  '%s: the log has all that was responded before',
  async (harm) => {
    const server = await saboteurs('', { LOG_RATE: '0' });
    const agents = Array.from({ length: MANY }, () => new Agent({ keepAlive: true }));
    onTestFinished(() => {
      for (const agent of agents) agent.destroy();
    });
    const get = (id: string, agent: Agent | undefined) => {
      const headers = { 'X-Request-Id': id };
      const signal = AbortSignal.timeout(2000);
      return ask(`${server.url}/model`, { headers, signal }, agent);
    };
    const threadOf = (id: string) =>
      server.logs().find(({ requestId }) => requestId === id)?.['thread'];
    await many((i) => get(`first-${i}`, agents[i]));
    await expect
      .poll(() =>
        agents.every((_, i) => server.logs().some((l) => l['requestId'] === `first-${i}`)),
      )
      .toBe(true);
    const agent = agents.find((_, i) => threadOf(`first-${i}`) === 2);
    const exit = exitOf(server.child);
    const responded: string[] = [];
    for (;;) {
      if (responded.length === 5) writeFileSync(path.join(server.sabotage, harm), '');
      const id = `next-${responded.length}`;
      const response = await get(id, agent).catch(() => undefined);
      if (!response?.isOnKnown) break; // a new one goes to the other thread
      responded.push(id);
    }
    if (harm !== 'stop-thread') {
      expect(await exit).toBe(3);
      expect(server.logs()).toContainEqual(
        expect.objectContaining({ msg: 'a serving thread has ended', thread: 2 }),
      );
    }
    responded.pop(); // Node lets a thread go on for a moment after what has ended it, and the last may be from then
    expect(responded.length).toBeGreaterThanOrEqual(4);
    const missing = () => responded.filter((id) => threadOf(id) !== 2);
    await expect.poll(missing).toEqual([]);
  },
);

it('a thread that cannot start is told of, and the others serve', async () => {
  const saboteur = new URL('./faults/saboteur.ts', import.meta.url).href;
  const env = { NODE_OPTIONS: `--import ${saboteur}`, SABOTAGE_AT_START: 'throw-in-thread' };
  const server = await serve(env);
  expect(server.logs()).toContainEqual(
    expect.objectContaining({
      msg: 'a serving thread could not start; the others serve',
      thread: 2,
      err: expect.objectContaining({ type: 'TypeError' }),
    }),
  );
  for (const { status } of await many(() => predict(server))) expect(status).toBe(200);
  const model = JSON.parse((await ask(`${server.url}/model`)).body);
  expect(model.serving.threads).toBe(1);
  server.child.kill('SIGTERM');
  expect(await exitOf(server.child)).toBe(0);
});

it('a port that another process shares is in use', async () => {
  const server = await serve({});
  const { port } = new URL(server.url);
  const { code, stderr } = await run(['serve'], { PORT: port, SERVING_THREADS: '2' });
  expect(stderr).toContain(`Port ${port} on 127.0.0.1 is in use`);
  expect(code).toBe(3);
});

/** Keeps all threads but the first from starting for so long. */
const startingLate = (milliseconds: number) => ({
  NODE_OPTIONS: `--import=data:text/javascript,${encodeURIComponent(
    `import { isMainThread } from 'node:worker_threads';
     if (!isMainThread) Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, ${milliseconds});`,
  )}`,
});

it('a thread that would serve another model than the first does not start, and says why', async () => {
  const folder = mkdtempSync(path.join(tmpdir(), 'models-'));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  const link = path.join(folder, 'current');
  symlinkSync(path.join(iris, 'v1'), link);
  const server = await serve({ MODEL_DIR: link, ...startingLate(2000) }, 2, () => {
    rmSync(link);
    symlinkSync(path.join(iris, 'v2'), link);
  });
  expect(server.logs()).toContainEqual(
    expect.objectContaining({
      msg: 'a serving thread could not start; the others serve',
      reason: expect.stringContaining('not what the first thread serves'),
    }),
  );
  const models = await many(() => ask(`${server.url}/model`));
  expect(new Set(models.map(({ body }) => JSON.parse(body).version))).toEqual(new Set(['v1']));
});

it('SIGTERM while the others start ends the process with 0, and the first drains at once', async () => {
  const port = await freePort();
  const env = { SERVING_THREADS: '3', PORT: String(port), DRAIN_DELAY_MS: '8000' };
  const child = launch(['serve'], { ...env, ...startingLate(4000) });
  const [out, err] = [collect(child.stdout), collect(child.stderr)];
  await expect.poll(() => out.text, { timeout: 20_000 }).toContain('"msg":"ready"');
  child.kill('SIGTERM');
  await expect.poll(() => out.text).toContain('"msg":"draining"');
  expect((await ask(`http://127.0.0.1:${port}/readyz`)).status).toBe(503);
  expect(out.text).not.toContain('"thread":2');
  expect(await exitOf(child), err.text + out.text).toBe(0);
});

it('a thread that stands still does not keep the process from ending', async () => {
  const server = await saboteurs('stop-thread', { SHUTDOWN_TIMEOUT_MS: '0' });
  await expect.poll(() => existsSync(path.join(server.sabotage, 'stop-thread'))).toBe(false);
  server.child.kill('SIGTERM');
  expect(await exitOf(server.child)).toBe(3);
  expect(server.logs().map(({ msg }) => msg)).toContain(
    'a serving thread does not end; the process ends without it',
  );
});

describe('how many', () => {
  const fixed = { SERVING_THREADS: 0, MODEL_RELOAD_SECONDS: 0, OPERATOR_KEYS_FILE: undefined };
  const granted = (cpus: number, gib: number) => ({ cpus, memoryBytes: gib * 1024 ** 3 });

  it.each([
    [0, granted(0.5, 0.5), 1],
    [0, granted(1.9, 8), 1],
    [0, granted(2, 0.5), 2],
    [0, granted(4, 0.5), 2],
    [0, granted(64, 64), 4],
    [0, granted(8, 0.1), 1],
    [1, granted(64, 64), 1],
    [7, granted(1, 0.1), 7],
  ])('SERVING_THREADS=%d on %j: %d', (wanted, resources, threads) => {
    expect(mostThreads({ ...fixed, SERVING_THREADS: wanted }, resources)).toBe(threads);
  });

  it.each([
    ['MODEL_RELOAD_SECONDS', { ...fixed, MODEL_RELOAD_SECONDS: 1 }],
    ['OPERATOR_KEYS_FILE', { ...fixed, OPERATOR_KEYS_FILE: '/keys' }],
  ])('is one where models may change, by %s', (variable, settings) => {
    expect(mostThreads(settings, granted(8, 8))).toBe(1);
    expect(() => mostThreads({ ...settings, SERVING_THREADS: 2 }, granted(8, 8))).toThrow(
      `SERVING_THREADS is 2, and ${variable} is set; expected one of them`,
    );
  });

  it('is one where a model has worker threads', async () => {
    const light = await start({ LOG_LEVEL: 'silent' });
    const heavy = await start({ LOG_LEVEL: 'silent', ENGINE: 'workers', WORKERS: '1' });
    expect(areLight([light.served])).toBe(true);
    expect(areLight([light.served, heavy.served])).toBe(false);
  });
});
