// The HTTP client of the stores: proxies, redirects, certificates.
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { expect, it } from 'vitest';
import { createClient, documentOf } from '../../src/sources/stores/client.ts';
import { folder, serveFile } from '../file-server.ts';

const soon = () => AbortSignal.timeout(20_000);

async function textFrom(url: string, env: NodeJS.ProcessEnv): Promise<string> {
  const response = await createClient({ env })(new URL(url), {
    secrets: { authorization: 'Bearer secret' },
    signal: soon(),
  });
  return documentOf(response, 'It');
}

it('goes through a proxy, but for what NO_PROXY names', async () => {
  const seen: unknown[] = [];
  const proxy = await serveFile((req, res) => {
    seen.push(req.url);
    res.end('by the proxy');
  });
  const { url } = await serveFile((_req, res) => res.end('itself'));
  const env = { HTTP_PROXY: proxy.url };
  expect(await textFrom('http://store.example/a?b=c', env)).toBe('by the proxy');
  expect(seen).toEqual(['http://store.example/a?b=c']);
  expect(await textFrom(url, { ...env, NO_PROXY: '127.0.0.1' })).toBe('itself');
});

it.each([
  ['to another kind of address', 'file:///etc/passwd', 'expected http or https'],
  ['to nowhere', undefined, 'redirects without saying where'],
  ['without end', '/again', 'redirects more than 10 times'],
])('refuses a redirect %s', async (_what, location, expected) => {
  const { url } = await serveFile((_req, res) => {
    res.writeHead(302, location === undefined ? {} : { location }).end();
  });
  await expect(textFrom(`${url}/a?sig=hunter2`, {})).rejects.toThrow(
    new RegExp(`^(?!.*hunter2).*${expected}`),
  );
});

it('says who it is', async () => {
  const { url } = await serveFile((req, res) => res.end(req.headers['user-agent']));
  expect(await textFrom(url, {})).toBe('ml-api');
});

it('shows a redirect no secret twice: not to another origin, nor what was posted', async () => {
  const seen: unknown[] = [];
  const other = await serveFile((req, res) => {
    seen.push(req.headers.authorization);
    res.end('other');
  });
  const { url } = await serveFile((_req, res) => res.writeHead(307, { location: other.url }).end());
  expect(await textFrom(url, {})).toBe('other');
  expect(seen).toEqual([undefined]);
  const posted = createClient({ env: {} })(new URL(url), {
    method: 'POST',
    body: 'secret',
    signal: soon(),
  });
  await expect(posted).rejects.toThrow('redirects what was sent to it');
  expect(seen).toHaveLength(1);
});

it('says how to trust a certificate that nothing trusted has signed', async () => {
  const [key, cert] = ['key.pem', 'cert.pem'].map((file) => path.join(folder(), file));
  const options = '-x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=localhost'.split(' ');
  const names = ['-addext', 'subjectAltName=IP:127.0.0.1'];
  execFileSync('openssl', ['req', ...options, ...names, '-keyout', `${key}`, '-out', `${cert}`], {
    stdio: 'ignore',
  });
  const tls = { key: readFileSync(`${key}`), cert: readFileSync(`${cert}`) };
  const { url } = await serveFile((_req, res) => res.end('trusted'), tls);
  await expect(textFrom(url, {})).rejects.toThrow(
    'is not trusted (DEPTH_ZERO_SELF_SIGNED_CERT). Name a file with its certificate authority in NODE_EXTRA_CA_CERTS.',
  );
  const response = await createClient({ env: {}, tls: { ca: tls.cert } })(new URL(url), {
    signal: soon(),
  });
  expect(await documentOf(response, 'It')).toBe('trusted');
});
