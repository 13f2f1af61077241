// Requests that do not fit, and clients that mean no good: each is refused in a sentence, and the server goes on.
import { connect as connectHttp2 } from 'node:http2';
import { connect } from 'node:net';
import { gzipSync } from 'node:zlib';
import { describe, expect, it, onTestFinished } from 'vitest';
import { infer } from '../open-inference.ts';
import {
  encode,
  floats,
  type GrpcClient,
  irisRaw,
  irisRow,
  startGrpc,
  startModel,
  status,
} from './client.ts';
import { framed, GRPC, rawCall } from './raw-call.ts';

const [input] = irisRow.inputs;
const [rawInput] = irisRaw.inputs;
const row = { fp32_contents: [5.1, 3.5, 1.4, 0.2] };

/** It still works. */
async function isWell(grpc: GrpcClient): Promise<void> {
  const { code, details } = await grpc.infer(irisRow);
  expect(code, details).toBe(status.OK);
}

describe('a request that does not fit is INVALID_ARGUMENT, with what was expected', () => {
  const enormous = { ...input, shape: ['9007199254740993', 4] };
  const cases: [string, object, string | RegExp][] = [
    ['no inputs', { inputs: [] }, 'input "inputs" is missing'],
    ['another input', { inputs: [{ ...input, name: 'x' }] }, /^there is no input "x"; .*"inputs"$/],
    ['an input twice', { inputs: [input, input] }, 'expected 1 input ("inputs"), got 2'],
    [
      'half a million inputs',
      { inputs: Array(400_000).fill({}) },
      'expected 1 input ("inputs"), got 400000',
    ],
    [
      'another datatype',
      { inputs: [{ ...input, datatype: 'INT8' }] },
      'input "inputs": expected the datatype FP32, got INT8',
    ],
    [
      'a datatype that there is not',
      { inputs: [{ ...input, datatype: 'BF16' }] },
      'input "inputs": expected the datatype FP32, got BF16',
    ],
    [
      'a datatype of a megabyte',
      { inputs: [{ ...input, datatype: 'x'.repeat(900_000) }] },
      /^input "inputs": expected the datatype FP32, got x+…$/,
    ],
    [
      'another shape',
      { inputs: [{ ...input, shape: [1, 3] }] },
      'input "inputs": expected the shape [-1,4], got [1,3]',
    ],
    [
      'a negative size',
      { inputs: [{ ...input, shape: [-1, 4] }] },
      'input "inputs": expected the shape [-1,4], got [-1,4]',
    ],
    [
      'an enormous shape',
      { inputs: [enormous] },
      /expected 36028797018963\d+ elements in fp32_contents, got 4/,
    ],
    [
      'an enormous shape, raw',
      { inputs: [{ ...enormous, contents: undefined }], raw_input_contents: [floats(1)] },
      /expected 144115188075855\d+ bytes .* got 4/,
    ],
    [
      'a shape of a thousand sizes',
      { inputs: [{ ...input, shape: Array(1000).fill(1) }] },
      /one of more than 64 sizes/,
    ],
    [
      'neither',
      { inputs: [rawInput] },
      'input "inputs": expected either contents or raw_input_contents, got neither',
    ],
    [
      'both',
      { inputs: [input], raw_input_contents: [floats(1, 2, 3, 4)] },
      'input "inputs": expected either contents or raw_input_contents, got both',
    ],
    [
      'more raw contents than inputs',
      { inputs: [rawInput], raw_input_contents: [floats(1, 2, 3, 4), floats(1)] },
      'expected raw_input_contents of 1 input or of none, got 2',
    ],
    [
      'raw contents of another length',
      { inputs: [rawInput], raw_input_contents: [Buffer.alloc(15)] },
      'input "inputs": expected 16 bytes (4 elements), got 15',
    ],
    [
      'too few elements',
      { inputs: [{ ...input, contents: { fp32_contents: [1, 2, 3] } }] },
      'input "inputs": expected 4 elements in fp32_contents, got 3',
    ],
    [
      'the field of another datatype',
      { inputs: [{ ...input, contents: { int_contents: [1, 2, 3, 4] } }] },
      'input "inputs": expected the elements in fp32_contents, got int_contents',
    ],
    [
      'the fields of two datatypes',
      { inputs: [{ ...input, contents: { ...row, fp64_contents: [1] } }] },
      'input "inputs": expected the elements in fp32_contents, got fp64_contents',
    ],
    [
      'shared memory',
      { inputs: [{ ...input, parameters: { shared_memory_region: { string_param: 'x' } } }] },
      'input "inputs": shared memory is not supported; send the data in the body',
    ],
    [
      'an output that there is not',
      { inputs: [input], outputs: [{ name: 'y' }] },
      /^there is no output "y"; the model gives "label", "probabilities"$/,
    ],
    [
      'an output twice',
      { inputs: [input], outputs: [{ name: 'label' }, { name: 'label' }] },
      'output "label" is requested twice',
    ],
    [
      'more outputs than there are',
      { inputs: [input], outputs: Array(3).fill({ name: 'label' }) },
      /^expected at most the 2 outputs of the model/,
    ],
    [
      'classification',
      {
        inputs: [input],
        outputs: [{ name: 'label', parameters: { classification: { int64_param: 1 } } }],
      },
      'output "label": the parameter "classification" is not supported; ask for the tensor',
    ],
    [
      'an output in shared memory',
      {
        inputs: [input],
        outputs: [{ name: 'label', parameters: { shared_memory_region: { string_param: 'x' } } }],
      },
      'output "label": the parameter "shared_memory_region" is not supported; ask for the tensor',
    ],
    [
      'too many rows',
      {
        inputs: [{ ...rawInput, shape: [1025, 4] }],
        raw_input_contents: [Buffer.alloc(1025 * 16)],
      },
      'expected at most 1024 rows, got 1025: send them in several requests',
    ],
  ];

  it.each(cases)('%s', async (_what, request, sentence) => {
    const { grpc } = await startGrpc();
    const { code, details } = await grpc.infer({ model_name: 'iris', ...request });
    expect(code, details).toBe(status.INVALID_ARGUMENT);
    expect(details).toEqual(
      typeof sentence === 'string' ? sentence : expect.stringMatching(sentence),
    );
    await isWell(grpc);
  });

  it('in the words of HTTP where both can be wrong alike', async () => {
    const server = await startGrpc();
    for (const [own, theirs] of [
      [{ name: 'x' }, { name: 'x' }],
      [{ datatype: 'INT8' }, { datatype: 'INT8' }],
      [{ shape: [1, 3] }, { shape: [1, 3] }],
    ]) {
      const { details } = await server.grpc.infer({ inputs: [{ ...input, ...own }] });
      const json = {
        name: 'inputs',
        shape: [1, 4],
        datatype: 'FP32',
        data: [1, 2, 3, 4],
        ...theirs,
      };
      expect((await infer(server, { inputs: [json] })).body.error).toBe(details);
    }
  });

  it('another model, or version, is NOT_FOUND', async () => {
    const { grpc, http } = await startGrpc();
    const { code, details } = await grpc.infer({ ...irisRow, model_name: 'rose' });
    const { body } = await http.post('/v2/models/rose/infer').send({});
    expect([code, details]).toEqual([status.NOT_FOUND, body.error]);
    expect((await grpc.infer({ ...irisRow, model_version: 'v9' })).code).toBe(status.NOT_FOUND);
  });

  it.each([
    [
      'int8',
      'INT8',
      { int_contents: [1, 300] },
      /expected each element to be an integer from -128 to 127, got 300 at 1/,
    ],
    ['uint8', 'UINT8', { uint_contents: [1, 256] }, /from 0 to 255, got 256 at 1/],
    ['int16', 'INT16', { int_contents: [1, -40000] }, /from -32768 to 32767, got -40000 at 1/],
    [
      'string',
      'BYTES',
      { bytes_contents: [Buffer.from('a'), Buffer.from([0xff])] },
      /expected UTF-8, and element 1 is not/,
    ],
    [
      'string',
      'BYTES',
      { bytes_contents: [Buffer.from('a\0'), Buffer.from('b')] },
      /without U\+0000/,
    ],
  ])('an element of %s that is none', async (name, datatype, contents, sentence) => {
    const { grpc } = await startModel('every-datatype');
    const inputs = [{ name, datatype, shape: [1, 2], contents }];
    const { code, details } = await grpc.infer({ inputs });
    expect([code, details]).toEqual([status.INVALID_ARGUMENT, expect.stringMatching(sentence)]);
  });

  it.each([
    ['a length beyond the end', Buffer.from([9, 0, 0, 0, 97])],
    ['half a length', Buffer.from([1, 0])],
    ['text that is not UTF-8', Buffer.from([1, 0, 0, 0, 0xff, 0, 0, 0, 0])],
    ['one of two elements', Buffer.from([1, 0, 0, 0, 97])],
  ])('raw BYTES with %s', async (_what, bytes) => {
    const { grpc } = await startModel('every-datatype');
    const inputs = [{ name: 'string', datatype: 'BYTES', shape: [1, 2] }];
    const { code, details } = await grpc.infer({ inputs, raw_input_contents: [bytes] });
    expect([code, details]).toEqual([
      status.INVALID_ARGUMENT,
      expect.stringMatching(/^input "string": expected /),
    ]);
  });

  it.each([
    ['one byte', Buffer.from([0xff])],
    ['a length beyond the end', Buffer.from([0x2a, 0xff, 0xff, 0x03])],
    ['groups in groups', Buffer.alloc(100_000, 0x4b)],
    ['another message', encode('inference.ModelReadyRequest', { name: 'iris' }).fill(0x2b, 0, 1)],
  ])('bytes that are no such message: %s', async (_what, bytes) => {
    const { grpc } = await startGrpc();
    const { code, details } = await grpc.infer({}, { bytes });
    expect([code, details]).toEqual([
      status.INVALID_ARGUMENT,
      expect.stringContaining('expected the message ModelInferRequest'),
    ]);
    await isWell(grpc);
  });

  it('half a surrogate pair, in names that a status cannot carry', async () => {
    const { grpc } = await startGrpc();
    const name = `${'x'.repeat(98)}😀😀`; // is cut within a pair
    const { code } = await grpc.infer({ inputs: [{ ...input, name }] });
    expect(code).toBe(status.INVALID_ARGUMENT);
  });
});

describe('messages that are too large', () => {
  const limits = { MAX_BODY_BYTES: '4096' };
  const large = { ...irisRow, id: 'x'.repeat(5000) };

  it('are RESOURCE_EXHAUSTED', async () => {
    const { grpc } = await startGrpc(limits);
    const { code, details, trailing } = await grpc.infer(large);
    expect([code, details]).toEqual([
      status.RESOURCE_EXHAUSTED,
      'The message is larger than 4096 bytes. Send fewer rows a request.',
    ]);
    expect(trailing.get('x-request-id')).toHaveLength(1);
    await isWell(grpc);
  });

  it('and so are those that inflate, by as much as they may', async () => {
    const server = await startGrpc(limits);
    const bomb = gzipSync(Buffer.alloc(50_000_000));
    const { headers } = await rawCall(server, {
      headers: { 'grpc-encoding': 'gzip' },
      body: framed(bomb, true).subarray(0),
    });
    // Compressed it is larger than the limit, too.
    expect(headers['grpc-status']).toBe(String(status.RESOURCE_EXHAUSTED));
    const small = gzipSync(Buffer.alloc(1_000_000));
    expect(small.length).toBeLessThan(4096);
    const inflated = await rawCall(server, {
      headers: { 'grpc-encoding': 'gzip' },
      body: framed(small, true),
    });
    expect(inflated.headers['grpc-status']).toBe(String(status.RESOURCE_EXHAUSTED));
    await isWell(server.grpc);
  });

  it('compressed ones are read', async () => {
    const server = await startGrpc();
    const message = gzipSync(encode('inference.ModelInferRequest', irisRow));
    const { trailers } = await rawCall(server, {
      headers: { 'grpc-encoding': 'gzip' },
      body: framed(message, true),
    });
    expect(trailers['grpc-status']).toBe('0');
  });
});

describe('what is not gRPC', () => {
  const gibberish: [string, Parameters<typeof rawCall>[1], number | undefined][] = [
    [
      'bytes that do not decompress',
      { headers: { 'grpc-encoding': 'gzip' }, body: framed(Buffer.from('no'), true) },
      status.INVALID_ARGUMENT,
    ],
    [
      'an encoding that there is not',
      { headers: { 'grpc-encoding': 'zstd' }, body: framed(Buffer.from('no'), true) },
      status.UNIMPLEMENTED,
    ],
    [
      'a timeout that is none',
      { headers: { 'grpc-timeout': 'soon' }, body: framed(Buffer.alloc(0), false) },
      status.INVALID_ARGUMENT,
    ],
    ['no message', { body: Buffer.alloc(0) }, status.UNIMPLEMENTED],
    [
      'two messages',
      { body: Buffer.concat([framed(Buffer.alloc(0), false), framed(Buffer.alloc(0), false)]) },
      status.UNIMPLEMENTED,
    ],
    [
      'another content type',
      { headers: { 'content-type': 'application/json' }, body: Buffer.from('{}') },
      undefined,
    ],
  ];

  it.each(gibberish)('%s', async (_what, request, expected) => {
    const server = await startGrpc();
    const { headers, trailers } = await rawCall(server, request);
    if (expected === undefined) expect(headers[':status']).toBe(415);
    else expect(headers['grpc-status'] ?? trailers['grpc-status']).toBe(String(expected));
    await isWell(server.grpc);
  });

  it.each([
    [
      'a path of a method that there is not',
      { ':path': '/a/%00"\u00e9\ud83d' },
      status.UNIMPLEMENTED,
    ],
    ['a path that is none', { ':path': '*' }, undefined],
    ['metadata that is not base64', { 'x-bin': '***, ***' }, status.OK],
    [
      'metadata of every object',
      { constructor: 'x', hasownproperty: 'y', __proto__: 'z' },
      status.OK,
    ],
    ['a timeout of ages', { 'grpc-timeout': '99999999H' }, undefined],
    ['a negative timeout', { 'grpc-timeout': '-1S' }, undefined],
  ])('odd headers: %s', async (_what, headers, expected) => {
    const server = await startGrpc();
    const body = framed(encode('inference.ModelInferRequest', irisRow), false);
    const got = await rawCall(server, { headers, body });
    const code = got.headers['grpc-status'] ?? got.trailers['grpc-status'];
    if (expected !== undefined) expect(code).toBe(String(expected));
    await isWell(server.grpc);
  });

  it.each([
    ['HTTP/1.1', 'GET / HTTP/1.1\r\nHost: x\r\n\r\n'],
    ['random bytes', Buffer.alloc(1000, 0xe7)],
  ])('%s on a connection ends it', async (_what, bytes) => {
    const { grpc, grpcPort = 0 } = await startGrpc();
    const socket = connect(grpcPort, '127.0.0.1');
    socket.on('error', () => {});
    socket.resume();
    socket.write(bytes);
    await new Promise((resolve) => socket.once('close', resolve));
    await isWell(grpc);
  });

  it('connections that say nothing are closed', async () => {
    const { grpc, grpcPort = 0 } = await startGrpc({ KEEP_ALIVE_TIMEOUT_MS: '1000' });
    const socket = connect(grpcPort, '127.0.0.1');
    socket.on('error', () => {});
    socket.resume();
    await new Promise((resolve) => socket.once('close', resolve));
    await isWell(grpc);
  });

  it('a message that does not come is waited for as long as UPLOAD_TIMEOUT_MS says', async () => {
    const server = await startGrpc({ UPLOAD_TIMEOUT_MS: '1000', HEADERS_TIMEOUT_MS: '1000' });
    const { headers } = await rawCall(server, { body: Buffer.from([0, 0, 0, 0, 9]), isOpen: true });
    expect([headers['grpc-status'], headers['grpc-message']]).toEqual([
      String(status.CANCELLED),
      encodeURI('The message did not arrive completely within 1000 ms.'),
    ]);
    await isWell(server.grpc);
  });

  it('more connections than MAX_CONNECTIONS are closed as they come, and counted', async () => {
    const { grpc, grpcPort = 0, http } = await startGrpc({ MAX_CONNECTIONS: '2' });
    await isWell(grpc);
    const closed = Array.from({ length: 3 }, () => {
      const socket = connect(grpcPort, '127.0.0.1');
      onTestFinished(() => void socket.destroy());
      socket.on('error', () => {});
      socket.resume();
      return new Promise((resolve) => socket.once('close', resolve));
    });
    await Promise.any(closed);
    await isWell(grpc);
    expect((await http.get('/metrics')).text).toMatch(
      /connections_refused_total\{reason="too-many-connections",version="v1"\} [12]\n/,
    );
  });

  it('a client that does not read its response is cut off, and counted', async () => {
    const server = await startGrpc({ STALL_TIMEOUT_MS: '500' });
    const session = connectHttp2(`http://127.0.0.1:${server.grpcPort}`, {
      settings: { initialWindowSize: 0 },
    });
    session.on('error', () => {});
    const path = '/inference.GRPCInferenceService/ModelInfer';
    const stream = session.request({ ':method': 'POST', ':path': path, ...GRPC });
    stream.on('error', () => {});
    stream.end(framed(encode('inference.ModelInferRequest', irisRow), false));
    await new Promise((resolve) => session.once('close', resolve));
    expect((await server.http.get('/metrics')).text).toContain(
      'ml_api_connections_refused_total{reason="stalled",version="v1"} 1\n',
    );
    await isWell(server.grpc);
  });

  it('more calls of a connection than it may have at once wait, or are refused; the others go on', async () => {
    const server = await startGrpc();
    const session = connectHttp2(`http://127.0.0.1:${server.grpcPort}`);
    session.on('error', () => {});
    onTestFinished(() => session.destroy());
    await new Promise((resolve) => session.once('remoteSettings', resolve));
    expect(session.remoteSettings.maxConcurrentStreams).toBe(256);
    const path = '/inference.GRPCInferenceService/ModelStreamInfer';
    for (let i = 0; i < 2000; i++)
      session.request({ ':method': 'POST', ':path': path, ...GRPC }).on('error', () => {});
    await isWell(server.grpc);
  });
});
