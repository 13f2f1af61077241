// Where the client looks for its server, and which options it refuses.
import { afterEach, describe, expect, it, vi } from 'vitest';
import { ConfigurationError, createClient, type MlApiOptions, predict } from '../src/index.ts';
import { resolveOptions } from '../src/options.ts';
import { createTfServingClient } from '../src/tfserving.ts';
import { faultyServer, json } from './faulty-server.ts';

afterEach(() => {
  vi.unstubAllEnvs();
  vi.unstubAllGlobals();
});

const urlOf = (options: MlApiOptions, defaultUrl?: string) =>
  resolveOptions(options, defaultUrl).baseUrl;

describe('the server is', () => {
  it('the option, else ML_API_URL, else localhost', () => {
    expect(urlOf({})).toBe('http://localhost:5000');
    expect(urlOf({}, 'http://ml.test')).toBe('http://ml.test');
    vi.stubEnv('ML_API_URL', 'https://env.test/ml/');
    expect(urlOf({})).toBe('https://env.test/ml');
    expect(urlOf({ version: 'v2' })).toBe('https://env.test/ml/v2');
    expect(urlOf({ baseUrl: 'http://option.test/', version: 'v2' })).toBe('http://option.test/v2');
  });

  it("in a browser the page's origin, or a path of it", () => {
    vi.stubGlobal('location', { origin: 'https://shop.test' });
    expect(urlOf({})).toBe('https://shop.test');
    expect(urlOf({ baseUrl: '/ml', version: 'v2' })).toBe('https://shop.test/ml/v2');
    vi.stubGlobal('location', { origin: 'null' });
    expect(urlOf({})).toBe('http://localhost:5000');
  });

  it('looked up at the first call, not at import', async () => {
    const { url, requests } = await faultyServer((_req, res) =>
      json(res, 200, { prediction: [1] }),
    );
    vi.stubEnv('ML_API_URL', url);
    expect(await predict({ inputs: [1] })).toEqual({ prediction: [1] });
    expect(requests).toHaveLength(1);
  });
});

describe('an option that cannot be used is refused by name', () => {
  it.each<[MlApiOptions, string]>([
    [
      { baseUrl: 'localhost:5000' },
      'baseUrl: expected a URL such as "http://localhost:5000", got "localhost:5000".',
    ],
    [{ baseUrl: '/ml' }, 'baseUrl: expected a URL such as "http://localhost:5000", got "/ml".'],
    [{ baseUrl: '' }, 'baseUrl: expected a URL such as "http://localhost:5000", got "".'],
    [
      { baseUrl: 'http://me:secret@ml.test' },
      'baseUrl: must hold no user name and no password: send them in a header.',
    ],
    [{ baseUrl: 'http://ml.test/?a=b' }, 'baseUrl: must have no query and no fragment.'],
    [{ baseUrl: 'http://me:secret@[' }, 'baseUrl: expected a URL such as "http://localhost:5000".'],
    [{ version: '' }, 'version: expected a name such as "v2", got "".'],
    [{ version: '../admin' }, 'version: expected a name such as "v2", got "../admin".'],
    [{ version: '..' }, 'version: expected a name such as "v2", got "..".'],
    [{ apiKey: 'a\nb' }, 'apiKey: has a character that an HTTP header cannot carry.'],
    [
      { headers: { 'X Team': 'a' } },
      'headers["X Team"]: has a character that an HTTP header cannot carry.',
    ],
    [{ timeout: 0 }, 'timeout: expected milliseconds, more than 0 and at most 2147483647, got 0.'],
    [
      { totalTimeout: Number.POSITIVE_INFINITY },
      'totalTimeout: expected milliseconds, more than 0 and at most 2147483647, got Infinity.',
    ],
    [{ retries: -1 }, 'retries: expected a whole number, 0 or more, got -1.'],
    [{ retries: Number.NaN }, 'retries: expected a whole number, 0 or more, got NaN.'],
  ])('%j', (options, message) => {
    expect(() => createClient(options)).toThrow(ConfigurationError);
    expect(() => createClient(options)).toThrow(message);
  });

  it.each([
    ['one that is misspelt', () => createClient({ baseURL: 'http://ml.test' } as object)],
    ['one of another server', () => createClient({ modelLabel: 'a' } as object)],
    [
      'one of ours at another server',
      () => createTfServingClient(Object.assign({ model: 'iris' }, { modelName: 'iris' })),
    ],
  ])('%s', (_what, create) => {
    expect(create).toThrow(ConfigurationError);
    expect(create).toThrow(
      /^\w+: there is no such option; expected baseUrl, version, .+, fetch(, model, .+)?\.$/,
    );
  });

  it.each([
    ['a row in the place of the object', [5.1, 3.5, 1.4, 0.2], 'inputs: expected predict({'],
    ['a typed array', new Float32Array([5.1, 3.5]), 'inputs: expected predict({'],
    ['a text', 'flower', 'inputs: expected predict({'],
    ['nothing', undefined, 'inputs: expected predict({'],
    ['no inputs', { labels: true }, 'inputs: expected predict({'],
    [
      'a parameter that is misspelt',
      { inputs: [1], probabilites: true },
      'probabilites: there is no such option; expected inputs, probabilities, labels, outputs.',
    ],
  ])('predict is refused %s before it sends anything', async (_what, parameters, message) => {
    const fetch = vi.fn<typeof globalThis.fetch>();
    const client = createClient({ baseUrl: 'http://ml.test', fetch });
    const predicted = client.predict(parameters as never);
    await expect(predicted).rejects.toThrow(ConfigurationError);
    await expect(predicted).rejects.toThrow(message);
    expect(fetch).not.toHaveBeenCalled();
  });

  it('and so is ML_API_URL', () => {
    vi.stubEnv('ML_API_URL', 'ml.test');
    expect(() => createClient()).toThrow(
      'ML_API_URL: expected a URL such as "http://localhost:5000", got "ml.test".',
    );
    expect(() => createClient({ baseUrl: 'http://ml.test' })).not.toThrow();
  });
});
