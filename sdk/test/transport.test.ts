// What the client does about failures: which error, how many attempts, how long.
import { describe, expect, it, vi } from 'vitest';
import {
  AuthenticationError,
  BadRequestError,
  ContentTooLargeError,
  ContractMismatchError,
  createClient,
  DeadlineExceededError,
  InvalidInputError,
  InvalidResponseError,
  MlApiError,
  type MlApiOptions,
  NetworkError,
  NotFoundError,
  RateLimitError,
  ResponseError,
  ServerError,
  TimeoutError,
  UnavailableError,
} from '../src/index.ts';
import { retryAfterOf, waitBefore } from '../src/retry.ts';
import { type Behaviour, faultyServer, json } from './faulty-server.ts';

const inputs = [5.1, 3.5, 1.4, 0.2];
const good = { prediction: [0] };

async function clientOf(behave: Behaviour, options: MlApiOptions = {}) {
  const server = await faultyServer(behave);
  return { server, client: createClient({ baseUrl: server.url, ...options }) };
}

describe('errors', () => {
  it('of TLS where the server speaks none, in words', async () => {
    const server = await faultyServer((_req, res) => json(res, 200, good));
    const client = createClient({ baseUrl: server.url.replace('http:', 'https:'), retries: 0 });
    await expect(client.predict({ inputs })).rejects.toThrow(
      /^No response from .+: TLS failed \(ERR_SSL_\w+\); try http:\/\/\.$/,
    );
  });

  it.each([
    [400, BadRequestError],
    [401, AuthenticationError],
    [403, AuthenticationError],
    [404, NotFoundError],
    [413, ContentTooLargeError],
    [415, ResponseError],
    [422, InvalidInputError],
    [429, RateLimitError],
    [500, ServerError],
    [502, ServerError],
    [503, UnavailableError],
    [504, DeadlineExceededError],
  ])('status %i is thrown as its class, with the fields of the problem', async (status, Class) => {
    const problem = {
      type: 'urn:ml-api:problem:some-kind',
      title: 'Some kind',
      status,
      detail: 'what was wrong',
      requestId: 'r-1',
      errors: [{ pointer: '/inputs', detail: 'expected 4' }],
    };
    const { client } = await clientOf((_req, res) => json(res, status, problem), { retries: 0 });
    const error = await client.predict({ inputs }).catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(Class);
    expect(error).toBeInstanceOf(MlApiError);
    expect(error).toMatchObject({
      name: Class.name,
      message: `${status} what was wrong`,
      status,
      type: problem.type,
      title: 'Some kind',
      detail: 'what was wrong',
      requestId: 'r-1',
      errors: problem.errors,
    });
  });

  it("a proxy's HTML page is told as text", async () => {
    const page =
      '<html><head><title>502 Bad Gateway</title></head><body><h1>502 Bad Gateway</h1></body></html>';
    const { client, server } = await clientOf(
      (_req, res) =>
        res.writeHead(502, { 'Content-Type': 'text/html', 'X-Request-Id': 'p-1' }).end(page),
      { retries: 0 },
    );
    await expect(client.predict({ inputs })).rejects.toMatchObject({
      name: 'ServerError',
      message: `502 from ${server.url}/predict: 502 Bad Gateway`,
      detail: '502 Bad Gateway',
      type: 'about:blank',
      requestId: 'p-1',
    });
  });

  it.each([
    ['{"message": "no Route matched"}', 'no Route matched'],
    ['{"error": "upstream gone"}', 'upstream gone'],
    ['{"detail": [{"msg": "field required"}], "title": 7, "errors": "x"}', 'Not Found'],
    ['default backend - 404', 'default backend - 404'],
    ['', 'Not Found'],
    ['null', 'null'],
  ])('a body of somebody else, %s, gives what it says', async (body, detail) => {
    const { client, server } = await clientOf((_req, res) => res.writeHead(404).end(body));
    await expect(client.predict({ inputs })).rejects.toMatchObject({
      name: 'NotFoundError',
      message: `404 from ${server.url}/predict: ${detail}`,
      detail,
      errors: [],
    });
  });

  it.each([
    ['a web page', 'text/html', '<!doctype html><title>Shop</title>'],
    ['nothing', 'text/plain', ''],
    ['half of some JSON', 'application/json', '{"prediction":'],
  ])('a success with %s is an InvalidResponseError, not tried again', async (_name, type, body) => {
    const { client, server } = await clientOf((_req, res) =>
      res.writeHead(200, { 'Content-Type': type }).end(body),
    );
    const error = await client.predict({ inputs }).catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(InvalidResponseError);
    expect(error).toMatchObject({
      status: 200,
      message: `${server.url}/predict answered 200 with ${type}, which is not the JSON of an ml-api server. Check the base URL.`,
    });
    expect(server.requests).toHaveLength(1);
  });

  it('a connection that is refused or reset is a NetworkError that says why', async () => {
    const { client, server } = await clientOf((req) => req.socket.destroy(), { retries: 0 });
    await expect(client.predict({ inputs })).rejects.toThrow(
      `No response from ${server.url}/predict: other side closed.`,
    );
    const refused = createClient({ baseUrl: 'http://127.0.0.1:9', retries: 0 });
    const error = await refused.predict({ inputs }).catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(NetworkError);
    expect(error).toMatchObject({
      message: expect.stringMatching(/No response from .*: (connect ECONNREFUSED|bad port)/),
    });
  });

  it('no answer in time is a TimeoutError', async () => {
    const { client } = await clientOf(() => {}, { timeout: 50, retries: 0 });
    const error = await client.predict({ inputs }).catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(TimeoutError);
    expect(error).toMatchObject({
      timeoutMs: 50,
      message: expect.stringContaining('within 50 ms'),
    });
  });

  it('an answer that stops in the middle is a TimeoutError, one that is cut off a NetworkError', async () => {
    const { client } = await clientOf(
      (req, res, call) => {
        res.writeHead(200, { 'Content-Type': 'application/json', 'Content-Length': '20' });
        res.write('{"predict', () => call === 2 && req.socket.destroy());
      },
      { timeout: 100, retries: 0 },
    );
    await expect(client.predict({ inputs })).rejects.toBeInstanceOf(TimeoutError);
    await expect(client.predict({ inputs })).rejects.toBeInstanceOf(NetworkError);
  });

  it('the total timeout also ends an attempt, and says so', async () => {
    const { client, server } = await clientOf(() => {}, {
      timeout: 1_000_000,
      totalTimeout: 100,
    });
    const error = await client.predict({ inputs }).catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(TimeoutError);
    expect(error).toMatchObject({
      timeoutMs: 100,
      message: `No response from ${server.url}/predict within 100 ms, retries included.`,
    });
    expect(server.requests).toHaveLength(1);
  });

  it("an abort throws the caller's own reason, during an attempt and between attempts", async () => {
    const { client, server } = await clientOf((_req, res) =>
      json(res, 503, {}, { 'Retry-After': '30' }),
    );
    const reason = new Error('changed my mind');
    const abort = new AbortController();
    const call = client.predict({ inputs }, { signal: abort.signal });
    await expect.poll(() => server.requests.length).toBe(1);
    abort.abort(reason);
    await expect(call).rejects.toBe(reason);
    await expect(client.predict({ inputs }, { signal: AbortSignal.abort(reason) })).rejects.toBe(
      reason,
    );
    expect(server.requests).toHaveLength(1);
  });
});

describe('retries', () => {
  it.each([408, 429, 502, 503, 504])(
    'status %i is tried again, with the same body',
    async (status) => {
      const { client, server } = await clientOf((_req, res, call) =>
        call < 3 ? json(res, status, {}) : json(res, 200, good),
      );
      expect(await client.predict({ inputs })).toEqual(good);
      expect(server.requests.map(({ body }) => body)).toEqual(
        Array(3).fill(JSON.stringify({ inputs })),
      );
    },
  );

  it.each([400, 401, 404, 422, 500])('status %i is not', async (status) => {
    const { client, server } = await clientOf((_req, res) => json(res, status, {}));
    await expect(client.predict({ inputs })).rejects.toMatchObject({ status });
    expect(server.requests).toHaveLength(1);
  });

  it('an answer that is cut off is tried again', async () => {
    const { client, server } = await clientOf((req, res, call) => {
      if (call > 1) return json(res, 200, good);
      res.writeHead(200, { 'Content-Type': 'application/json', 'Content-Length': '20' });
      res.write('{"predict', () => req.socket.destroy());
    });
    expect(await client.predict({ inputs })).toEqual(good);
    expect(server.requests).toHaveLength(2);
  });

  it('a reset connection and a timeout are tried again', async () => {
    const { client, server } = await clientOf(
      (req, res, call) => {
        if (call === 1) req.socket.destroy();
        else if (call === 3) json(res, 200, good);
      },
      { timeout: 100 },
    );
    expect(await client.predict({ inputs })).toEqual(good);
    expect(server.requests).toHaveLength(3);
  });

  it('end after the number asked for, with the last error', async () => {
    const { client, server } = await clientOf((_req, res) => json(res, 503, {}), { retries: 4 });
    await expect(client.predict({ inputs })).rejects.toBeInstanceOf(UnavailableError);
    expect(server.requests).toHaveLength(5);
  });

  it('are given up at once when Retry-After is beyond the total timeout', async () => {
    const { client, server } = await clientOf((_req, res) =>
      json(res, 503, {}, { 'Retry-After': '61' }),
    );
    await expect(client.predict({ inputs })).rejects.toBeInstanceOf(UnavailableError);
    expect(server.requests).toHaveLength(1);
  });

  it('wait for Retry-After and a random share of a doubling time', () => {
    const half = () => 0.5;
    expect([1, 2, 3, 10].map((attempt) => waitBefore(attempt, 0, half))).toEqual([
      50, 100, 200, 2500,
    ]);
    expect(waitBefore(1, 2000, half)).toBe(2050);
    expect(retryAfterOf(new Headers({ 'Retry-After': '3' }))).toBe(3000);
    const now = Date.parse('2026-01-01T00:00:00Z');
    expect(retryAfterOf(new Headers({ 'Retry-After': 'Thu, 01 Jan 2026 00:00:05 GMT' }), now)).toBe(
      5000,
    );
    expect(retryAfterOf(new Headers({ 'Retry-After': 'soon' }))).toBeUndefined();
  });
});

describe('requests', () => {
  it('go to the version asked for, with the API key and more headers', async () => {
    const { client, server } = await clientOf((_req, res) => json(res, 200, good), {
      version: 'v2',
      apiKey: 'secret',
      headers: { 'X-Team': 'a' },
    });
    await client.predict(
      { inputs, labels: true },
      { requestId: 'mine', headers: { 'X-Once': 'b' } },
    );
    expect(server.requests[0]).toMatchObject({
      url: '/v2/predict',
      headers: {
        'content-type': 'application/json',
        'x-api-key': 'secret',
        'x-team': 'a',
        'x-once': 'b',
        'x-request-id': 'mine',
      },
      body: JSON.stringify({ inputs, labels: true }),
    });
  });

  it('go through the fetch given', async () => {
    const fetch = vi.fn(async (_url: string | URL | Request, _init?: RequestInit) =>
      Response.json(good),
    );
    const client = createClient({ baseUrl: 'http://model.test', fetch });
    expect(await client.predict({ inputs })).toEqual(good);
    const [url, init] = fetch.mock.calls[0] ?? [];
    expect(url).toBe('http://model.test/predict');
    expect(init).toMatchObject({ method: 'POST', body: JSON.stringify({ inputs }) });
  });
});

describe('the contract', () => {
  const answering =
    (hashes: readonly string[]): Behaviour =>
    (_req, res, call) =>
      json(res, 200, good, {
        'ML-Contract-Hash': hashes[call - 1] ?? 'none',
        'ML-Model-Name': 'iris',
        'ML-Model-Version': `v${call}`,
      });

  it('that changes while the client lives is told, once each', async () => {
    const onContractChange = vi.fn();
    const { client } = await clientOf(answering(['a', 'a', 'b', 'a', 'b', 'c']), {
      onContractChange,
    });
    for (let i = 0; i < 6; i++) await client.predict({ inputs });
    expect(onContractChange.mock.calls).toEqual([
      [{ expected: 'a', actual: 'b', model: 'iris', version: 'v3' }],
      [{ expected: 'a', actual: 'c', model: 'iris', version: 'v6' }],
    ]);
  });

  it('that is not the expected one is told at once; on the console when nobody asks', async () => {
    const warn = vi.spyOn(console, 'warn').mockImplementation(() => {});
    const { client } = await clientOf(answering(['a', 'a']), { contractHash: 'b' });
    await client.predict({ inputs });
    await client.predict({ inputs });
    expect(warn).toHaveBeenCalledTimes(1);
    expect(warn.mock.calls[0]?.[0]).toContain('the contract of iris v1 has the hash a, not b');
    warn.mockRestore();
  });

  it('is also noticed in errors, which may come of it', async () => {
    const onContractChange = vi.fn();
    const { client } = await clientOf(
      (_req, res) => json(res, 422, { detail: 'got 4' }, { 'ML-Contract-Hash': 'a' }),
      { contractHash: 'b', onContractChange },
    );
    await expect(client.predict({ inputs })).rejects.toBeInstanceOf(InvalidInputError);
    expect(onContractChange).toHaveBeenCalledTimes(1);
  });

  it('can be insisted on', async () => {
    const { client, server } = await clientOf(answering(['a']), {
      contractHash: 'b',
      strictContract: true,
    });
    await expect(client.predict({ inputs })).rejects.toBeInstanceOf(ContractMismatchError);
    expect(server.requests).toHaveLength(1);
  });
});
