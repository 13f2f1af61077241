// Every status that the server can give to an operation is in its contract, with the media type and the form of its body. Each
// test brings every operation into one state that ends in a status of its own.
import { once } from 'node:events';
import { connect } from 'node:net';
import { expect, it, onTestFinished } from 'vitest';
import { listen } from '../../src/protocols/http/listener.ts';
import { problemStatuses } from '../../src/protocols/http/problem.ts';
import { Refusals } from '../../src/protocols/http/refusals.ts';
import { answerStarting } from '../../src/protocols/http/starting.ts';
import { freePort } from '../free-port.ts';
import { collect } from '../program.ts';
import { keysFile } from '../start.ts';
import { type Received, readResponses } from '../wire/wire.ts';
import { validInference, validInputs } from './bodies.ts';
import { addressOf, type Operation, type Served, serve } from './served.ts';

/** What the pages `/` and `/docs` can answer, which are not in the contract. */
const OF_PAGES = [412, 416];

it('all statuses of problems are in the contract, or of pages', async () => {
  const { operations } = await serve('');
  const declared = new Set(operations.flatMap(({ responses }) => Object.keys(responses)));
  for (const status of problemStatuses)
    expect(declared.has(String(status)), String(status)).toBe(!OF_PAGES.includes(status));
});

it('success, whatever the client has in its cache', async () => {
  const served = await serve('');
  for (const operation of served.operations) {
    const isShadow = operation.operationId === 'getShadowDisagreements'; // there is no shadow
    await expectStatus(
      served,
      operation,
      isShadow ? 404 : 200,
      request(served, operation, 'If-None-Match: *\r\n'),
    );
  }
});

it.each([
  [400, 'two Host headers', 'Host: y\r\n'],
  [400, 'a transfer coding that is none', 'Transfer-Encoding: gzip\r\n'],
  [400, 'a broken header', 'a header without its colon\r\n'],
  [417, 'an expectation', 'Expect: tea\r\n'],
  [431, 'headers of 17 KiB', `X-Large: ${'x'.repeat(17 * 1024)}\r\n`],
])(
  "%i: %s, at the root and below a path that is called like the protocol's",
  async (status, _what, headers) => {
    for (const env of [{}, { BASE_PATH: '/v2' }]) {
      const served = await serve('', env);
      for (const operation of served.operations)
        await expectStatus(served, operation, status, request(served, operation, headers));
    }
  },
);

it('405: another method', async () => {
  const served = await serve('');
  for (const operation of served.operations) {
    const text = request(served, operation).replace(/^\w+/, 'PATCH');
    const { headers } = await expectStatus(served, operation, 405, text);
    expect(headers['allow']).toContain(operation.method.toUpperCase());
  }
});

it('408: a request that does not come to its end', async () => {
  const served = await serve('', { HEADERS_TIMEOUT_MS: '200', UPLOAD_TIMEOUT_MS: '200' });
  await Promise.all(
    served.operations.map(async (operation) => {
      const whole = request(served, operation);
      await expectStatus(served, operation, 408, whole.slice(0, 20));
      if (operation.method === 'post' && operation.requestBody)
        await expectStatus(served, operation, 408, whole.slice(0, -1));
    }),
  );
});

it('503: while the model loads, and where too many requests of a connection wait', async () => {
  const served = await serve('');
  const starting = await listen(answerStarting, {
    ...{ host: '127.0.0.1', port: 0, variable: 'PORT', isShared: false, maxConnections: 100 },
    ...{
      keepAliveTimeoutMs: 1000,
      headersTimeoutMs: 1000,
      requestTimeoutMs: 1000,
      stallTimeoutMs: 1000,
      refusals: new Refusals(),
    },
  });
  onTestFinished(async () => void (await starting.close(0)));
  for (const operation of served.operations) {
    const [early] = await send(starting.port, request(served, operation));
    conforms(served, operation, early);
    const kept = request(served, operation).replace('Connection: close\r\n', '');
    const many = await send(served.server.port, kept.repeat(150));
    conforms(served, operation, many.find(({ status }) => status === 503) ?? many[0]);
  }
});

it('401, where keys are needed', async () => {
  const served = await serve('', { API_KEYS_FILE: keysFile() });
  for (const operation of served.operations) {
    const needsKey = '401' in operation.responses;
    const [response] = await send(served.server.port, request(served, operation));
    expect(response?.status === 401, operation.operationId).toBe(needsKey);
    conforms(served, operation, response);
  }
});

it.each([
  [400, 'a version that there is not', 'ML-Version: v9\r\n'],
  [502, 'a version that cannot be reached', ''],
  [413, 'a body that is too large for it', 'Content-Length: 2000000\r\n'],
  [415, 'a coding that is not known', 'Content-Encoding: zip\r\n'],
])('%i, where versions share the traffic: %s', async (status, _what, headers) => {
  const port = await freePort();
  const served = await serve('', { SPLIT: `v1=0,v2=1@http://127.0.0.1:${port}` });
  for (const operation of served.operations) {
    const [response] = await send(served.server.port, request(served, operation, headers));
    const shared = '502' in operation.responses;
    if (shared) expect(response?.status, operation.operationId).toBe(status);
    conforms(served, operation, response);
  }
});

it.each([
  [404, 'another model', (text: string) => text.replace('/iris', '/rose')],
  [404, 'a path that cannot be decoded', (text: string) => text.replace('/iris', '/%ff')],
])('%i: %s', async (status, _what, change) => {
  const served = await serve('');
  for (const operation of served.operations)
    if (operation.path.includes('{model}'))
      await expectStatus(served, operation, status, change(request(served, operation)));
});

it('404: below the name of a model that there is not', async () => {
  const served = await serve('');
  for (const operation of served.operations) {
    const text = request(served, operation).replace(' /', ' /models/rose/');
    await expectStatus(served, operation, 404, text);
    await expectStatus(served, operation, 404, text.replace('/rose/', '/iris/versions/v9/'));
  }
});

it.each([
  ['empty', '', 400],
  ['no JSON', '{', 400],
  ['not what the model takes', '{"inputs":[]}', 422],
  ['too large', '['.repeat(1_048_577), 413],
])('a body that is %s', async (_what, body, status) => {
  const served = await serve('');
  for (const operation of served.operations) {
    if (operation.requestBody === undefined) continue;
    const inOwnForm = status === 422 && operation.path !== '/predict' ? 400 : status;
    await expectStatus(served, operation, inOwnForm, request(served, operation, '', body));
  }
});

it('500 and 504: a model that gives NaN, and one that takes too long', async () => {
  const bodies = { predict: '{"inputs":[-1]}' };
  const failing = await serve('not-a-number');
  for (const operation of failing.operations) {
    if (operation.requestBody === undefined) continue;
    const body =
      operation.operationId === 'predict'
        ? bodies.predict
        : '{"inputs":[{"name":"x","shape":[1,1],"datatype":"FP32","data":[-1]}]}';
    await expectStatus(failing, operation, 500, request(failing, operation, '', body));
  }
  const slow = await serve('heavy', {
    REQUEST_TIMEOUT_MS: '5',
    ENGINE: 'workers',
    BATCHING: 'off',
  });
  const row = Array(1024).fill(1);
  for (const operation of slow.operations) {
    if (operation.requestBody === undefined) continue;
    const body =
      operation.operationId === 'predict'
        ? { inputs: row }
        : { inputs: [{ name: 'x', shape: [1, 1024], datatype: 'FP32', data: row }] };
    const [response] = await send(
      slow.server.port,
      request(slow, operation, '', JSON.stringify(body)),
    );
    expect([503, 504], operation.operationId).toContain(response?.status);
    conforms(slow, operation, response);
  }
});

/** A valid request of the model iris, with more headers, or with another body. */
function request(
  served: Served,
  operation: Operation,
  headers = '',
  body = bodyOf(operation),
): string {
  const path = (served.server.parts.settings.BASE_PATH ?? '') + addressOf(operation, served.server);
  const framed = operation.requestBody && !/^(transfer-encoding|content-length)/i.test(headers);
  const length = framed
    ? `Content-Type: application/json\r\nContent-Length: ${body.length}\r\n`
    : '';
  return `${operation.method.toUpperCase()} ${path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n${length}${headers}\r\n${framed ? body : ''}`;
}

function bodyOf({ operationId, requestBody }: Operation): string {
  if (requestBody === undefined) return '';
  const metadata = { inputs: [{ name: 'inputs', datatype: 'FP32', shape: [1, 4] }] };
  return JSON.stringify(
    operationId === 'predict' ? { inputs: validInputs[''] } : validInference(metadata),
  );
}

async function expectStatus(
  served: Served,
  operation: Operation,
  status: number,
  text: string,
): Promise<Received> {
  const [response] = await send(served.server.port, text);
  expect(response?.status, operation.operationId).toBe(status);
  return conforms(served, operation, response);
}

/** Fails unless the contract has the response: its status, its media type, and the form of its body. */
function conforms(
  { check }: Served,
  operation: Operation,
  response: Received | undefined,
): Received {
  if (response === undefined) throw new Error(`${operation.operationId}: no response`);
  const { status, headers, body } = response;
  const place = `${operation.operationId}: ${status} ${headers['content-type']} ${body.slice(0, 300)}`;
  const declared = operation.responses[status];
  const type = headers['content-type']?.split(';')[0] ?? '';
  const schema = declared?.content[type]?.schema;
  expect(schema, place).toBeDefined();
  const isJson = /json$/.test(type);
  const fits = check(schema ?? {});
  if (isJson) expect([fits(JSON.parse(body)), fits.errors], place).toEqual([true, null]);
  for (const [name, { schema: form }] of Object.entries(declared?.headers ?? {})) {
    const value = headers[name.toLowerCase()];
    expect(value, `${place}: ${name}`).toBeDefined();
    const isNumber = 'type' in form && form.type === 'integer';
    expect(check(form)(isNumber ? Number(value) : value), `${place}: ${name}: ${value}`).toBe(true);
  }
  return response;
}

/** Sends bytes on a connection of their own, and reads until the server has closed it or says no more. */
async function send(port: number, text: string, quietMs = 300): Promise<Received[]> {
  const socket = connect({ port, host: '127.0.0.1' });
  socket.on('error', () => {}); // the server may close at any time
  await once(socket, 'connect');
  const received = collect(socket.setEncoding('latin1'));
  const done = new Promise((resolve) => {
    socket.once('close', resolve);
    let timer = setTimeout(() => {}, 0);
    socket.on('data', () => {
      clearTimeout(timer);
      timer = setTimeout(resolve, quietMs);
    });
  });
  socket.write(text);
  await done;
  socket.destroy();
  return readResponses(received.text);
}
