// gRPC from the start of a predictor to its end: what it says while the model loads, its health, and how it closes.
import { once } from 'node:events';
import { connect } from 'node:net';
import { describe, expect, it, onTestFinished } from 'vitest';
import { readConfig } from '../../src/commands/serve/config.ts';
import { CommandError } from '../../src/util/command-error.ts';
import { freePort } from '../free-port.ts';
import { collect, exitOf, launch } from '../program.ts';
import { start, testModel } from '../start.ts';
import {
  decode,
  encode,
  GrpcClient,
  irisRow,
  type Plain,
  startGrpc,
  startModel,
  status,
} from './client.ts';

const CHECK = 'grpc.health.v1.Health/Check';
const SERVICE = 'inference.GRPCInferenceService';
const heavyRow = {
  inputs: [{ name: 'x', datatype: 'FP32', shape: [1, 1024] }],
  raw_input_contents: [Buffer.alloc(4096)],
};
const heavy = { WORKERS: '1', BATCHING: 'off', REQUEST_TIMEOUT_MS: '600000' };

describe('while the model loads', () => {
  it('health is NOT_SERVING, and all that needs the model UNAVAILABLE', async () => {
    const [port, grpcPort] = [await freePort(), await freePort()];
    const child = launch(['serve'], {
      PORT: String(port),
      GRPC_PORT: String(grpcPort),
      MODEL_DIR: testModel('heavy'),
      ENGINE: 'workers',
      WORKERS: '4', // so that it takes a while
    });
    const err = collect(child.stderr);
    const grpc = new GrpcClient(grpcPort, {
      'grpc.initial_reconnect_backoff_ms': 10,
      'grpc.max_reconnect_backoff_ms': 50,
    });
    const listens = async () => {
      const { code, response } = await grpc.call(CHECK);
      return [code, response['status']];
    };
    await expect
      .poll(listens, { interval: 5, timeout: 30_000 })
      .toEqual([status.OK, 'NOT_SERVING']);
    const { code, details, trailing } = await grpc.infer(irisRow);
    expect([code, details], err.text).toEqual([
      status.UNAVAILABLE,
      'The model is being loaded. Try again after 1 s.',
    ]);
    expect(trailing.get('retry-after')).toEqual(['1']);
    expect((await grpc.call('ServerLive')).response).toEqual({ live: true });
    expect((await grpc.call('ServerReady')).response).toEqual({ ready: false });
    for (const method of ['ModelReady', 'ModelMetadata', 'ServerMetadata', 'RepositoryIndex'])
      expect((await grpc.call(method)).code).toBe(status.UNAVAILABLE);
    child.kill('SIGTERM');
    expect(await exitOf(child), err.text).toBe(0);
  });
});

describe('health', () => {
  it('is of the server and of each service', async () => {
    const { grpc } = await startGrpc();
    for (const service of ['', SERVICE, 'grpc.health.v1.Health'])
      expect((await grpc.call(CHECK, { service })).response).toEqual({ status: 'SERVING' });
    const { code, details } = await grpc.call(CHECK, { service: 'nothing' });
    expect([code, details]).toEqual([
      status.NOT_FOUND,
      expect.stringMatching(/^There is no service "nothing"; there is "", /),
    ]);
  });

  it('is watched: now, and whenever it changes', async () => {
    const { grpc, parts } = await startGrpc();
    const states: Plain[] = [];
    const watch = grpc.watch(SERVICE);
    watch.on('data', (bytes) => states.push(decode('grpc.health.v1.HealthCheckResponse', bytes)));
    await expect.poll(() => states).toEqual([{ status: 'SERVING' }]);
    const { state } = parts;
    Object.assign(parts, { state: () => ({ kind: 'broken', reason: 'for the test' }) });
    await expect.poll(() => states.at(1)).toEqual({ status: 'NOT_SERVING' });
    expect((await grpc.call(CHECK)).response).toEqual({ status: 'NOT_SERVING' });
    Object.assign(parts, { state });
    await expect.poll(() => states.at(2)).toEqual({ status: 'SERVING' });
    watch.cancel();
    const unknown = grpc.watch('nothing');
    const [bytes] = await once(unknown, 'data');
    expect(decode('grpc.health.v1.HealthCheckResponse', bytes)).toEqual({
      status: 'SERVICE_UNKNOWN',
    });
    unknown.cancel();
  });
});

describe('stopping', () => {
  it('health turns NOT_SERVING at once, calls go on, and those in flight finish', async () => {
    const server = await startModel('heavy', { ...heavy, DRAIN_DELAY_MS: '2000' });
    const { grpc } = server;
    const begun = Array.from({ length: 5 }, () => grpc.infer(heavyRow));
    const stream = grpc.stream(`/${SERVICE}/ModelStreamInfer`);
    const responses: Plain[] = [];
    stream.on('data', (bytes) =>
      responses.push(decode('inference.ModelStreamInferResponse', bytes)),
    );
    for (let i = 0; i < 3; i++)
      stream.write(encode('inference.ModelInferRequest', { ...heavyRow, id: `${i}` }));
    const watch = grpc.watch('');
    watch.resume();
    const watched = statusOf(watch);
    const streamed = statusOf(stream);
    await expect.poll(() => server.served.queuedRows).toBeGreaterThan(0);
    const stopped = server.stop();
    expect((await grpc.call(CHECK)).response).toEqual({ status: 'NOT_SERVING' });
    expect((await grpc.infer(heavyRow)).code).toBe(status.OK);
    for (const { code, details } of await Promise.all(begun)) expect(code, details).toBe(status.OK);
    expect(responses.map((one) => [one['error_message'], one['infer_response'].id])).toEqual([
      ['', '0'],
      ['', '1'],
      ['', '2'],
    ]);
    for (const { code, details } of [await watched, await streamed])
      expect([code, details]).toEqual([
        status.UNAVAILABLE,
        'The server is stopping. Connect again, which leads to another.',
      ]);
    await stopped;
    expect((await grpc.infer(heavyRow)).code).toBe(status.UNAVAILABLE);
  });

  it('no call is lost while a server stops and another is there', async () => {
    const [one, other] = [await startGrpc({ DRAIN_DELAY_MS: '200' }), await startGrpc()];
    const client = new GrpcClient(undefined);
    client.client.close();
    const { Client, credentials } = await import('@grpc/grpc-js');
    const balanced = new Client(
      `ipv4:127.0.0.1:${one.grpcPort},127.0.0.1:${other.grpcPort}`,
      credentials.createInsecure(),
      { 'grpc.service_config': JSON.stringify({ loadBalancingConfig: [{ round_robin: {} }] }) },
    );
    onTestFinished(() => balanced.close());
    const asIs = (bytes: Buffer) => bytes;
    const bytes = encode('inference.ModelInferRequest', irisRow);
    const infer = () =>
      new Promise<string>((resolve) =>
        balanced.makeUnaryRequest(`/${SERVICE}/ModelInfer`, asIs, asIs, bytes, (error) =>
          resolve(error === null ? 'OK' : `${error.code} ${error.details}`),
        ),
      );
    let stopped = false;
    const outcomes = new Map<string, number>();
    const callers = Array.from({ length: 8 }, async () => {
      while (!stopped) {
        const outcome = await infer();
        outcomes.set(outcome, (outcomes.get(outcome) ?? 0) + 1);
      }
    });
    await expect.poll(() => outcomes.get('OK')).toBeGreaterThan(100);
    await one.stop();
    const then = outcomes.get('OK') ?? 0;
    await expect.poll(() => outcomes.get('OK')).toBeGreaterThan(then + 100);
    stopped = true;
    await Promise.all(callers);
    expect([...outcomes.keys()]).toEqual(['OK']);
  });

  it('calls that take longer than SHUTDOWN_TIMEOUT_MS are cut off, and counted', async () => {
    const server = await startModel('heavy', {
      ...heavy,
      SHUTDOWN_TIMEOUT_MS: '50',
      LOG_LEVEL: 'info',
    });
    const begun = Array.from({ length: 20 }, () => server.grpc.infer(heavyRow));
    await expect.poll(() => server.served.queuedRows).toBeGreaterThan(0);
    await server.stop();
    const codes = (await Promise.all(begun)).map(({ code }) => code);
    expect(codes).toContain(status.UNAVAILABLE);
    expect(server.logs.find((line) => String(line['msg']).includes('cut off'))).toMatchObject({
      requests: expect.any(Number),
    });
  });

  it('does not wait for connections that nobody uses, or that never spoke', async () => {
    const { grpc, grpcPort = 0, stop } = await startGrpc();
    await grpc.call(CHECK);
    const silent = connect(grpcPort, '127.0.0.1');
    silent.on('error', () => {});
    silent.resume();
    await once(silent, 'connect');
    const reflection = grpc.stream('/grpc.reflection.v1.ServerReflection/ServerReflectionInfo');
    reflection.resume();
    await once(reflection, 'metadata');
    await stop(); // would take SHUTDOWN_TIMEOUT_MS, 25 s, if it waited
  });
});

describe('ports', () => {
  it('a port that is taken ends the start', async () => {
    const { grpcPort } = await startGrpc();
    await expect(start({ GRPC_PORT: String(grpcPort) })).rejects.toThrow(
      `Port ${grpcPort} on 127.0.0.1 is in use. Set GRPC_PORT to another port (0 takes a free one)`,
    );
  });

  it.each([
    [{ GRPC_PORT: '5000' }, 'GRPC_PORT and PORT are both 5000.'],
    [{ GRPC_PORT: '9', METRICS_PORT: '9' }, 'GRPC_PORT and METRICS_PORT are both 9.'],
  ])('equal ones are refused: %j', (env, message) => {
    expect(() => readConfig(env)).toThrow(CommandError);
    expect(() => readConfig(env)).toThrow(message);
    expect(readConfig({ GRPC_PORT: '0', METRICS_PORT: '0', PORT: '0' }).GRPC_PORT).toBe(0);
  });

  it('without GRPC_PORT, nothing of gRPC is loaded', async () => {
    const child = launch(['serve'], { NODE_DEBUG: 'module,esm' });
    const [out, err] = [collect(child.stdout), collect(child.stderr)];
    await expect.poll(() => out.text, { timeout: 30_000 }).toContain('"msg":"ready"');
    expect(err.text).toContain('express');
    expect(err.text).not.toMatch(/grpc-js|protobufjs/);
  });
});

/** `once` of Node's would reject: a status other than OK is an error, too. */
function statusOf(stream: NodeJS.EventEmitter): Promise<{ code: number; details: string }> {
  return new Promise((resolve) => stream.once('status', resolve));
}
