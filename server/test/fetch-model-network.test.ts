// `fetch-model` and servers that fail, stall, redirect or never end: its secrets go to their origin alone, and every failure is told.
import { execFileSync } from 'node:child_process';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { archive, folder, iris, model, serveFile, sum } from './file-server.ts';
import { freePort } from './free-port.ts';
import { run } from './program.ts';

const secrets = ['hunter2', 'c2VjcmV0', 'Signed-Away', 'ghp_Token'];

/** The headers of a private source, in a file. */
function headersFile(content = `Authorization: Bearer ghp_Token\nX-Api-Key: c2VjcmV0\n`): string {
  const file = path.join(folder(), 'headers');
  writeFileSync(file, content);
  return file;
}

/** Fetches into a new folder. The test fails where a secret is printed. */
async function fetchFrom(
  url: string,
  env: Readonly<Record<string, string>> = {},
  data: Uint8Array = model,
) {
  const directory = folder();
  const ended = await run(['fetch-model'], {
    MODEL_URL: url,
    MODEL_SHA256: sum(data),
    MODEL_DIR: directory,
    ...env,
  });
  for (const secret of secrets) expect(ended.stdout + ended.stderr).not.toContain(secret);
  expect(ended.stderr).not.toMatch(/^ +at /m);
  if (ended.code !== 0) expect(readdirSync(directory)).toEqual([]);
  return { ...ended, directory };
}

const withPassword = (url: string) => url.replace('//', '//me:hunter2@');
const query = '?X-Amz-Signature=Signed-Away&sig=Signed-Away#Signed-Away';

describe('secrets', () => {
  it('of the URL are sent as what they mean', async () => {
    const seen: unknown[] = [];
    const { url } = await serveFile((req, res) => {
      seen.push([req.url, req.headers.authorization]);
      res.end(model);
    });
    const { code, stdout } = await fetchFrom(`${withPassword(url)}/m.onnx${query}`);
    expect(code).toBe(0);
    expect(stdout).toContain(`holds the model from ${url}/m.onnx?…, SHA-256`);
    const basic = `Basic ${Buffer.from('me:hunter2').toString('base64')}`;
    expect(seen).toEqual([['/m.onnx?X-Amz-Signature=Signed-Away&sig=Signed-Away', basic]]);
  });

  it.each([
    ['another sum', `/other.onnx${query}`],
    ['no archive', `/m.tar${query}`],
    ['a client error', `/404.onnx${query}`],
    ['a server error', `/500.onnx${query}`],
    ['a redirect to nowhere', `/to-ftp.onnx${query}`],
    ['redirects without end', `/loop.onnx${query}`],
    ['a broken connection', `/cut.onnx${query}`],
    ['an unknown form', `/m.zip${query}`],
  ])('are not told by %s', async (name, target) => {
    const { url } = await serveFile((req, res) => {
      const { pathname } = new URL(req.url ?? '', 'http://x');
      const said = `${req.headers.authorization} ${req.headers['x-api-key']} ${req.url}`;
      const status = Number(/\d+/.exec(pathname)?.[0] ?? 0);
      if (status > 0) res.writeHead(status, said).end(said);
      else if (pathname === '/to-ftp.onnx')
        res.writeHead(302, { Location: `ftp://me:hunter2@x/${query}` }).end();
      else if (pathname === '/loop.onnx') res.writeHead(302, { Location: req.url ?? '' }).end();
      else if (pathname === '/cut.onnx') res.destroy();
      else res.end('something else');
    });
    const env = { MODEL_URL_HEADERS_FILE: headersFile() };
    const { code, stderr } = await fetchFrom(`${withPassword(url)}${target}`, env);
    expect(code).toBe(name === 'an unknown form' ? 2 : 3);
    expect(stderr).toMatch(/^.{20,}\.\n$/);
  });

  it.each([
    ['another scheme', `s3://me:hunter2@bucket/m.onnx${query}`, 'got "s3://bucket/m.onnx?…"'],
    ['no URL', `https//me:hunter2@host/m.onnx${query}`, 'characters that are no URL'],
    ['no scheme', `me:hunter2@host/m.onnx${query}`, 'characters that are no URL'],
    ['no scheme, and just a name', `hunter2@host/m.onnx${query}`, 'characters that are no URL'],
    [
      'another scheme without a host',
      `s3:///me:hunter2@bucket${query}`,
      'characters that are no URL',
    ],
    [
      'another scheme and a late host',
      `s3://me/hunter2@bucket${query}`,
      'characters that are no URL',
    ],
    ['no host', `http://me:hunter2@/${query}`, 'characters that are no URL'],
  ])('are not told of an address with %s', async (_name, url, said) => {
    const { code, stderr } = await fetchFrom(url);
    expect(code).toBe(2);
    expect(stderr).toContain(said);
  });

  it('are not told of an address that nobody answers at', async () => {
    const origin = `127.0.0.1:${await freePort()}`;
    const { code, stderr } = await fetchFrom(`http://me:hunter2@${origin}/m.onnx${query}`);
    expect(code).toBe(3);
    expect(stderr).toBe(
      `http://${origin}/m.onnx?… could not be downloaded in 4 attempts: http://${origin} cannot be reached: connect ECONNREFUSED ${origin}.\n`,
    );
  });

  it('are not told where a proxy does not answer, which is', async () => {
    const proxy = `127.0.0.1:${await freePort()}`;
    const { code, stderr } = await fetchFrom(`http://me:hunter2@models.invalid/m.onnx${query}`, {
      HTTP_PROXY: `http://me:hunter2@${proxy}`,
    });
    expect(code).toBe(3);
    expect(stderr).toMatch(
      /http:\/\/models\.invalid cannot be reached \(HTTP_PROXY is set\): .+\.\n$/,
    );
  });

  it.each(['X-Key: ghp_Token\u{20ac}', 'X-Key: ghp_\0Token', 'ghp_Token', ': ghp_Token'])(
    'are not told of the header line %j',
    async (line) => {
      const file = headersFile(`Accept: */*\n${line}\n`);
      const { stderr } = await fetchFrom('http://127.0.0.1:1/m.onnx', {
        MODEL_URL_HEADERS_FILE: file,
      });
      expect(stderr).toBe(`MODEL_URL_HEADERS_FILE: line 2 of ${file}: expected "Name: value".\n`);
    },
  );
});

describe('a redirect', () => {
  /** What a server was sent of the secrets, a request a line. */
  async function store(answer: (target: string) => string | undefined = () => undefined) {
    const seen: string[] = [];
    const server = await serveFile((req, res) => {
      const { authorization = '-', 'x-api-key': key = '-' } = req.headers;
      seen.push(`${req.url} ${authorization} ${key}`);
      const location = answer(req.url ?? '');
      if (location === undefined) res.end(model);
      else res.writeHead(307, { Location: location }).end();
    });
    return { ...server, seen };
  }

  it('takes headers along within their origin only, and never gives them back', async () => {
    const last = await store();
    const middle = await store(() => `${first.url}/back.onnx`);
    const first = await store((target) => {
      if (target === '/m.onnx') return '/moved.onnx';
      if (target === '/moved.onnx') return `${middle.url}/m.onnx`;
      return `${last.url}/m.onnx`;
    });
    const env = { MODEL_URL_HEADERS_FILE: headersFile() };
    expect(await fetchFrom(`${withPassword(first.url)}/m.onnx`, env)).toMatchObject({ code: 0 });
    expect(first.seen).toEqual([
      '/m.onnx Bearer ghp_Token c2VjcmV0',
      '/moved.onnx Bearer ghp_Token c2VjcmV0',
      '/back.onnx - -',
    ]);
    expect(middle.seen).toEqual(['/m.onnx - -']);
    expect(last.seen).toEqual(['/m.onnx - -']);
  });

  it.each([
    ['file:///etc/passwd', 'file:///etc/passwd'],
    ['ftp://host/m.onnx', 'ftp://host/m.onnx'],
    ['data:,a', 'data://,a'],
  ])('to %s is refused', async (location, said) => {
    const { url } = await store(() => location);
    const { code, stderr } = await fetchFrom(`${url}/m.onnx`);
    expect(code).toBe(3);
    expect(stderr).toBe(
      `${url}/m.onnx redirects to ${said}; expected http or https. Nothing was changed. Check the address.\n`,
    );
  });

  it('from https to http is refused', async () => {
    const keys = folder();
    const [key, cert] = [path.join(keys, 'key'), path.join(keys, 'cert')];
    execFileSync(
      'openssl',
      [
        ...['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes'],
        ...['-days', '2', '-subj', '/CN=127.0.0.1', '-addext', 'subjectAltName=IP:127.0.0.1'],
        ...['-keyout', key, '-out', cert],
      ],
      { stdio: 'pipe' },
    );
    const plain = await store();
    const secure = await serveFile(
      (req, res) => {
        if (req.url === '/m.onnx') res.end(model);
        else res.writeHead(302, { Location: `${plain.url}/m.onnx` }).end();
      },
      { key: readFileSync(key), cert: readFileSync(cert) },
    );
    const env = { NODE_EXTRA_CA_CERTS: cert };
    expect(await fetchFrom(`${secure.url}/m.onnx`, env)).toMatchObject({ code: 0, stderr: '' });
    const { code, stderr } = await fetchFrom(`${secure.url}/moved.onnx`, env);
    expect(code).toBe(3);
    expect(stderr).toContain(`redirects to ${plain.url}/m.onnx; expected https.`);
    expect(plain.seen).toEqual([]);
  });

  it.each([
    ['without end', (target: string) => target, 'redirects more than 10 times'],
    ['to no address', () => 'http://', 'redirects without saying where'],
  ])('%s is refused', async (_name, answer, said) => {
    const { url } = await store(answer);
    const { code, stderr } = await fetchFrom(`${url}/m.onnx`);
    expect(code).toBe(3);
    expect(stderr).toContain(said);
  });
});

describe('a download', () => {
  it('that stalls is tried again', async () => {
    const { url, calls } = await serveFile((_req, res, call) => {
      if (call === 2) return void res.write(model.subarray(0, 100));
      if (call === 3) res.end(model);
    });
    const { code, stdout } = await fetchFrom(`${url}/m.onnx`, { FETCH_STALL_MS: '300' });
    expect([code, calls()]).toEqual([0, 3]);
    expect(stdout).toContain('/m.onnx: nothing arrived for 150 ms. Waiting for up to 300 ms.');
    expect(stdout).toContain('Attempt 1 failed: nothing arrived for 300 ms. Trying again.');
    expect(stdout).toContain('Attempt 2 failed: nothing arrived for 300 ms. Trying again.');
  });

  it('goes on where it was cut, also when an error came in between', async () => {
    const ranges: unknown[] = [];
    const headers = { etag: '"1"', 'content-length': model.length };
    const { url } = await serveFile((req, res, call) => {
      ranges.push(req.headers.range);
      if (call === 1)
        res.writeHead(200, headers).write(model.subarray(0, 100), () => res.destroy());
      else if (call === 2) res.writeHead(503, { etag: '"of the page"' }).end('busy');
      else
        res
          .writeHead(206, {
            etag: '"1"',
            'content-range': `bytes 100-${model.length - 1}/${model.length}`,
          })
          .end(model.subarray(100));
    });
    const { code, directory } = await fetchFrom(`${url}/m.onnx`);
    expect([code, ranges]).toEqual([0, [undefined, 'bytes=100-', 'bytes=100-']]);
    expect(readFileSync(path.join(directory, 'model.onnx'))).toEqual(model);
  });

  it('of no bytes is refused, and what was there stays', async () => {
    const { url } = await serveFile((_req, res) => res.end());
    const { code, stderr } = await fetchFrom(`${url}/m.onnx`, {}, Buffer.alloc(0));
    expect(code).toBe(3);
    expect(stderr).toContain(
      'is empty; expected an ONNX file, as torch.onnx.export or skl2onnx write one. Nothing was changed. Upload it again.',
    );
  });

  it.each([
    ['a page of HTML', '\n<!doctype html><html lang="en">', 'text'],
    ['the error of a store', '\uFEFF<?xml version="1.0"?><Error/>', 'text'],
    [
      'an error in JSON',
      '{"message": "Nicht gefunden – Datei fehlt, oder sie ist umgezogen ü"}',
      'text',
    ],
    ['a character that is cut at the end of what is looked at', `${'x'.repeat(62)}–`, 'text'],
    ['a short error', 'Not Found', 'text'],
    [
      'the pointer to a file of Git LFS',
      'version https://git-lfs.github.com/spec/v1\n',
      'only a Git LFS pointer',
    ],
  ])('that is %s, with the status 200, is refused', async (_what, text, said) => {
    const sent = Buffer.from(text);
    const { url } = await serveFile((_req, res) => res.end(sent));
    const { code, stderr } = await fetchFrom(`${url}/m.onnx`, {}, sent);
    expect(code).toBe(3);
    expect(stderr).toContain(
      `model.onnx of ${url}/m.onnx is ${said}; expected an ONNX file, as torch.onnx.export or skl2onnx write one. Nothing was changed.`,
    );
  });

  it('that stalls for good, or takes too long, ends with a sentence', async () => {
    const { url } = await serveFile((_req, res) => void res.write(model.subarray(0, 100)));
    const stalled = await fetchFrom(`${url}/m.onnx`, { FETCH_STALL_MS: '100' });
    expect(stalled.code).toBe(3);
    expect(stalled.stderr).toBe(
      `${url}/m.onnx could not be downloaded in 4 attempts: nothing arrived for 100 ms. Check the address, and that proxies, firewalls and network policies let this machine or pod reach it.\n`,
    );
    const late = await fetchFrom(`${url}/m.onnx`, { FETCH_TIMEOUT_MS: '1000' });
    expect(late.stderr).toBe(
      `${url}/m.onnx was not downloaded within 1000 ms. Raise FETCH_TIMEOUT_MS if it is large.\n`,
    );
  });

  it('that is too large is refused, whether it says so or never ends', async () => {
    const env = { FETCH_MAX_BYTES: String(model.length - 1) };
    const sized = await serveFile((_req, res) => res.end(model));
    const endless = await serveFile((_req, res) => {
      const more = () => void res.write(model, () => setImmediate(more));
      more();
    });
    for (const { url, calls } of [sized, endless]) {
      const { code, stderr } = await fetchFrom(`${url}/m.onnx`, env);
      expect([code, calls()]).toEqual([3, 1]);
      expect(stderr).toBe(
        `The file at ${url}/m.onnx has more than ${model.length - 1} bytes, which FETCH_MAX_BYTES allows. Nothing was changed.\n`,
      );
    }
  });

  it('is bounded by what an archive holds, too', async () => {
    const data = archive('-C', iris, '.');
    const { url } = await serveFile((_req, res) => res.end(data));
    const env = { FETCH_MAX_BYTES: String(data.length + 1) };
    const { code, stderr } = await fetchFrom(`${url}/m.tgz`, env, data);
    expect(code).toBe(3);
    expect(stderr).toContain('bytes that FETCH_MAX_BYTES allows');
  });
});
