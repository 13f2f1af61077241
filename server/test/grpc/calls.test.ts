// What goes with every call: deadlines, cancellation, API keys, ids, and what is told of it.
import { describe, expect, it } from 'vitest';
import { FAULT } from '../../src/protocols/fault.ts';
import { keysFile } from '../start.ts';
import {
  encode,
  GrpcClient,
  irisRow,
  type Outcome,
  startGrpc,
  startModel,
  status,
} from './client.ts';
import { framed, rawCall } from './raw-call.ts';

/** A row of the heavy model, which takes a while. */
const heavyRow = {
  inputs: [{ name: 'x', datatype: 'FP32', shape: [1, 1024] }],
  raw_input_contents: [Buffer.alloc(4096)],
};
const heavy = { WORKERS: '1', BATCHING: 'off', REQUEST_TIMEOUT_MS: '600000' };

describe('deadlines', () => {
  it("the client's ends the work", async () => {
    const server = await startModel('heavy', { ...heavy, LOG_LEVEL: 'info' });
    const { headers } = await rawCall(server, {
      headers: { 'grpc-timeout': '20m' },
      body: framed(encode('inference.ModelInferRequest', heavyRow), false),
    });
    expect([headers['grpc-status'], decodeURI(String(headers['grpc-message']))]).toEqual([
      String(status.DEADLINE_EXCEEDED),
      expect.stringMatching(/^No prediction within \d+ ms\. /),
    ]);
    await expect
      .poll(() => server.logs.find((line) => line['status'] === 504))
      .toMatchObject({
        method: 'POST',
        route: '/inference.GRPCInferenceService/ModelInfer',
        problem: 'deadline-exceeded',
      });
    const { code } = await server.grpc.infer(heavyRow, { deadlineMs: 20 });
    expect(code).toBe(status.DEADLINE_EXCEEDED);
    expect((await server.grpc.infer(heavyRow, { deadlineMs: 60_000 })).code).toBe(status.OK);
  });

  it('a call that would wait for longer than its own is refused at once', async () => {
    const server = await startModel('heavy', heavy);
    const before = Array.from({ length: 30 }, () => server.grpc.infer(heavyRow));
    await expect.poll(() => server.served.queuedRows).toBeGreaterThan(10);
    const { code, details } = await server.grpc.infer(heavyRow, { deadlineMs: 200 });
    expect([code, details]).toEqual([
      status.UNAVAILABLE,
      expect.stringMatching(/Try again after \d+ s\.$/),
    ]);
    for (const outcome of await Promise.all(before)) expect(outcome.code).toBe(status.OK);
  });

  it("the server's own is DEADLINE_EXCEEDED, or the call is refused before it", async () => {
    const server = await startModel('heavy', { ...heavy, REQUEST_TIMEOUT_MS: '300' });
    const outcomes = await Promise.all(
      Array.from({ length: 100 }, () => server.grpc.infer(heavyRow)),
    );
    const codes = new Set(outcomes.map(({ code }) => code));
    codes.delete(status.OK);
    for (const code of codes)
      expect([status.UNAVAILABLE, status.DEADLINE_EXCEEDED]).toContain(code);
    const refused = outcomes.find(({ code }) => code === status.UNAVAILABLE);
    expect(refused?.details).toMatch(/Try again after \d+ s\.$/);
    expect(Number(refused?.trailing.get('retry-after')[0])).toBeGreaterThan(0);
    expect(Number(refused?.trailing.get('grpc-retry-pushback-ms')[0])).toBeGreaterThanOrEqual(1000);
  });
});

describe('cancellation', () => {
  it('gives up the work of a call that is cancelled', async () => {
    const server = await startModel('heavy', { ...heavy, LOG_LEVEL: 'info' });
    const calls: { cancel(): void }[] = [];
    const outcomes = Array.from({ length: 20 }, () =>
      server.grpc.infer(heavyRow, { onCall: (call) => calls.push(call) }),
    );
    await expect.poll(() => server.served.queuedRows).toBeGreaterThan(10);
    for (const call of calls) call.cancel();
    await expect.poll(() => server.served.queuedRows).toBe(0);
    expect(new Set((await Promise.all(outcomes)).map(({ code }) => code))).toContain(
      status.CANCELLED,
    );
    await expect
      .poll(() => server.logs.some((line) => line['status'] === 499 && line['rows'] === 1))
      .toBe(true);
  });

  it('and of a stream, or a connection, that goes', async () => {
    const server = await startModel('heavy', heavy);
    const client = new GrpcClient(server.grpcPort);
    const stream = client.stream('/inference.GRPCInferenceService/ModelStreamInfer');
    stream.resume();
    for (let i = 0; i < 20; i++) stream.write(encode('inference.ModelInferRequest', heavyRow));
    await expect.poll(() => server.served.queuedRows).toBeGreaterThan(10);
    stream.cancel();
    await expect.poll(() => server.served.queuedRows).toBe(0);
    expect((await server.grpc.infer(heavyRow)).code).toBe(status.OK);
  });
});

describe('API keys', () => {
  const keyed = async () => startGrpc({ API_KEYS_FILE: keysFile() });
  const service = 'grpc.health.v1.Health/Check';

  it('are needed for what needs one over HTTP, as metadata of either form', async () => {
    const { grpc, predict } = await keyed();
    const none = await grpc.infer(irisRow);
    expect([none.code, none.details]).toEqual([
      status.UNAUTHENTICATED,
      (await predict({ inputs: [1, 2, 3, 4] })).body.detail,
    ]);
    const wrong = await grpc.infer(irisRow, { metadata: { 'x-api-key': 'guess' } });
    expect([wrong.code, wrong.details]).toEqual([
      status.UNAUTHENTICATED,
      'The API key is not one of those that this server knows.',
    ]);
    for (const metadata of [{ 'x-api-key': 'first-key' }, { authorization: 'Bearer second-key' }])
      expect((await grpc.infer(irisRow, { metadata })).code).toBe(status.OK);
    for (const open of ['ServerLive', 'ServerReady', 'ModelReady', service])
      expect((await grpc.call(open)).code).toBe(status.OK);
  });

  it('are needed before a stream begins', async () => {
    const { grpc } = await keyed();
    const stream = grpc.stream('/inference.GRPCInferenceService/ModelStreamInfer');
    stream.resume();
    const { code } = await new Promise<{ code: number }>((resolve) =>
      stream.once('status', resolve),
    );
    expect(code).toBe(status.UNAUTHENTICATED);
  });
});

describe('ids and identity', () => {
  it('go before each response', async () => {
    const { grpc, served } = await startGrpc({ MODEL_NAME: '模型 1' });
    const { initial } = await grpc.call(
      'ModelMetadata',
      {},
      { metadata: { 'x-request-id': 'a-1' } },
    );
    expect(initial.getMap()).toMatchObject({
      'x-request-id': 'a-1',
      'ml-model-name': '%E6%A8%A1%E5%9E%8B 1',
      'ml-model-version': 'v1',
      'ml-contract-hash': served.contract.hash,
    });
  });

  it('go with the status of a call that fails, so that clients can try it again', async () => {
    const { grpc } = await startGrpc();
    const metadata = { traceparent: `00-${'ab'.repeat(16)}-${'cd'.repeat(8)}-01` };
    const { trailing } = await grpc.infer({}, { metadata });
    expect(trailing.get('x-request-id')).toEqual(['ab'.repeat(16)]);
    expect(trailing.get('ml-model-name')).toEqual(['iris']);
  });

  it('are new where the client has none, or one that no log line could hold', async () => {
    const { grpc } = await startGrpc();
    const id = ({ initial }: Outcome) => initial.get('x-request-id')[0];
    const one = id(await grpc.infer(irisRow));
    const other = id(await grpc.infer(irisRow, { metadata: { 'x-request-id': 'a b' } }));
    expect(one).toMatch(/^[0-9a-f-]{36}$/);
    expect(other).toMatch(/^[0-9a-f-]{36}$/);
    expect(one).not.toBe(other);
  });
});

describe('what is told of calls', () => {
  it('is counted by method and status, each request of a stream by itself', async () => {
    const { grpc, http } = await startGrpc();
    await grpc.infer(irisRow);
    await grpc.infer({ ...irisRow, inputs: [] });
    await grpc.infer({ ...irisRow, model_name: 'rose' });
    await unknown(grpc, '/inference.GRPCInferenceService/Nothing');
    await unknown(grpc, '/a.b.C/D');
    const stream = grpc.stream('/inference.GRPCInferenceService/ModelStreamInfer');
    stream.resume();
    for (const request of [irisRow, { ...irisRow, inputs: [] }, irisRow])
      stream.write(encode('inference.ModelInferRequest', request));
    stream.end();
    await new Promise((resolve) => stream.once('status', resolve));
    const series = (route: string, code: number, count: number, model = 'iris') =>
      `ml_api_http_requests_total{route="${route}",method="POST",status="${code}",model="${model}",version="v1"} ${count}`;
    const infer = '/inference.GRPCInferenceService/ModelInfer';
    const inStream = '/inference.GRPCInferenceService/ModelStreamInfer';
    await expect
      .poll(async () => (await http.get('/metrics')).text.split('\n'))
      .toEqual(
        expect.arrayContaining([
          series(infer, 200, 1),
          series(infer, 400, 1),
          series(infer, 404, 1, ''),
          series('other', 501, 2, ''),
          series(inStream, 200, 2),
          series(inStream, 400, 1),
          `ml_api_http_request_duration_seconds_count{route="${infer}",model="iris",version="v1"} 2`,
          'ml_api_predictions_total{model="iris",label="setosa",version="v1"} 3',
        ]),
      );
    const { text } = await http.get('/metrics');
    expect(text).toContain('ml_api_requests_in_flight{version="v1"} 1\n'); // this one
  });

  it('is logged without what the client sent, and not at all of probes that succeed', async () => {
    const { grpc, logs } = await startGrpc({ LOG_LEVEL: 'info' });
    await grpc.call('grpc.health.v1.Health/Check');
    await grpc.call('ServerReady');
    await grpc.infer({ ...irisRow, id: 'secret', model_name: 'secret' });
    const lines = () => logs.filter((line) => line['msg'] === 'request');
    await expect.poll(lines).toHaveLength(1);
    expect(lines()[0]).toMatchObject({ status: 404, problem: 'not-found' });
    expect(JSON.stringify(logs)).not.toContain('secret');
  });

  it('a method that there is not is UNIMPLEMENTED', async () => {
    const { grpc } = await startGrpc();
    expect(await unknown(grpc, '/inference.GRPCInferenceService/Nothing')).toBe(
      status.UNIMPLEMENTED,
    );
  });
});

describe('whatever throws', () => {
  it('is INTERNAL with the sentence of HTTP, logged without its message, and the process goes on', async () => {
    const server = await startGrpc({ LOG_LEVEL: 'info' });
    const { state } = server.parts;
    Object.assign(server.parts, {
      state() {
        throw new Error('a fault with a secret');
      },
    });
    for (const method of [
      'ServerReady',
      'ServerLive',
      'ModelReady',
      'RepositoryIndex',
      'grpc.health.v1.Health/Check',
    ]) {
      const { code, details } = await server.grpc.call(method);
      expect([method, code, details]).toEqual([method, status.INTERNAL, FAULT]);
    }
    const watch = server.grpc.watch('');
    watch.resume();
    const { code } = await new Promise<{ code: number }>((resolve) =>
      watch.once('status', resolve),
    );
    expect(code).toBe(status.INTERNAL);
    Object.assign(server.parts, { state });
    expect((await server.grpc.infer(irisRow)).code).toBe(status.OK);
    await expect
      .poll(() => server.logs.find((line) => line['route'] === '/grpc.health.v1.Health/Check'))
      .toMatchObject({ status: 500, problem: 'internal-error', err: { type: 'Error' } });
    expect(JSON.stringify(server.logs)).not.toContain('secret');
  });

  it('while a call is begun or ended, too', async () => {
    const server = await startGrpc();
    const { main } = server.parts.models;
    for (const fault of ['overload', 'infer'] as const) {
      const { [fault]: whole } = main;
      Object.assign(main, {
        [fault]() {
          throw new Error('a fault');
        },
      });
      const { code, details } = await server.grpc.infer(irisRow);
      expect([code, details]).toEqual([status.INTERNAL, FAULT]);
      Object.assign(main, { [fault]: whole });
    }
    const { observer } = server.parts;
    const { exchangeEnded } = observer;
    Object.assign(observer, {
      exchangeEnded() {
        throw new Error('a fault');
      },
    });
    expect((await server.grpc.infer(irisRow)).code).toBe(status.OK);
    const stream = server.grpc.stream('/inference.GRPCInferenceService/ModelStreamInfer');
    stream.resume();
    stream.end(encode('inference.ModelInferRequest', irisRow));
    await new Promise((resolve) => stream.once('status', resolve));
    Object.assign(observer, { exchangeEnded });
    expect((await server.grpc.infer(irisRow)).code).toBe(status.OK);
  });

  it('in the model is INTERNAL, in the words of HTTP', async () => {
    const { grpc, http } = await startModel('fails-on-some-rows');
    const input = { name: 'place', datatype: 'INT64', shape: [1, 1] };
    const { body } = await http
      .post('/v2/models/squares/infer')
      .send({ inputs: [{ ...input, data: [99] }] });
    const { code, details } = await grpc.infer({
      inputs: [{ ...input, contents: { int64_contents: [99] } }],
    });
    expect([code, details]).toEqual([status.INTERNAL, body.error]);
  });
});

function unknown({ client }: GrpcClient, path: string): Promise<number> {
  const asIs = (bytes: Buffer) => bytes;
  return new Promise((resolve) =>
    client.makeUnaryRequest(path, asIs, asIs, Buffer.alloc(0), (error) =>
      resolve(error?.code ?? status.OK),
    ),
  );
}
