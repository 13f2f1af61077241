// S3's protocol, as rclone speaks it: what a program of ours brings from it, and what it says where it cannot.
import {
  cpSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import http from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { folder, iris, model } from '../../server/test/file-server.ts';
import { run } from '../../server/test/program.ts';
import { toolPath } from '../tools/tool.ts';
import { type ServerProcess, startServer } from './server-process.ts';

const KEY = 'AKIATESTACCESSKEY1';
const SECRET = 'a-secret-of-enough-letters';
const root = mkdtempSync(path.join(tmpdir(), 's3-'));
let server: ServerProcess;

/** More than one read of a socket, and never the same in two places. */
const large = Buffer.from(Array.from({ length: 500_000 }, (_, i) => `${i}\b`).join('')); // no text

beforeAll(async () => {
  for (const name of ['v1', 'two words']) {
    mkdirSync(path.join(root, 'models/iris', name), { recursive: true });
    for (const file of readdirSync(iris))
      writeFileSync(
        path.join(root, 'models/iris', name, file),
        readFileSync(path.join(iris, file)),
      );
  }
  writeFileSync(path.join(root, 'models/forest.onnx'), model);
  mkdirSync(path.join(root, 'models/large'), { recursive: true });
  writeFileSync(path.join(root, 'models/large/model.onnx'), large);
  server = await startServer(toolPath('rclone'), (port) => [
    // What tests write is there at once.
    ...[
      'serve',
      's3',
      '--dir-cache-time',
      '0s',
      '--addr',
      `127.0.0.1:${port}`,
      '--auth-key',
      `${KEY},${SECRET}`,
      root,
    ],
  ]);
});
afterAll(async () => {
  await server?.stop();
  rmSync(root, { recursive: true, force: true });
});

const credentials = (url = server.url) => ({
  AWS_ENDPOINT_URL_S3: url,
  AWS_ACCESS_KEY_ID: KEY,
  AWS_SECRET_ACCESS_KEY: SECRET,
  AWS_CONFIG_FILE: '/dev/null',
  AWS_SHARED_CREDENTIALS_FILE: '/dev/null',
  AWS_EC2_METADATA_DISABLED: 'true',
});

async function fetchFrom(uri: string, env: Record<string, string> = credentials()) {
  const directory = folder();
  const ended = await run(['fetch', uri, '--dir', directory], {
    ...env,
    // What hangs fails.
    FETCH_TIMEOUT_MS: '60000',
  });
  expect(ended.stdout + ended.stderr).not.toContain(SECRET);
  expect(ended.stderr).not.toMatch(/^ +at /m);
  return { ...ended, directory };
}

/**
 * A server before it that ends the first connections after a number of bytes, and counts what passes.
 * @param cut is called at each of these ends
 */
async function cutting(times: number, bytes: number, cut: () => void = () => {}) {
  let left = times;
  const asked: string[] = [];
  const listener = http.createServer((req, res) => {
    asked.push(`${req.method} ${req.headers.range ?? '-'}`);
    const forward = http.request(
      {
        host: '127.0.0.1',
        port: server.port,
        path: req.url,
        method: req.method,
        headers: req.headers,
      },
      (response) => {
        res.writeHead(response.statusCode ?? 502, response.headers);
        let sent = 0;
        const isFile = Number(response.headers['content-length']) > bytes;
        response.on('data', (chunk: Buffer) => {
          if (res.destroyed) return;
          if (isFile && left > 0 && sent + chunk.length > bytes) {
            left--;
            cut();
            res.write(chunk.subarray(0, bytes - sent), () => res.destroy());
            response.destroy();
            return;
          }
          sent += chunk.length;
          res.write(chunk);
        });
        response.on('end', () => res.end());
        response.on('error', () => res.destroy());
      },
    );
    forward.on('error', () => res.destroy());
    forward.end();
  });
  await new Promise<void>((resolve) => listener.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => {
    listener.closeAllConnections();
    listener.close();
  });
  const address = listener.address();
  if (typeof address !== 'object' || address === null) throw new Error('no port');
  return { url: `http://127.0.0.1:${address.port}`, asked };
}

describe('what is there arrives', () => {
  it.each(['s3://models/iris/v1', 's3://models/iris/v1/', 's3://models/iris/two words'])(
    'a folder, %s',
    async (uri) => {
      const { code, stderr, stdout, directory } = await fetchFrom(uri);
      expect([code, stderr]).toEqual([0, '']);
      expect(stdout).toContain(`from ${uri}`);
      for (const file of readdirSync(iris))
        expect(readFileSync(path.join(directory, file))).toEqual(
          readFileSync(path.join(iris, file)),
        );
    },
  );

  it('an object with a question mark in its name, which is not shown', async () => {
    const name = 'iris?sig=hunter2';
    cpSync(iris, path.join(root, 'models', name), { recursive: true });
    const { code, stdout, stderr, directory } = await fetchFrom(`s3://models/${name}`);
    expect([code, stderr]).toEqual([0, '']);
    expect(stdout).toContain('from s3://models/iris?…');
    expect(stdout).not.toContain('hunter2');
    expect(readFileSync(path.join(directory, 'model.lock.json'), 'utf8')).not.toContain('hunter2');
  });

  it('a file, as model.onnx', async () => {
    const { code, stderr, directory } = await fetchFrom('s3://models/forest.onnx');
    expect([code, stderr]).toEqual([0, '']);
    expect(readFileSync(path.join(directory, 'model.onnx'))).toEqual(model);
  });

  it('a new revision, and nothing where it is the same', async () => {
    const directory = folder();
    const source = path.join(root, 'models/changing');
    mkdirSync(source);
    const bring = () => run(['fetch', 's3://models/changing', '--dir', directory], credentials());
    for (const content of ['\bone', '\btwo, longer']) {
      writeFileSync(path.join(source, 'model.onnx'), content);
      expect(await bring()).toMatchObject({ code: 0, stderr: '' });
      expect(readFileSync(path.join(directory, 'model.onnx'), 'utf8')).toBe(content);
      expect((await bring()).stdout).toContain('already');
    }
  });

  it('from where it was cut, and not twice', async () => {
    const { url, asked } = await cutting(2, 1_000_000);
    const { code, stdout, stderr, directory } = await fetchFrom(
      's3://models/large',
      credentials(url),
    );
    expect([code, stderr]).toEqual([0, '']);
    expect(stdout).toMatch(/Attempt 1 failed: .+Trying again\./);
    expect(readFileSync(path.join(directory, 'model.onnx')).equals(large)).toBe(true);
    const ranges = asked.filter((one) => /^GET (bytes=\d+-)$/.test(one));
    expect(ranges).toHaveLength(2);
    // Each begins after what had come.
    const starts = ranges.map((range) => Number(/\d+/.exec(range)?.[0]));
    expect(starts[0]).toBeGreaterThan(0);
    expect(starts[1]).toBeGreaterThan(starts[0] ?? 0);
  });
});

it('brings a large object in parts, each from where it was cut', async () => {
  const huge = Buffer.alloc(70 * 1024 * 1024);
  for (let at = 0; at + 4 <= huge.length; at += 4096) huge.writeUInt32LE(at, at);
  mkdirSync(path.join(root, 'models/huge'), { recursive: true });
  writeFileSync(path.join(root, 'models/huge/model.onnx'), huge);
  const { url, asked } = await cutting(2, 20 * 1024 * 1024);
  const { code, stderr, directory } = await fetchFrom('s3://models/huge', credentials(url));
  expect([code, stderr]).toEqual([0, '']);
  expect(readFileSync(path.join(directory, 'model.onnx')).equals(huge)).toBe(true);
  expect(asked).toEqual(
    expect.arrayContaining([
      'GET bytes=0-33554431',
      'GET bytes=33554432-67108863',
      'GET bytes=67108864-73400319',
    ]),
  );
  // The first two were cut, and went on.
  expect(asked.filter((one) => one.startsWith('GET bytes='))).toHaveLength(5);
});

describe('what cannot be had is told in a sentence, and leaves nothing', () => {
  it.each([
    [
      'a bucket that is not there',
      's3://nothing-here/iris',
      {},
      /^There is no bucket nothing-here\./,
    ],
    [
      'an object that is not there',
      's3://models/none',
      {},
      /^s3:\/\/models\/none is not there: the bucket has no such object/,
    ],
    [
      'a folder of several models',
      's3://models/iris',
      {},
      /holds 2 ONNX files: .+; expected one model\.onnx/,
    ],
    [
      'an unknown key',
      's3://models/iris/v1',
      { AWS_ACCESS_KEY_ID: 'AKIAUNKNOWNKEY0001' },
      /access key|credentials/,
    ],
    [
      'a wrong secret',
      's3://models/iris/v1',
      { AWS_SECRET_ACCESS_KEY: 'another-secret-of-letters' },
      /AWS_SECRET_ACCESS_KEY|credentials/,
    ],
    [
      'no credentials',
      's3://models/iris/v1',
      { AWS_ACCESS_KEY_ID: '', AWS_SECRET_ACCESS_KEY: '' },
      /^There are no AWS credentials for s3:\/\/models\/iris\/v1\. Set AWS_ACCESS_KEY_ID/,
    ],
  ])('%s', async (_name, uri, env, message) => {
    const { code, stderr, directory } = await fetchFrom(uri, { ...credentials(), ...env });
    expect(stderr).toMatch(message);
    expect([code, readdirSync(directory)]).toEqual([3, []]);
  });

  it('a server that is not there', async () => {
    const { code, stderr } = await fetchFrom(
      's3://models/iris/v1',
      credentials('http://127.0.0.1:9'),
    );
    expect(stderr).toMatch(
      /^s3:\/\/models\/iris\/v1 could not be downloaded in 4 attempts: S3 at 127\.0\.0\.1:9 \(AWS_ENDPOINT_URL_S3\) cannot be reached: .+\.\n$/,
    );
    expect(code).toBe(3);
  });

  it('a server of something else', async () => {
    const other = http.createServer((_req, res) => res.end('<html>a page</html>'));
    await new Promise<void>((resolve) => other.listen(0, '127.0.0.1', resolve));
    onTestFinished(() => void other.close());
    const { port } = other.address() as AddressInfo;
    const { code, stderr } = await fetchFrom(
      's3://models/iris/v1',
      credentials(`http://127.0.0.1:${port}`),
    );
    expect(stderr).toMatch(/does not speak S3's protocol\. Check AWS_ENDPOINT_URL_S3\.\n$/);
    expect(code).toBe(3);
  });

  it.each<[string, (file: string) => void]>([
    ['replaced', (file) => writeFileSync(file, Buffer.concat([large, Buffer.from('more')]))],
    ['removed', (file) => rmSync(file)],
  ])('an object that was %s while it was read', async (what, change) => {
    const file = path.join(root, 'models', what, 'model.onnx');
    mkdirSync(path.dirname(file));
    writeFileSync(file, large);
    const { url } = await cutting(1, 1_000_000, () => change(file));
    const { code, stderr, directory } = await fetchFrom(`s3://models/${what}`, credentials(url));
    expect(stderr).toMatch(
      /was replaced or removed while it was downloaded\. Nothing was changed\. Try again\.\n$/,
    );
    expect([code, readdirSync(directory)]).toEqual([3, []]);
  });
});
