// `fetch-model`: the right model arrives whole, and the wrong one leaves nothing behind.
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { archive, folder, iris, model, serveFile, sum, WHOLE } from './file-server.ts';
import { run } from './program.ts';

describe('the right model', () => {
  it('arrives as model.onnx, once', async () => {
    const { url, calls } = await serveFile((_req, res) => res.end(model));
    const directory = folder();
    const env = {
      MODEL_URL: `${url}/a/iris.onnx?sig=secret`,
      MODEL_SHA256: sum(model).toUpperCase(),
      MODEL_DIR: directory,
    };
    const first = await run(['fetch-model'], env);
    expect([first.code, first.stderr]).toEqual([0, '']);
    expect(first.stdout).toContain(
      `holds the model from ${url}/a/iris.onnx?…, SHA-256 ${sum(model)}`,
    );
    expect(first.stdout).not.toContain('secret');
    expect(readFileSync(path.join(directory, 'model.onnx'))).toEqual(model);
    const again = await run(['fetch-model'], env);
    expect([again.code, calls()]).toEqual([0, 1]);
    expect(again.stdout).toContain('already');
  });

  it.each([
    ['at the top of an archive', ['-C', iris, '.']],
    ['in a folder of an archive', ['-C', path.dirname(iris), 'v1']],
  ])('is found %s, with what lies beside it', async (_name, args) => {
    const data = archive(...args);
    const { url } = await serveFile((_req, res) => res.end(data));
    const directory = folder();
    const { code, stderr } = await run(['fetch-model'], {
      MODEL_URL: `${url}/iris.tar.gz`,
      MODEL_SHA256: sum(data),
      MODEL_DIR: directory,
    });
    expect([code, stderr]).toEqual([0, '']);
    expect(readdirSync(directory).sort()).toEqual(WHOLE);
  });

  it('is asked for with the headers of a file, and again when the server fails for a while', async () => {
    const seen: unknown[] = [];
    const { url } = await serveFile((req, res, call) => {
      seen.push(req.headers.authorization);
      if (call === 1) res.writeHead(503).end();
      else if (call === 2) res.socket?.destroy();
      else res.end(model);
    });
    const headers = path.join(folder(), 'headers');
    writeFileSync(headers, 'Authorization: Bearer token\n\n');
    const { code, stdout } = await run(['fetch-model'], {
      MODEL_URL: `${url}/iris.onnx`,
      MODEL_SHA256: sum(model),
      MODEL_DIR: folder(),
      MODEL_URL_HEADERS_FILE: headers,
    });
    expect(code).toBe(0);
    expect(seen).toEqual(Array(3).fill('Bearer token'));
    expect(stdout).toContain(
      'Attempt 1 failed: it answered 503 Service Unavailable. Trying again.',
    );
  });

  it('takes the place of another', async () => {
    const other = readFileSync(path.join(iris, '../v2/model.onnx'));
    const { url } = await serveFile((req, res) => res.end(req.url === '/1.onnx' ? model : other));
    const directory = folder();
    for (const [name, data] of [
      ['1', model],
      ['2', other],
    ] as const) {
      await run(['fetch-model'], {
        MODEL_URL: `${url}/${name}.onnx`,
        MODEL_SHA256: sum(data),
        MODEL_DIR: directory,
      });
      expect(readFileSync(path.join(directory, 'model.onnx'))).toEqual(data);
    }
  });
});

describe('a wrong one is refused with a sentence, and nothing is left of it', () => {
  const wrong = '0'.repeat(64);
  it.each([
    [
      'another sum',
      'iris.onnx',
      model,
      wrong,
      /has the SHA-256 [0-9a-f]{64}; MODEL_SHA256 \(or fetch --sha256\) expects 0{64}\. Nothing was changed\. Check the address, or give the new sum\./,
    ],
    ['not an archive', 'iris.tar', model, undefined, /is not a tar archive/],
    [
      'an archive without a model',
      'iris.tgz',
      archive('-C', iris, 'model.json'),
      undefined,
      /holds no model\.onnx; expected exactly one/,
    ],
    [
      'an archive with two models',
      'iris.tgz',
      archive('-C', path.dirname(iris), 'v1', 'v2'),
      undefined,
      /holds more than one model\.onnx/,
    ],
    [
      'an unknown form',
      'iris.zip',
      model,
      undefined,
      /MODEL_URL: expected a path that ends in \.onnx, \.tar, \.tar\.gz or \.tgz, got http/,
    ],
  ])('%s', async (name, file, data, sha256, message) => {
    const { url } = await serveFile((_req, res) => res.end(data));
    const directory = folder();
    const { code, stderr } = await run(['fetch-model'], {
      MODEL_URL: `${url}/${file}`,
      MODEL_SHA256: sha256 ?? sum(data),
      MODEL_DIR: directory,
    });
    expect(stderr).toMatch(message);
    expect(code).toBe(name === 'an unknown form' ? 2 : 3);
    expect(readdirSync(directory)).toEqual([]);
  });

  it.each([
    [404, /answered 404 Not Found\. Check the address\./],
    [403, /answered 403 Forbidden\. Check MODEL_URL_HEADERS_FILE\./],
  ])('an answer of %i', async (status, message) => {
    const { url, calls } = await serveFile((_req, res) => res.writeHead(status).end());
    const { code, stderr } = await run(['fetch-model'], {
      MODEL_URL: `${url}/m.onnx`,
      MODEL_SHA256: wrong,
      MODEL_DIR: folder(),
    });
    expect(stderr).toMatch(message);
    expect([code, calls()]).toEqual([3, 1]);
  });

  it('settings that are missing or wrong, all at once', async () => {
    const { code, stderr } = await run(['fetch-model'], {
      MODEL_URL: 'ftp://x',
      MODEL_SHA256: 'abc',
    });
    expect(stderr).toBe(
      'Bad settings:\n  MODEL_URL: expected a URL such as https://host/model.onnx, got "ftp://x/"\n  MODEL_SHA256: expected 64 hex digits, got "abc"\n  --dir (or MODEL_DIR) is missing\nRun ml-api fetch-model --help to see all of them.\n',
    );
    expect(code).toBe(2);
  });

  it('headers that are none, without showing them', async () => {
    const headers = path.join(folder(), 'headers');
    writeFileSync(headers, 'Accept: x\nsecret token\n');
    const { stderr } = await run(['fetch-model'], {
      MODEL_URL: 'http://127.0.0.1:9/m.onnx',
      MODEL_SHA256: wrong,
      MODEL_DIR: folder(),
      MODEL_URL_HEADERS_FILE: headers,
    });
    expect(stderr).toBe(`MODEL_URL_HEADERS_FILE: line 2 of ${headers}: expected "Name: value".\n`);
  });
});
