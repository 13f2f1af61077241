// startServer() of the SDK, as the tests of a user's service use it: a server of its own, which is gone when it should be.
import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import { createClient } from '@org/ml-sdk';
import { StartServerError, type StartServerOptions, startServer } from '@org/ml-sdk/testing';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { freePort } from '../../server/test/free-port.ts';
import { collect, exitOf } from '../../server/test/program.ts';
import { keysFile, testModel } from '../../server/test/start.ts';
import { root } from './user-project.ts';

async function start(options?: StartServerOptions) {
  const server = await startServer(options);
  onTestFinished(() => server.stop().catch(() => {}));
  return { server, client: createClient({ baseUrl: server.url, retries: 0 }) };
}

const answers = (url: string): Promise<boolean> =>
  fetch(`${url}/livez`).then(
    () => true,
    () => false,
  );

/** What it throws. */
/** @param options also what only JavaScript lets pass */
const refusal = async (options: object | string): Promise<Error> => {
  const started = await startServer(options as StartServerOptions).catch((error: unknown) => error);
  if (started instanceof Error) return started;
  throw new Error('the server started');
};

const inputs = [5.1, 3.5, 1.4, 0.2];

describe('startServer()', () => {
  it('serves iris at a port of its own, as often as it is called', async () => {
    const [one, other] = await Promise.all([start(), start()]);
    expect(one.server.port).not.toBe(other.server.port);
    for (const { server, client } of [one, other]) {
      expect(server.url).toBe(`http://127.0.0.1:${server.port}`);
      expect(await client.predict({ inputs })).toEqual({ prediction: [0] });
    }
    await expect.poll(() => one.server.output).toContain('"msg":"ready"');
  });

  it.each([
    ['a directory', 'model/v2'],
    ['a URL', pathToFileURL(path.join(root, 'model/v2'))],
  ])('serves the model of %s', async (_what, model) => {
    const { client } = await start({ model });
    expect(await client.getModel()).toMatchObject({ name: 'iris', version: 'v2' });
  });

  it('takes settings of the server, and none of the process that calls it', async () => {
    vi.stubEnv('MODEL_NAME', 'of the tests');
    vi.stubEnv('PORT', '1');
    onTestFinished(() => void vi.unstubAllEnvs());
    const env = { API_KEYS_FILE: keysFile(), GRPC_PORT: '0', LOG_LEVEL: 'silent', HOST: '0.0.0.0' };
    const { server, client } = await start({ env });
    expect(server.grpcPort).toBeGreaterThan(0);
    expect(server.output).toBe('');
    await expect(client.predict({ inputs })).rejects.toMatchObject({ status: 401 });
    const known = createClient({ baseUrl: server.url, apiKey: 'first-key' });
    expect(await known.getModel()).toMatchObject({ name: 'iris' });
  });

  it('listens at the port that it is given', async () => {
    const port = await freePort();
    expect((await start({ port })).server.url).toBe(`http://127.0.0.1:${port}`);
  });
});

describe('the server is gone', () => {
  it('when it has been stopped, which may be done twice', async () => {
    const { server } = await start();
    await Promise.all([server.stop(), server.stop()]);
    await server.stop();
    expect(await answers(server.url)).toBe(false);
  });

  it('at the end of the block that uses it', async () => {
    let url = '';
    {
      await using server = await startServer();
      url = server.url;
      expect(await answers(url)).toBe(true);
    }
    expect(await answers(url)).toBe(false);
  });

  it('when it does not end by itself', async () => {
    const { server } = await start();
    process.kill(Number(server.pid), 'SIGSTOP');
    await server.stop();
    expect(await answers(server.url)).toBe(false);
  });

  it('when it takes too long, or is no longer wanted', async () => {
    const port = await freePort();
    const model = testModel('heavy');
    expect(await refusal({ port, model, timeout: 1 })).toMatchObject({
      name: 'StartServerError',
      message: expect.stringContaining('was not ready within 1 ms'),
    });
    const reason = new Error('no longer');
    const controller = new AbortController();
    const started = refusal({ port, model, signal: controller.signal });
    controller.abort(reason);
    expect(await started).toBe(reason);
    expect(await refusal({ port, model, signal: AbortSignal.abort(reason) })).toBe(reason);
    expect(await answers(`http://127.0.0.1:${port}`)).toBe(false);
  });

  /** A program that starts a server, prints its URL, and goes on as the text says. */
  function program(then: string) {
    const source = `import { startServer } from '@org/ml-sdk/testing';
const server = await startServer();
console.log(server.url);
${then}`;
    const child = spawn(process.execPath, ['--input-type=module', '--eval', source], { cwd: root });
    onTestFinished(() => void child.kill('SIGKILL'));
    return { child, out: collect(child.stdout), err: collect(child.stderr) };
  }

  it.each([
    ['ends, having forgotten it', '', 0],
    ['throws', 'throw new Error()', 1],
    [
      'waits for nothing but its end',
      "process.kill(server.pid, 'SIGSTOP'); await server.stop();",
      0,
    ],
  ])('when the process that started it %s', async (_what, then, code) => {
    const { child, out, err } = program(then);
    expect(await exitOf(child), err.text).toBe(code);
    expect(out.text).toMatch(/^http:/);
    await expect.poll(() => answers(out.text.trim())).toBe(false);
  });

  it('when the process that started it is killed', async () => {
    const { child, out } = program('setInterval(() => {}, 1000)');
    await expect.poll(() => out.text).toMatch(/^http:.*\n/);
    const url = out.text.trim();
    expect(await answers(url)).toBe(true);
    child.kill('SIGKILL');
    await expect.poll(() => answers(url)).toBe(false);
  });
});

describe('says what is wrong', () => {
  it('in the words of the server: a model that does not load', async () => {
    const model = mkdtempSync(path.join(tmpdir(), 'broken-'));
    onTestFinished(() => rmSync(model, { recursive: true }));
    writeFileSync(path.join(model, 'model.onnx'), 'not a model');
    const error = await refusal({ model });
    expect(error).toBeInstanceOf(StartServerError);
    expect(error.message).toContain('The server ended before it was ready (exit status 3).');
    expect(error.message).toContain('cannot be loaded as an ONNX model');
    expect((await refusal({ model: 'no/model' })).message).toContain(
      `There is no file or folder ${root}/no/model.`,
    );
  });

  it('a port that is in use', async () => {
    const port = await freePort();
    const taken = createServer().listen(port, '127.0.0.1');
    onTestFinished(() => void taken.close());
    expect((await refusal({ port })).message).toContain(`Port ${port} on 127.0.0.1 is in use.`);
  });

  it('a server that was killed before it was stopped', async () => {
    const { server } = await start();
    process.kill(Number(server.pid), 'SIGKILL');
    await expect.poll(() => answers(server.url)).toBe(false);
    await expect(server.stop()).rejects.toThrow('The server failed (SIGKILL).');
  });

  it.each([
    [{ port: 65_536 }, 'port: expected at most 65535, got 65536.'],
    [{ port: -1 }, 'port: expected a whole number, 0 or more, got -1.'],
    [{ port: 1.5 }, 'port: expected a whole number'],
    [{ timeout: 0 }, 'timeout: expected milliseconds'],
    [{ timeout: Number.NaN }, 'timeout: expected milliseconds'],
    [{ modle: './nope' }, 'modle: there is no such option; expected model, port, env'],
    ['./model', 'options: expected an object with some of model, port, env'],
    [{ model: '' }, 'model: expected a directory or a URI, got "".'],
    [{ env: { PORT: '5000' } }, 'env: expected no PORT, which the option port sets.'],
  ])('an option: %j', async (options, message) => {
    const error = await refusal(options);
    expect([error.name, error.message]).toEqual([
      'ConfigurationError',
      expect.stringContaining(message),
    ]);
  });
});
