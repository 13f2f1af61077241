// `fetch` by URI, and `serve` with a model on its command line: what is brought, what is recorded of it, and what is refused.
import { execFileSync, spawnSync } from 'node:child_process';
import {
  chmodSync,
  cpSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { archive, folder, iris, model, serveFile, sum, WHOLE } from './file-server.ts';
import { collect, exitOf, launch, main, run } from './program.ts';

const lockOf = (directory: string) =>
  JSON.parse(readFileSync(path.join(directory, 'model.lock.json'), 'utf8'));

describe('fetch', () => {
  it('brings a folder with all that belongs to the model, and says what it was', async () => {
    const directory = folder();
    const source = path.join(folder(), 'iris');
    cpSync(iris, source, { recursive: true });
    const first = await run(['fetch', source, '--dir', directory]);
    expect([first.code, first.stderr]).toEqual([0, '']);
    expect(readdirSync(directory).sort()).toEqual(WHOLE);
    const lock = lockOf(directory);
    expect(lock).toMatchObject({ uri: source, resolved: source, revision: expect.any(String) });
    expect(lock.files).toContainEqual({
      path: 'model.onnx',
      size: model.length,
      sha256: sum(model),
    });
    expect((await run(['fetch', source, '--dir', directory])).stdout).toContain('already');
    // Another revision, and a file that is gone.
    rmSync(path.join(source, 'golden.json'));
    const second = await run(['fetch', `file://${source}`], { MODEL_DIR: directory });
    expect([second.code, second.stderr]).toEqual([0, '']);
    expect(readdirSync(directory)).not.toContain('golden.json');
    expect(lockOf(directory).revision).not.toBe(lock.revision);
  });

  it('brings a file of any name as model.onnx, and an archive as what is in it', async () => {
    const data = archive('-C', path.dirname(iris), 'v1');
    const { url } = await serveFile((req, res) =>
      res.end(req.url?.startsWith('/iris.onnx') ? model : data),
    );
    for (const [file, content] of [
      ['iris.onnx?token=secret', model],
      ['iris.tgz', data],
    ] as const) {
      const directory = folder();
      const { code, stdout, stderr } = await run(['fetch', `${url}/${file}`, '--dir', directory]);
      expect([code, stderr]).toEqual([0, '']);
      expect(stdout).toContain(`SHA-256 ${sum(content)}`);
      expect(readFileSync(path.join(directory, 'model.onnx'))).toEqual(model);
      expect(JSON.stringify(lockOf(directory)) + stdout).not.toContain('secret');
    }
  });

  it('brings all files as they lie, for other servers', async () => {
    const source = folder();
    const files = { 'iris/config.pbtxt': '', 'iris/1/model.onnx': '1', 'iris/2/model.onnx': '2' };
    for (const [file, content] of Object.entries(files)) {
      mkdirSync(path.dirname(path.join(source, file)), { recursive: true });
      writeFileSync(path.join(source, file), content);
    }
    const packed = archive('-C', source, 'iris');
    const weights = Buffer.from('GGUF and weights');
    const { url } = await serveFile((req, res) =>
      res.end(req.url?.endsWith('.tgz') ? packed : weights),
    );
    for (const uri of [source, `${url}/repository.tgz`]) {
      const directory = folder();
      const { code, stderr } = await run(['fetch', uri, '--dir', directory, '--all']);
      expect([code, stderr]).toEqual([0, '']);
      for (const [file, content] of Object.entries(files))
        expect(readFileSync(path.join(directory, file), 'utf8')).toBe(content);
      expect(lockOf(directory).files).toHaveLength(3);
    }
    const directory = folder();
    const env = { MODEL_DIR: directory, MODEL_FILES: 'all', MODEL_SHA256: sum(weights) };
    const fetched = await run(['fetch', `${url}/tiny-q4.gguf`], env);
    expect([fetched.code, fetched.stderr]).toEqual([0, '']);
    expect(readFileSync(path.join(directory, 'tiny-q4.gguf'))).toEqual(weights);
    expect((await run(['fetch', `${url}/tiny-q4.gguf`], env)).stdout).toContain('already');
  });

  it('follows what a URI names, tells what changed once, and outlives what fails', async () => {
    const source = path.join(folder(), 'iris');
    cpSync(iris, source, { recursive: true });
    const directory = folder();
    const child = launch(['fetch', source, '--dir', directory, '--follow', '1']);
    const [out, ended] = [collect(child.stdout), exitOf(child)];
    const has = (version: string) =>
      expect
        .poll(() => readFileSync(path.join(directory, 'model.onnx'), 'latin1'), { timeout: 20_000 })
        .toBe(readFileSync(path.join(iris, '..', version, 'model.onnx'), 'latin1'));
    const says = (text: string) => expect.poll(() => out.text, { timeout: 20_000 }).toContain(text);
    await says('holds the model from');
    await has('v1');
    rmSync(path.join(source, 'model.onnx'));
    await says('no model.onnx');
    await has('v1');
    cpSync(path.join(iris, '../v2'), source, { recursive: true });
    await has('v2');
    await says('already');
    child.kill('SIGTERM');
    expect(await ended).not.toBeNull();
    expect(out.text.match(/already/g)).toHaveLength(1);
    expect(out.text.match(/no model.onnx/g)?.length).toBeLessThan(3);
    expect(readdirSync(directory).filter((name) => name.startsWith('.'))).toEqual([
      '.model-sha256',
    ]);
  });

  it.each(['.', 'in', 'a/b'])('refuses to bring a folder into itself: %s', async (place) => {
    const source = folder();
    cpSync(iris, source, { recursive: true });
    const before = readdirSync(source).sort();
    const { code, stderr } = await run(['fetch', source, '--dir', path.join(source, place)]);
    expect([code, stderr]).toEqual([2, expect.stringContaining('expected a directory elsewhere')]);
    expect(readdirSync(source).sort()).toEqual(before);
  });

  it('takes one model of a place for something else than several', async () => {
    const source = folder();
    cpSync(iris, path.join(source, 'iris'), { recursive: true });
    const packed = archive('-C', source, '.');
    const { url } = await serveFile((_req, res) => res.end(packed));
    for (const [uri, env] of [
      [source, {}],
      [`${url}/m.tgz`, { MODEL_SHA256: sum(packed) }],
    ] as const) {
      const directory = folder();
      for (const [variable, place] of [
        ['MODELS_DIR', 'iris/model.onnx'],
        ['MODEL_DIR', 'model.onnx'],
        ['MODELS_DIR', 'iris/model.onnx'],
      ] as const) {
        const { code, stderr } = await run(['fetch', uri], { ...env, [variable]: directory });
        expect([code, stderr]).toEqual([0, '']);
        expect(readFileSync(path.join(directory, place))).toEqual(model);
      }
    }
  });

  it('takes what it chose before for something else than all files', async () => {
    const source = folder();
    cpSync(iris, path.join(source, 'a'), { recursive: true });
    const directory = folder();
    for (const [options, place] of [
      [[], 'model.onnx'],
      [['--all'], 'a/model.onnx'],
      [[], 'model.onnx'],
    ] as const) {
      const { code, stdout } = await run(['fetch', source, '--dir', directory, ...options]);
      expect([code, stdout]).toEqual([0, expect.not.stringContaining('already')]);
      expect(readFileSync(path.join(directory, place))).toEqual(model);
    }
    expect(readdirSync(directory)).not.toContain('a');
  });

  it.each<[Record<string, string>, string]>([
    [{ MODEL_FILES: 'some' }, 'MODEL_FILES: expected one of onnx, all, got "some"'],
    [{ MODEL_FILES: 'all', MODELS_DIR: '/m' }, 'MODELS_DIR and MODEL_FILES=all are both set'],
    [
      { MODEL_FILES: 'all', MODEL_URI: 'https://example.com/a/' },
      "expected a path that ends in a file's name",
    ],
    [{ FETCH_FOLLOW_SECONDS: '-1' }, 'FETCH_FOLLOW_SECONDS: expected'],
    [{ FETCH_IF_UNAVAILABLE: 'Keep' }, 'FETCH_IF_UNAVAILABLE: expected one of keep, fail, got'],
    [
      { FETCH_FOLLOW_SECONDS: '5', MODEL_SHA256: '0'.repeat(64) },
      'FETCH_FOLLOW_SECONDS and MODEL_SHA256 are both set; expected one of them',
    ],
    [
      { FETCH_FOLLOW_SECONDS: '5', MODEL_URI: 'https://example.com/a.onnx?sig=secret' },
      'FETCH_FOLLOW_SECONDS is set for https://example.com/a.onnx?…; expected a store',
    ],
  ])('says which settings contradict each other: %j', async (env, message) => {
    const place = env['MODELS_DIR'] === undefined && { MODEL_DIR: folder() };
    const { code, stderr } = await run(['fetch', env['MODEL_URI'] ?? iris], { ...place, ...env });
    expect([code, stderr]).toEqual([2, expect.stringContaining(message)]);
  });

  it('names the option that says nothing', async () => {
    const { code, stderr } = await run(['fetch', iris, '--dir', '']);
    expect([code, stderr]).toEqual([2, expect.stringMatching(/^--dir: expected a directory, got/)]);
  });

  it('follows links to files, and none to folders, which may lead to themselves', async () => {
    const source = folder();
    const blobs = folder();
    for (const file of readdirSync(iris)) {
      cpSync(path.join(iris, file), path.join(blobs, file));
      symlinkSync(path.join(blobs, file), path.join(source, file));
    }
    symlinkSync('..', path.join(source, 'up'));
    execFileSync('mkfifo', [path.join(source, 'pipe')]);
    const directory = folder();
    const { code, stderr } = await run(['fetch', source, '--dir', directory]);
    expect([code, stderr]).toEqual([0, '']);
    expect(readFileSync(path.join(directory, 'model.onnx'))).toEqual(model);
    expect(readdirSync(directory)).not.toContain('up');
  });

  it('leaves files and folders with a dot before their name where they are, in a folder and in an archive', async () => {
    const source = folder();
    cpSync(iris, source, { recursive: true });
    mkdirSync(path.join(source, '.git/hooks'), { recursive: true });
    writeFileSync(path.join(source, '.git/hooks/pre-commit'), '');
    writeFileSync(path.join(source, '._model.onnx'), Buffer.alloc(40_000_000, 1));
    const data = archive('-C', source, '.');
    const { url } = await serveFile((_req, res) => res.end(data));
    for (const uri of [source, `${url}/m.tgz`]) {
      const directory = folder();
      const { code, stderr } = await run(['fetch', uri, '--dir', directory]);
      expect([code, stderr]).toEqual([0, '']);
      expect(readdirSync(directory).sort()).toEqual(WHOLE);
    }
  });

  it('puts files of the user aside that are in its way, and gives none of them up', async () => {
    const directory = folder();
    const source = folder();
    cpSync(iris, source, { recursive: true });
    writeFileSync(path.join(source, 'README.md'), "the model's");
    const readme = path.join(directory, 'README.md');
    for (const time of [1, 2]) {
      writeFileSync(readme, `mine ${time}`);
      if (time === 2) rmSync(path.join(directory, '.model-sha256'));
      const { code, stdout } = await run(['fetch', source, '--dir', directory]);
      expect(code).toBe(0);
      expect(stdout).toContain(`${readme} did not come with this model: it is README.md.old`);
    }
    await run(['fetch', iris, '--dir', directory]);
    expect(readFileSync(`${readme}.old`, 'utf8')).toBe('mine 1');
    expect(readFileSync(`${readme}.old2`, 'utf8')).toBe('mine 2');
    expect(readdirSync(directory)).not.toContain('README.md');
  });

  it.each([
    ['a link on the way', 'data', (at: string) => symlinkSync(folder(), at), /is a symbolic link/],
    ['a folder in the place of a file', 'model.json', mkdirSync, /is a folder; expected/],
  ])('refuses %s, and has changed nothing', async (_name, name, make, said) => {
    const directory = folder();
    const source = folder();
    cpSync(iris, source, { recursive: true });
    mkdirSync(path.join(source, 'data'));
    writeFileSync(path.join(source, 'data/weights'), '');
    make(path.join(directory, name));
    const { code, stderr } = await run(['fetch', source, '--dir', directory]);
    expect(stderr).toMatch(said);
    expect(stderr).toContain(path.join(directory, name));
    expect([code, readdirSync(directory)]).toEqual([3, [name]]);
  });

  it('takes a scheme of any case', async () => {
    const { url } = await serveFile((_req, res) => res.end(model));
    const { code } = await run(['fetch', `${url.replace('http', 'HTTP')}/m.onnx`], {
      MODEL_DIR: folder(),
    });
    expect(code).toBe(0);
  });

  it('says what cannot be written, without a trace', async () => {
    const directory = folder();
    mkdirSync(path.join(directory, '.model-sha256'));
    const { code, stderr } = await run(['fetch', iris, '--dir', directory]);
    expect(stderr).toMatch(/\.model-sha256 is a folder; expected .+ Nothing was changed\. .+\n$/);
    expect([code, readdirSync(directory)]).toEqual([3, ['.model-sha256']]);
  });

  it('says once what it may not read', async () => {
    const source = folder();
    cpSync(iris, source, { recursive: true });
    mkdirSync(path.join(source, 'data'));
    chmodSync(source, 0o755);
    const directory = folder();
    chmodSync(directory, 0o777);
    for (const name of ['data', 'model.json']) {
      chmodSync(path.join(source, name), 0);
      // Root may read all.
      const { stdout, stderr } = spawnSync(
        process.execPath,
        [main, 'fetch', source, '--dir', directory],
        { encoding: 'utf8', ...(process.getuid?.() === 0 && { uid: 54_321 }) },
      );
      expect(stderr).toMatch(
        new RegExp(
          `^${path.join(source, name)} cannot be read: EACCES: permission is denied\\. Check its owner and permissions\\.\\n$`,
        ),
      );
      expect(stdout).toBe('');
      expect(readdirSync(directory)).toEqual([]);
      rmSync(path.join(source, name), { recursive: true });
    }
  });

  it('brings several models, each in its folder', async () => {
    const source = folder();
    for (const name of ['a', 'b/1', 'b/2'])
      cpSync(iris, path.join(source, 'models', name), { recursive: true });
    writeFileSync(path.join(source, 'README'), '');
    const directory = folder();
    const { code, stderr } = await run(['fetch', source], { MODELS_DIR: directory });
    expect([code, stderr]).toEqual([0, '']);
    const files = readdirSync(directory, { recursive: true, encoding: 'utf8' });
    expect(files.filter((file) => file.endsWith('.onnx')).sort()).toEqual([
      'a/model.onnx',
      'b/1/model.onnx',
      'b/2/model.onnx',
    ]);
    expect(files).not.toContain('README');
  });

  it.each([
    [[], {}, /^Bad setting:\n {2}URI \(or MODEL_URI\) is missing\nRun ml-api fetch --help/],
    [
      [],
      { MODEL_URL: 'https://h/m.onnx' },
      /^Bad setting:\n {2}--sha256 \(or MODEL_SHA256\) is missing\n/,
    ],
    [['s3x://a/b'], {}, /^There is no store for "s3x:"; expected a path or one of s3:\/\/.+\.\n$/],
    [['/nothing/here'], {}, /^There is no file or folder \/nothing\/here\./],
    [
      ['https://h/m.zip?token=secret'],
      {},
      /^URI: expected a path that ends in .+, got https:\/\/h\/m\.zip\?…\.\n$/,
    ],
    [[iris], { MODEL_URL: 'https://h/m.onnx' }, /^MODEL_URL is set, and there is a URI, too;/],
    [[iris, '--sha256', 'abc'], {}, /--sha256: expected 64 hex digits, got "abc"/],
    [[iris, '--sha256', '0'.repeat(64)], {}, /has 3 files; expected an \.onnx file or an archive/],
    [[iris], { FETCH_MAX_BYTES: '1000' }, /more than 1000 bytes, which FETCH_MAX_BYTES allows/],
    [[path.dirname(iris)], {}, /holds 2 ONNX files: .+; expected one model\.onnx/],
    [[`s3://b/${'a'.repeat(5000)}`], {}, /has 50\d\d characters; expected at most 4096\.\n$/],
    [['s3://AKIA:secret@bucket/x'], {}, /holds a user name, a token or a password/],
    [['oci://ghp_secret@ghcr.io/org/iris'], {}, /holds a user name, a token or a password/],
    [['hf://hf_secret@org/iris'], {}, /holds a user name, a token or a password/],
    [
      ['s3://bucket/x'],
      { AWS_ENDPOINT_URL_S3: 'me:secret@minio' },
      /^AWS_ENDPOINT_URL_S3: expected an address such as https:/,
    ],
    [
      ['mlflow://iris@champion'],
      { MLFLOW_TRACKING_URI: 'http://me:secret%@h' },
      /has a % that encodes nothing\. Write it as %25/,
    ],
    [['http://[::1/m.onnx'], {}, /expected an address such as/],
    [['/dev/null'], {}, /^\/dev\/null is neither a file nor a folder/],
    [[iris, 'extra'], {}, /Unexpected argument 'extra'/],
  ] as const)('refuses %j with %j, and leaves nothing', async (args, env, message) => {
    const directory = folder();
    const { code, stderr } = await run(['fetch', ...args], { MODEL_DIR: directory, ...env });
    expect(stderr).toMatch(message);
    expect(stderr).not.toMatch(/secret|^ +at /m);
    // It is what is there that is wrong, and not what was typed.
    const isFound = /^(?:There is no file|\/)|has 3 files|more than 1000|holds 2 ONNX/.test(stderr);
    expect([code, readdirSync(directory)]).toEqual([isFound ? 3 : 2, []]);
  });
});

describe('serve', () => {
  const served = async (args: readonly string[], env: Record<string, string> = {}) => {
    const child = launch(['serve', ...args], env);
    const out = collect(child.stdout);
    await expect.poll(() => out.text).toContain('"msg":"ready"');
    return out.text;
  };

  it('takes a directory, before or after its option', async () => {
    expect(await served([iris])).toContain('"version":"v1"');
    expect(await served(['--model', `${iris}/../v2`])).toContain('"version":"v2"');
  });

  it('keeps what it downloads, and serves it again', async () => {
    const data = archive('-C', iris, '.');
    const { url } = await serveFile((_req, res) => res.end(data));
    const cache = folder();
    for (let time = 0; time < 2; time++)
      expect(await served([`${url}/iris.tgz`], { MODEL_CACHE_DIR: cache })).toContain(
        '"model":"iris"',
      );
    expect(readdirSync(cache)).toHaveLength(1);
  });

  it('ends when it is told to while it downloads, and leaves nothing', async () => {
    const { url, calls } = await serveFile((_req, res) => void res.write(model.subarray(0, 1000)));
    const cache = folder();
    const child = launch(['serve', `${url}/m.onnx`], { MODEL_CACHE_DIR: cache });
    await expect.poll(() => calls()).toBe(1);
    child.kill('SIGTERM');
    expect(await exitOf(child)).toBe(0);
    expect(readdirSync(cache)).toEqual([]);
  });

  it('leaves no folder of a model that it could not have', async () => {
    const { url } = await serveFile((_req, res) => res.end(model));
    const cache = path.join(folder(), 'models');
    const env = { MODEL_SHA256: '0'.repeat(64), MODEL_CACHE_DIR: cache };
    expect((await run(['serve', `${url}/m.onnx`], env)).code).toBe(3);
    expect(readdirSync(path.dirname(cache))).toEqual([]);
  });

  // Not the directory that no file system makes: Node's own recursive mkdir would try for ever.
  it.skipIf(process.platform !== 'linux').each([
    ['serve', [path.join(iris, 'model.onnx')], { MODEL_CACHE_DIR: '/proc/models/cache' }],
    ['fetch', [iris, '--dir', '/proc/models/cache'], {}],
    ['fetch', [iris, '--dir', '/dev/null/models'], {}],
    ['fetch', [iris, '--dir', path.join(iris, '../v2/model.onnx/models')], {}],
  ] as const)('%s %j ends where no folder can be made', async (command, args, env) => {
    const { code, stderr } = await run([command, ...args], env);
    expect(stderr).toMatch(/^(--dir|MODEL_CACHE_DIR): \S+ cannot be written: E[^\n]+\n$/);
    expect(code).toBe(3);
  });

  it('says that it needs a place to keep models', async () => {
    const file = path.join(iris, 'model.onnx');
    expect((await run(['serve', file], { MODEL_CACHE_DIR: '' })).stderr).toMatch(
      /MODEL_CACHE_DIR: expected some text, got none; unset it for the default/,
    );
    if (process.getuid?.() !== 0) return; // only root can become a user of whom nobody knows
    const { stderr } = spawnSync(process.execPath, [main, 'serve', file], {
      encoding: 'utf8',
      uid: 54_321,
      env: { PATH: process.env['PATH'] },
    });
    expect(stderr).toMatch(/^MODEL_CACHE_DIR is not set, and the user of this process has no home/);
  });

  it('checks the sum that is asked for', async () => {
    const { url } = await serveFile((_req, res) => res.end(model));
    const env = { MODEL_SHA256: '0'.repeat(64), MODEL_CACHE_DIR: folder() };
    expect((await run(['serve', `${url}/m.onnx`], env)).stderr).toMatch(
      /MODEL_SHA256 \(or fetch --sha256\) expects 0{64}/,
    );
  });

  it('refuses two models', async () => {
    const { code, stderr } = await run(['serve', iris], { MODEL_DIR: iris });
    expect(stderr).toMatch(/^MODEL_DIR is set, and the command line names a model, too;/);
    expect(code).toBe(2);
  });
});
