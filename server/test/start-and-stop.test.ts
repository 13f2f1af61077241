// The predictor's program from its first millisecond to its last: what it refuses, what it frees, when it hears a signal.
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { freePort } from './free-port.ts';
import { infer } from './open-inference.ts';
import { collect, exitOf, launch, main, run } from './program.ts';
import { start, testModel } from './start.ts';

function folder(name: string): string {
  const made = mkdtempSync(path.join(tmpdir(), name));
  onTestFinished(() => rmSync(made, { recursive: true, force: true }));
  return made;
}

describe('a start that fails ends the process, whatever had been started', () => {
  it.each([
    [
      'a split of another version',
      { ENGINE: 'workers', SPLIT: 'v9=1,v2=1@http://127.0.0.1:9' },
      'SPLIT: v9 has no URL',
    ],
    ['a port in use', { PORT: '1', HOST: '203.0.113.1' }, 'HOST 203.0.113.1 is not an address'],
    [
      'a port of the metrics that cannot be had',
      { METRICS_PORT: '0', HOST: '127.0.0.1', API_KEYS_FILE: '/no/keys', ENGINE: 'workers' },
      'API_KEYS_FILE: /no/keys cannot be read',
    ],
    [
      'a model that is none, on threads',
      { MODEL_DIR: 'BROKEN', ENGINE: 'workers', WORKERS: '3' },
      'cannot be loaded as an ONNX model',
    ],
    [
      'batching that may not be',
      { MODEL_DIR: testModel('rows-influence-each-other'), BATCHING: 'on', ENGINE: 'workers' },
      'rows of this model influence each other',
    ],
  ])('%s', async (_what, env, message) => {
    const broken = folder('broken model ');
    writeFileSync(path.join(broken, 'model.onnx'), 'not a model');
    const settings = {
      ...env,
      ...('MODEL_DIR' in env && env.MODEL_DIR === 'BROKEN' && { MODEL_DIR: broken }),
    };
    const { code, stderr } = await run(['serve'], settings);
    expect(stderr).toContain(message);
    expect(code).toBe(3);
  });
});

it.each(['SIGTERM', 'SIGINT', 'SIGHUP'] as const)(
  '%s before the model is loaded ends the process with 0',
  async (signal) => {
    const port = await freePort();
    const child = launch(['serve'], {
      PORT: String(port),
      MODEL_DIR: testModel('heavy'),
      ENGINE: 'workers',
      WORKERS: '4', // so that it takes a while
    });
    const [out, err] = [collect(child.stdout), collect(child.stderr)];
    // It listens, and the model is not there yet.
    const startup = () =>
      fetch(`http://127.0.0.1:${port}/startupz`).then(
        ({ status }) => status,
        () => undefined,
      );
    await expect.poll(startup, { interval: 5, timeout: 30_000 }).toBe(503);
    child.kill(signal);
    expect(await exitOf(child), err.text).toBe(0);
    expect(out.text).toContain('stopped before it had started');
  },
);

describe("a process that starts it with a channel of Node's", () => {
  const startIt = () => {
    const child = fork(main, ['serve'], {
      env: { PATH: process.env['PATH'], HOST: '127.0.0.1', PORT: '0', GRPC_PORT: '0' },
      stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
    });
    onTestFinished(() => void child.kill('SIGKILL'));
    return { child, out: collect(child.stdout), err: collect(child.stderr) };
  };
  const portIn = (log: string) => Number(/"port":(\d+)/.exec(log)?.[1]);

  it('is told the ports, and the channel keeps it from nothing', async () => {
    const { child, out, err } = startIt();
    const [{ ready }] = await once(child, 'message');
    await expect.poll(() => out.text).toContain('"msg":"ready"');
    expect(ready).toEqual({ port: portIn(out.text), grpcPort: expect.any(Number) });
    child.kill('SIGTERM');
    expect(await exitOf(child), err.text).toBe(0);
  });

  it('may close it, and is served all the same', async () => {
    const { child, out } = startIt();
    child.disconnect();
    await expect.poll(() => out.text).toContain('"msg":"ready"');
    const { status } = await fetch(`http://127.0.0.1:${portIn(out.text)}/readyz`);
    expect([status, child.exitCode]).toEqual([200, null]);
    child.kill('SIGTERM');
    expect(await once(child, 'exit')).toEqual([0, null]); // Node emits no `close` where the channel is
  });
});

describe('what a command does not know it refuses, by name', () => {
  it.each([
    [['serve', '--modle', 'x'], "Unknown option '--modle'"],
    [['--modle', 'x'], "Unknown option '--modle'"],
    [['serve', '--port=5001'], 'Set the environment variable PORT instead.'],
    [['serve', 'model/v1', 'extra'], "Unexpected argument 'extra'"],
    [['fetch-model', '--url=x'], "Unknown option '--url'"],
    [['verify', '--golden', 'x', 'extra'], 'an argument that belongs to no option'],
    [['gate', '--promote'], "Unknown option '--promote'"],
    [['inspect', '--yaml', 'x'], '--yaml'],
    [['inspect', 'a', 'b'], "Unexpected argument 'b'"],
    [['server'], 'There is no command "server"'],
  ])('%j', async (args, message) => {
    const { code, stdout, stderr } = await run(args);
    expect(stderr).toContain(message);
    expect(stdout).toBe('');
    expect(code).toBe(2);
  });
});

it('a checkout in a path with spaces, a percent sign and other letters starts', async () => {
  const checkout = path.join(folder('a folder '), '100% ünïcode');
  const root = path.resolve(import.meta.dirname, '../..');
  symlinkSync(root, checkout);
  const child = launch(
    ['serve'],
    { NODE_OPTIONS: '--preserve-symlinks --preserve-symlinks-main' },
    { program: path.join(checkout, 'server/src/main.ts') },
  );
  const [out, err] = [collect(child.stdout), collect(child.stderr)];
  await expect.poll(() => out.text + err.text, { timeout: 20_000 }).toContain('"msg":"ready"');
});

describe('a name that no header can carry', () => {
  it('is percent-encoded there, and whole everywhere else', async () => {
    const server = await start({ MODEL_NAME: '模型 1', MODEL_VERSION: 'vé' });
    const { headers, body, status } = await server.predict({ inputs: [5.1, 3.5, 1.4, 0.2] });
    expect([status, body]).toEqual([200, { prediction: [0] }]);
    expect(headers['ml-model-name']).toBe('%E6%A8%A1%E5%9E%8B 1');
    expect(headers['ml-model-version']).toBe('v%C3%A9');
    expect((await server.http.get('/readyz')).text).toBe('ok');
    expect((await server.http.get('/model')).body).toMatchObject({ name: '模型 1', version: 'vé' });
    const tensor = { name: 'inputs', shape: [1, 4], datatype: 'FP32', data: [5.1, 3.5, 1.4, 0.2] };
    const path = `/v2/models/${encodeURIComponent('模型 1')}/infer`;
    expect((await infer(server, { inputs: [tensor] }, path)).body.model_name).toBe('模型 1');
    expect((await server.http.get('/nothing')).type).toBe('application/problem+json');
  });
});

describe('whatever throws', () => {
  it('is answered in a documented form, without a stack, at every route', async () => {
    const server = await start({ LOG_LEVEL: 'fatal' });
    // What no handler expects: the state, which every response asks for, cannot be had.
    Object.assign(server.parts, {
      state() {
        throw new Error('a fault with a secret');
      },
    });
    for (const [method, url] of [
      ['get', '/readyz'],
      ['get', '/nothing'],
      ['get', '/model'],
      ['post', '/predict'],
      ['post', '/v2/models/iris/infer'],
      ['get', '/v2/nothing'],
    ] as const) {
      const response = await server.http[method](url).send(method === 'post' ? { inputs: [] } : '');
      expect(response.status).toBe(500);
      expect(response.type).toBe(
        url.startsWith('/v2') ? 'application/json' : 'application/problem+json',
      );
      expect(response.text).not.toMatch(/secret|at .*\.ts|<html/i);
    }
  });
});
