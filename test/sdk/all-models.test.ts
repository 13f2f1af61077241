// `ml-sdk generate --all` as its users get it: the packed SDK in a project, real servers with several models, and servers that mean harm.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  watch,
  writeFileSync,
} from 'node:fs';
import path from 'node:path';
import fc from 'fast-check';
import type { OpenAPIObject } from 'openapi3-ts/oas31';
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { folderNames, isFolderName } from '../../sdk/src/cli/folder-names.ts';
import { writeTogether } from '../../sdk/src/cli/write-together.ts';
import { faultyServer, json } from '../../sdk/test/faulty-server.ts';
import { contractHash } from '../../server/src/model/contract/canonical-hash.ts';
import { fiveModels, modelsDir } from '../../server/test/models-dir.ts';
import { keysFile, start, testModel } from '../../server/test/start.ts';
import { type Outcome, runNode } from '../run-program.ts';
import { compile, folder, install, packSdk, root } from './user-project.ts';

const v1 = path.join(root, 'model/v1');
const v2 = path.join(root, 'model/v2');
const project = folder(path.join(root, '.cache')); // where hey-api is found
beforeAll(() => install(project, packSdk(project)));
afterAll(() => rmSync(project, { recursive: true, force: true }));

const generate = (from: string, ...args: string[]): Promise<Outcome> =>
  runNode(path.join(project, 'node_modules/.bin/ml-sdk'), ['generate', '--from', from, ...args], {
    cwd: project,
  });
const generateAll = (from: string, out: string, ...args: string[]) =>
  generate(from, '--all', '--out', out, ...args);

/** A server of these models, the default being iris. */
const serve = (MODELS_DIR: string, env: Readonly<Record<string, string>> = {}) =>
  start({ MODELS_DIR, DEFAULT_MODEL: 'iris', LOG_LEVEL: 'silent', ...env });

/** A server that passes requests on, and says what the hash of the contract at a path is. */
const serverBefore = (url: string, hashOf: (path: string, hash: string) => string) =>
  faultyServer(async (req, res) => {
    const response = await fetch(url + req.url, { method: req.method ?? 'GET' });
    const hash = hashOf(req.url ?? '', response.headers.get('ML-Contract-Hash') ?? '');
    json(res, response.status, await response.json(), { 'ML-Contract-Hash': hash });
  });

/** A folder of the project for one test. */
function newOut(): string {
  const out = mkdtempSync(path.join(project, 'models-'));
  onTestFinished(() => rmSync(out, { recursive: true, force: true }));
  return path.relative(project, out);
}

/** All files below a folder of the project, with their texts. */
function treeOf(out: string): Record<string, string> {
  const top = path.join(project, out);
  const files = readdirSync(top, { recursive: true, withFileTypes: true }).filter((entry) =>
    entry.isFile(),
  );
  return Object.fromEntries(
    files.map(({ parentPath, name }) => {
      const file = path.join(parentPath, name);
      return [path.relative(top, file), readFileSync(file, 'utf8')];
    }),
  );
}

describe('of a server with several models', () => {
  it('writes for each what its address alone gives, and says so', async () => {
    const { url, parts } = await serve(fiveModels());
    const out = newOut();
    const { code, stdout, stderr } = await generateAll(url, out);
    expect([code, stderr]).toEqual([0, '']);
    const hash = (name: string) => parts.models.find(name, undefined).contract.hash.slice(0, 12);
    expect(stdout.replaceAll(/-[0-9a-f]{8}:/g, '-HASH:').split('\n')).toEqual([
      `${out}/__proto__: the client of __proto__ v1, contract ${hash('__proto__')}`,
      `${out}/a-model-HASH: the client of a model, 模型 v1, contract ${hash('a model, 模型')}`,
      `${out}/flowers: the client of flowers 2, contract ${hash('flowers')}`,
      `${out}/iris: the client of iris v1, contract ${hash('iris')}`,
      `${out}/two-inputs: the client of two-inputs v1, contract ${hash('two-inputs')}`,
      `${out}/index.ts: createModels() for 5 models`,
      '',
    ]);
    const alone = newOut();
    for (const name of ['__proto__', 'flowers', 'iris', 'two-inputs']) {
      expect(
        await generate(`${url}/models/${name}`, '--out', path.join(alone, name)),
      ).toMatchObject({ code: 0 });
      expect(treeOf(path.join(out, name))).toEqual(treeOf(path.join(alone, name)));
    }
    const again = treeOf(out);
    expect(await generateAll(`${url}/`, out)).toEqual({ code, stdout, stderr });
    expect(treeOf(out)).toEqual(again);
  });

  it('gives clients that predict, each with the types of its model', async () => {
    const { url } = await serve(fiveModels());
    const out = newOut();
    await generateAll(url, out);
    const use = `import { createModels } from './${out}/index.js';
const models = createModels();
const { labels } = await models.iris.predict({ inputs: [5.1, 3.5, 1.4, 0.2], labels: true });
const label: 'setosa' | 'versicolor' | 'virginica' | undefined = labels?.[0];
const flower = await models.flowers.getModel();
const { prediction } = await models.flowers.predict({ inputs: [[6.7, 3.0, 5.2, 2.3]] });
const line = await models['a model, 模型'].getModel();
const text = await models['__proto__'].getModel();
console.log(JSON.stringify([label, flower.name, flower.version, prediction, line.name, text.name, Object.keys(models).length]));
`;
    expect(compile(project, use)).toBe('');
    const expected = ['setosa', 'flowers', '2', [2], 'a model, 模型', '__proto__', 5];
    const { stdout, stderr } = await runNode(path.join(project, 'dist/use.js'));
    expect([JSON.parse(stdout), stderr]).toEqual([expected, '']);

    // Without a compiler: Node strips the types.
    writeFileSync(path.join(project, 'use.ts'), use.replace('/index.js', '/index.ts'));
    const stripped = await runNode(path.join(project, 'use.ts'));
    expect([JSON.parse(stripped.stdout), stripped.stderr]).toEqual([expected, '']);

    const refused = (call: string) =>
      compile(
        project,
        `import { createModels } from './${out}/index.js';\nawait createModels()${call};\n`,
      );
    for (const call of [
      '.iris.predict({ inputs: [5.1, 3.5, 1.4] })',
      "['two-inputs'].predict({ inputs: [5.1, 3.5, 1.4, 0.2] })",
      '.none.predict({ inputs: [5.1, 3.5, 1.4, 0.2] })',
    ])
      expect(refused(call)).toMatch(/use\.ts\(2,\d+\): error TS/);
  });

  it('has each client notice when its own model is another one', async () => {
    const first = await serve(modelsDir({ iris: v1, other: v1 }));
    const out = newOut();
    await generateAll(first.url, out);
    const errors = compile(
      project,
      `import { createModels } from './${out}/index.js';
const changed: string[] = [];
const models = createModels({ onContractChange: ({ model, version }) => changed.push(\`\${model} \${version}\`) });
for (const { predict } of [models.iris, models.other]) await predict({ inputs: [5.1, 3.5, 1.4, 0.2] });
console.log(changed.join());
`,
    );
    expect(errors).toBe('');
    const changed = async (ML_API_URL: string) =>
      (await runNode(path.join(project, 'dist/use.js'), [], { env: { ML_API_URL } })).stdout;
    expect(await changed(first.url)).toBe('\n');
    const second = await serve(modelsDir({ iris: v1, other: v2 }));
    expect(await changed(second.url)).toBe('other v2\n');
    const third = await serve(modelsDir({ iris: v2, other: v2 }));
    expect(await changed(third.url)).toBe('iris v2,other v2\n');
  });

  it('does not compile when one folder was renewed alone, to another contract', async () => {
    const first = await serve(modelsDir({ iris: v1, other: v1 }));
    const out = newOut();
    await generateAll(first.url, out);
    const use = `import { createModels } from './${out}/index.js';\ncreateModels();\n`;
    expect(compile(project, use)).toBe('');
    const second = await serve(modelsDir({ iris: v1, other: v2 }));
    await generate(`${second.url}/models/other`, '--out', path.join(out, 'other'));
    expect(compile(project, use)).toMatch(/index\.ts\(\d+,\d+\): error TS1360/);
    await generateAll(second.url, out);
    expect(compile(project, use)).toBe('');
  });

  it('knows base paths, versions, API keys and the address that it was generated from', async () => {
    const { url } = await serve(modelsDir({ iris: v1, other: v1 }), {
      BASE_PATH: '/v7',
      API_KEYS_FILE: keysFile(),
    });
    const out = newOut();
    rmSync(path.join(project, out), { recursive: true });
    expect(await generateAll(`${url}/v7`, out)).toMatchObject({
      code: 3,
      stderr: `${url}/v7/v2/repository/index answered 401: the server requires an API key. Name a file that has one with --api-key-file.\n`,
    });
    writeFileSync(path.join(project, 'wrong-key'), 'wrong\n');
    expect(await generateAll(`${url}/v7`, out, '--api-key-file', 'wrong-key')).toMatchObject({
      code: 3,
      stderr: `${url}/v7/v2/repository/index answered 401: the server does not know the API key of --api-key-file.\n`,
    });
    writeFileSync(path.join(project, 'no-key'), '\n');
    expect(await generateAll(`${url}/v7`, out, '--api-key-file', 'no-key')).toMatchObject({
      code: 3,
      stderr: expect.stringMatching(/^--api-key-file: expected an API key in the first line/),
    });
    expect(existsSync(path.join(project, out))).toBe(false);
    expect(await generateAll(`${url}/v7`, out, '--api-key-file', keysFile())).toMatchObject({
      code: 0,
      stderr: '',
    });
    const errors = compile(
      project,
      `import { createModels } from './${out}/index.js';
const apiKey = 'second-key';
const options = [{ apiKey }, { apiKey, baseUrl: '${url}' }, { apiKey, baseUrl: '${url}/', version: 'v7' }];
for (const one of options) {
  const { prediction } = await createModels(one).other.predict({ inputs: [5.1, 3.5, 1.4, 0.2] });
  console.log(prediction[0]);
}
try {
  createModels({ baseUrl: 'ml.local' });
} catch (error) {
  console.log(String(error));
}
`,
    );
    expect(errors).toBe('');
    const { stdout } = await runNode(path.join(project, 'dist/use.js'));
    expect(stdout.split('\n')).toEqual([
      ...['0', '0', '0'],
      expect.stringContaining('expected a URL such as "http://localhost:5000", got "ml.local"'),
      '',
    ]);
  });

  it('takes a server of one model as one of several', async () => {
    const { url } = await start({ LOG_LEVEL: 'silent' });
    const out = newOut();
    expect((await generateAll(url, out)).stdout).toContain('createModels() for one model');
    expect(readdirSync(path.join(project, out)).toSorted()).toEqual(['index.ts', 'iris']);
  });
});

describe('a model that is UNAVAILABLE', () => {
  it('is told of and nothing is written, unless it is left out', async () => {
    const directory = modelsDir({ iris: v1, other: v1, 'half/1': v1 });
    for (const place of ['broken', 'half/2']) {
      mkdirSync(path.join(directory, place));
      writeFileSync(path.join(directory, place, 'model.onnx'), 'no model');
    }
    const { url } = await serve(directory);
    const out = newOut();
    const { code, stdout, stderr } = await generateAll(url, out);
    expect([code, stdout]).toEqual([3, '']);
    expect(stderr).toBe(`Nothing was written, since ${url} has models that are UNAVAILABLE:
  "broken": it cannot be loaded; the log says why.
Try again when they are READY, or leave them out with --skip NAME.
`);
    expect(treeOf(out)).toEqual({});
    const skipped = await generateAll(url, out, '--skip', 'broken', '--skip', 'other');
    expect(skipped.stdout).toContain('the client of half 1,');
    expect(readdirSync(path.join(project, out)).toSorted()).toEqual(['half', 'index.ts', 'iris']);
  });

  it.each([
    [['--all', '--skip', 'irs'], /^--skip: \S+ has no model "irs"; it has "iris"\.\n$/],
    [['--all', '--skip', 'iris'], /^--skip: leaves no model of /],
    [
      ['--skip', 'iris'],
      /^--skip is for --all\. Run ml-sdk generate --help to see how it is used\.$/m,
    ],
  ])('%j is refused', async (args, message) => {
    const { url } = await start({ LOG_LEVEL: 'silent' });
    const out = newOut();
    const { code, stderr } = await generate(url, '--out', out, ...args);
    expect(code).toBe(args.includes('--all') ? 3 : 2);
    expect(stderr).toMatch(message);
    expect(treeOf(out)).toEqual({});
  });
});

describe('what is in the folder already', () => {
  it('goes with its model where ml-sdk wrote it, and only that', async () => {
    const before = await serve(modelsDir({ iris: v1, old: v1, kept: v1, edited: v1 }));
    const out = newOut();
    const at = (...parts: string[]) => path.join(project, out, ...parts);
    await generateAll(before.url, out);
    writeFileSync(at('kept/notes.md'), 'mine');
    writeFileSync(at('edited/index.ts'), '// mine now\n');
    writeFileSync(at('mine.ts'), 'export {};\n');
    await generate(before.url, '--out', path.join(out, 'single'));
    const single = treeOf(path.join(out, 'single'));

    const after = await serve(modelsDir({ iris: v1, next: v1 }));
    const { code, stdout } = await generateAll(after.url, out);
    expect(code).toBe(0);
    for (const name of ['old', 'kept']) expect(stdout).toContain(`${out}/${name}: removed;`);
    expect(stdout).not.toContain('edited');
    expect(existsSync(at('old'))).toBe(false);
    expect(Object.keys(treeOf(out)).toSorted()).toEqual([
      'edited/index.ts',
      'edited/types.gen.ts',
      'index.ts',
      'iris/index.ts',
      'iris/types.gen.ts',
      'kept/notes.md',
      'mine.ts',
      'next/index.ts',
      'next/types.gen.ts',
      'single/index.ts',
      'single/types.gen.ts',
    ]);
    expect(treeOf(path.join(out, 'single'))).toEqual(single);
  });

  it.each([
    ['an index.ts', 'index.ts', 'index.ts was not written by ml-sdk generate --all'],
    ['a folder', 'other/mine.ts', 'other exists, and was not written by ml-sdk'],
    ['a folder with an index', 'iris/index.ts', 'iris exists, and was not written by ml-sdk'],
    ['a file', 'iris', 'iris exists, and was not written by ml-sdk'],
  ])('stays where it is of somebody else: %s', async (_what, file, words) => {
    const { url } = await serve(modelsDir({ iris: v1, other: v1 }));
    const out = newOut();
    mkdirSync(path.join(project, out, path.dirname(file)), { recursive: true });
    writeFileSync(path.join(project, out, file), 'mine');
    const { code, stdout, stderr } = await generateAll(url, out);
    expect([code, stdout]).toEqual([3, '']);
    expect(stderr).toMatch(`--out: ${out}/${words}`);
    expect(treeOf(out)).toEqual({ [file]: 'mine' });
  });

  it('is not written through a link', async () => {
    const { url } = await serve(modelsDir({ iris: v1, other: v1 }));
    const [out, elsewhere] = [newOut(), newOut()];
    symlinkSync(path.join(project, elsewhere), path.join(project, out, 'other'));
    expect(await generateAll(url, out)).toMatchObject({ code: 3 });
    expect([treeOf(out), treeOf(elsewhere)]).toEqual([{}, {}]);
  });

  it('nor is anything beside it touched, such as the folder that hey-api is told of', async () => {
    const { url } = await start({ LOG_LEVEL: 'silent' });
    const out = newOut();
    mkdirSync(path.join(project, out, 'types'));
    writeFileSync(path.join(project, out, 'types/mine.ts'), 'mine');
    const cwd = path.join(project, out);
    const program = path.join(project, 'node_modules/.bin/ml-sdk');
    const args = ['generate', '--all', '--from', url, '--out', 'models'];
    expect(await runNode(program, args, { cwd })).toMatchObject({ code: 0 });
    expect(treeOf(out)).toMatchObject({
      'types/mine.ts': 'mine',
      'models/index.ts': expect.any(String),
    });
    expect(readdirSync(cwd).toSorted()).toEqual(['models', 'types']);
  });

  it('may not be the client of one model, nor the other way round', async () => {
    const { url } = await start({ LOG_LEVEL: 'silent' });
    const [one, all] = [newOut(), newOut()];
    await generate(url, '--out', one);
    await generateAll(url, all);
    const before = [treeOf(one), treeOf(all)];
    expect((await generateAll(url, one)).stderr).toBe(
      `--out: ${one}/index.ts was not written by ml-sdk generate --all. Choose another folder.\n`,
    );
    expect((await generate(url, '--out', all)).stderr).toBe(
      `--out: ${all}/index.ts was written by ml-sdk generate --all. Choose another folder.\n`,
    );
    expect([treeOf(one), treeOf(all)]).toEqual(before);
  });

  it('is as it was when one of the models fails, or the disk', async () => {
    const { url } = await serve(modelsDir({ iris: v1, other: v1 }));
    const out = newOut();
    await generateAll(url, out);
    const before = treeOf(out);
    const next = await serve(modelsDir({ iris: v2, last: v2 }));
    const proxy = await serverBefore(next.url, (url, hash) =>
      url.includes('last') ? 'a'.repeat(64) : hash,
    );
    const failed = await generateAll(proxy.url, out);
    expect([failed.code, failed.stdout]).toEqual([3, '']);
    expect(failed.stderr).toContain('/models/last/openapi.json is not the contract that its');
    expect(treeOf(out)).toEqual(before);

    writeFileSync(path.join(project, out, 'file'), '');
    const full = await generateAll(next.url, path.join(out, 'file/models'));
    expect(full).toMatchObject({ code: 3, stdout: '' });
    expect(full.stderr).toMatch(/^--out: .*ENOTDIR.*\n$/);
    expect(treeOf(out)).toEqual({ ...before, file: '' });
  });
});

describe('all is written, or nothing', () => {
  it('below /proc, where no folder can be made', async () => {
    const { url } = await serve(modelsDir({ iris: v1 }));
    const { code, stderr } = await generateAll(url, '/proc/models/of-mine');
    expect(stderr).toMatch(/^--out: ENOENT: .+\/proc\/models'\. Nothing was written\.\n$/);
    expect(code).toBe(3);
  });

  it.each(['iris/types.gen.ts', 'other/types.gen.ts'])(
    'where a folder is in the place of %s',
    async (place) => {
      const first = await serve(modelsDir({ iris: v1, other: v1, gone: v1 }));
      const out = newOut();
      await generateAll(first.url, out);
      rmSync(path.join(project, out, place));
      mkdirSync(path.join(project, out, place));
      const before = treeOf(out);
      const next = await serve(modelsDir({ iris: v2, other: v2, fresh: v2 }));
      const { code, stdout, stderr } = await generateAll(next.url, out);
      expect([code, stdout]).toEqual([3, '']);
      expect(stderr).toBe(
        `--out: ${out}/${place} is a folder; expected a file, or nothing. Move it elsewhere. Nothing was written.\n`,
      );
      expect(treeOf(out)).toEqual(before);
      expect(readdirSync(path.join(project, out))).not.toContain('fresh');
    },
  );

  it('where a file is in the place of the folder', () => {
    const out = path.join(project, newOut());
    const file = path.join(out, 'package.json');
    writeFileSync(file, '{}');
    for (const folder of [file, path.join(file, 'ml')])
      expect(() => writeTogether(new Map([[path.join(folder, 'index.ts'), 'x']]))).toThrow(
        /^--out: .+ is a file, or lies in one; expected a folder, or nothing\. Nothing was written\.$/,
      );
    expect(readFileSync(file, 'utf8')).toBe('{}');
  });

  it('where it fails in the middle of taking the places', () => {
    const out = path.join(project, newOut());
    const files = new Map<string, string>();
    for (let i = 0; i < 50; i++) {
      const file = path.join(out, `file-${i}`);
      if (i % 2 === 0) writeFileSync(file, 'before');
      files.set(file, 'after');
    }
    files.set(path.join(out, 'new/folder/file'), 'after');
    const removed = ['one', 'two'].map((name) => path.join(out, name));
    for (const file of removed) writeFileSync(file, 'before');
    const before = treeOf(path.relative(project, out));
    const twice = new Map([...files, [`${out}/./file-7`, 'after']]); // the first of the two takes what both have written
    expect(() => writeTogether(twice, removed)).toThrow(/^--out: ENOENT.* Nothing was written\.$/);
    expect(treeOf(path.relative(project, out))).toEqual(before);
    expect(existsSync(path.join(out, 'new'))).toBe(false);
    writeTogether(files, removed);
    expect(new Set(Object.values(treeOf(path.relative(project, out))))).toEqual(new Set(['after']));
    expect(readdirSync(out)).toHaveLength(51);
  });

  // At the first file that appears, whatever the process does then, and at a moment at which it writes none.
  it.each(
    (['SIGINT', 'SIGTERM', 'SIGHUP'] as const).flatMap((signal) => [
      { signal, when: 'a contract is asked for' },
      { signal, when: 'a file is written' },
    ]),
  )('where $signal ends it while $when', async ({ signal, when }) => {
    const [first, second] = await Promise.all(
      [v1, v2].map((one) => serve(modelsDir({ iris: one, other: one }))),
    );
    const isWriting = when === 'a file is written';
    const out = newOut();
    await generateAll(first?.url ?? '', out);
    const before = treeOf(out);
    let asked = () => {};
    const proxy = await serverBefore(second?.url ?? '', (url, hash) => {
      if (url.includes('/other/')) asked();
      return hash;
    });
    const after = newOut();
    await generateAll(proxy.url, after);
    const TMPDIR = folder(project);
    const child = spawn(
      process.execPath,
      [
        path.join(project, 'node_modules/.bin/ml-sdk'),
        ...['generate', '--all', '--from', proxy.url, '--out', out],
      ],
      { cwd: project, env: { ...process.env, TMPDIR }, stdio: 'ignore' },
    );
    const ended = once(child, 'exit');
    const moment = new Promise<void>((resolve) => {
      if (!isWriting) asked = resolve;
      else {
        const watcher = watch(path.join(project, out, 'iris'), () => resolve());
        onTestFinished(() => watcher.close());
      }
    });
    await Promise.race([moment, ended]);
    child.kill(signal);
    const [code, by] = await ended;
    // All may have been written before the signal came.
    expect(isWriting && code === 0 ? signal : by).toBe(signal);
    expect(treeOf(out)).toEqual(isWriting ? treeOf(after) : before);
    expect(readdirSync(TMPDIR)).toEqual([]);
  });
});

describe('of a server that means harm', () => {
  const attack = 'globalThis.attacked = true';
  const hostile = [
    '../../escaped',
    '/etc/escaped',
    '..\\escaped',
    'a/../../b',
    '%2e%2e',
    `"]: 1 }; ${attack}; ({ ["`,
    `'; ${attack}; '`,
    `*/ ${attack}; /*`,
    `\`\${${attack}}\``,
    `\u2028${attack}//`,
    `\u2029${attack}//`,
    '\u202eabc\u2066',
    'constructor',
    'then',
    'index',
    'index.ts',
    'index.js',
    'node_modules',
    '.git',
    'CON',
    'nul.txt',
    'class',
    'my-model.v2',
    'Case',
    'case',
    'cAsE',
    '-rf',
    'e\u0301',
    'é',
    '😀',
    'x'.repeat(255),
  ];

  /** A server with an index as it is given, and one contract for all that it names. */
  async function serving(index: unknown) {
    const { url: real } = await start({ LOG_LEVEL: 'silent' });
    const contract = await fetch(`${real}/openapi.json`).then((response) => response.json());
    const headers = { 'ML-Contract-Hash': contractHash(contract as OpenAPIObject) };
    return await faultyServer((req, res) =>
      req.url === '/v2/repository/index'
        ? json(res, 200, index)
        : json(res, 200, contract, headers),
    );
  }
  const ready = (name: unknown) => ({ name, version: '1', state: 'READY', reason: '' });

  it('names are names: nothing leaves the folder, nothing runs, and all can be called', async () => {
    const { url, requests } = await serving(hostile.map(ready));
    const out = newOut();
    const beside = () =>
      readdirSync(project)
        .filter((name) => name !== 'dist')
        .toSorted();
    writeFileSync(path.join(project, 'use.ts'), '');
    writeFileSync(path.join(project, 'tsconfig.json'), '');
    const before = beside();
    const { code, stdout, stderr } = await generateAll(url, out);
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    expect(stdout).not.toMatch(/(?!\n)[\p{Cc}\p{Cf}\u2028\u2029]/u);
    expect(beside()).toEqual(before);
    const asked = requests.map((request) => request.url).filter((one) => one.endsWith('.json'));
    expect(asked.toSorted()).toEqual(
      hostile.map((name) => `/models/${encodeURIComponent(name)}/openapi.json`).toSorted(),
    );
    const files = treeOf(out);
    expect(Object.keys(files)).toHaveLength(1 + 2 * hostile.length);
    for (const [file, text] of Object.entries(files)) {
      expect(file).toMatch(/^[\w.-]+(\/[\w.-]+)?$/);
      expect(text).not.toMatch(/(?!\n)[\p{Cc}\p{Cf}]/u);
    }
    for (const name of ['class', 'my-model.v2', 'constructor', 'index'])
      expect(files).toHaveProperty([`${name}/index.ts`]);
    const errors = compile(
      project,
      `import { createModels } from './${out}/index.js';
const models = createModels();
const named = [models.then, models.class, models.constructor, models['my-model.v2'], models['Case'], models.case];
console.log(JSON.stringify([Object.keys(models), named.map((one) => typeof one.predict), Reflect.get(globalThis, 'attacked') ?? 'not attacked']));
`,
    );
    expect(errors).toBe('');
    const used = await runNode(path.join(project, 'dist/use.js'));
    expect(JSON.parse(used.stdout)).toEqual([
      hostile.toSorted(),
      Array(6).fill('function'),
      'not attacked',
    ]);
  });

  it.each(
    [
      ['', '.', '..', 'a\nb', '\0', '\u001b[31m', '\ud800', 'x'.repeat(256)].map((name) => [name]),
    ].flat(),
  )('the name %j is refused, and nothing is written', async (name) => {
    const { url } = await serving([ready('iris'), ready(name)]);
    const out = newOut();
    const { code, stderr } = await generateAll(url, out);
    expect(code).toBe(3);
    expect(stderr).toMatch(
      /^The index of \S+ has a model with the name ".*", which cannot be part of a path\./,
    );
    expect(stderr).not.toMatch(/(?!\n)\p{Cc}/u);
    expect(treeOf(out)).toEqual({});
    const [, said = ''] = /with the name (".*"), which/.exec(stderr) ?? [];
    const skipped = await generateAll(url, out, `--skip=${JSON.parse(said)}`);
    expect(skipped).toMatchObject({ code: 0, stderr: '' });
    expect(readdirSync(path.join(project, out)).toSorted()).toEqual(['index.ts', 'iris']);
  });

  it('an index of 150,000 names is read in time, and told of in a few lines', async () => {
    const names = Array.from({ length: 150_000 }, (_, i) => `model-${i}`);
    const away = { state: 'UNAVAILABLE', reason: 'it was unloaded.' };
    const { url } = await serving(names.map((name) => ({ ...ready(name), ...away })));
    const missing = await generateAll(url, 'never');
    expect(missing.stderr).toContain('"model-0": it was unloaded.');
    expect(missing.stderr).toContain('\nand 149980 more\n');
    const unknown = await generateAll(url, 'never', '--skip', 'none');
    expect(unknown.stderr).toMatch(
      /has no model "none"; it has "model-0", .*, and 149980 more\.\n$/,
    );
    const { url: versions } = await serving(
      names.map((version) => ({ ...ready('iris'), version, ...away })),
    );
    expect((await generateAll(versions, 'never')).stderr).toContain('"iris": it was unloaded.');
  });

  it.each([
    [{}],
    [null],
    ['text'],
    [[1]],
    [[null]],
    [[{}]],
    [[{ name: 1, state: 'READY', reason: '' }]],
    [[ready(['iris'])]],
  ])('the index %j is refused', async (index) => {
    const { url } = await serving(index);
    expect(await generateAll(url, 'never')).toMatchObject({
      code: 3,
      stderr: `${url}/v2/repository/index is not an index of models: expected a list of names, versions and states. Is --from the address of an ml-api server?\n`,
    });
  });

  it('an index without models, and what is none, are told of in a sentence', async () => {
    const stderrOf = async (from: string) => (await generateAll(from, 'never')).stderr;
    const { url: empty } = await serving([]);
    expect(await stderrOf(empty)).toBe(`${empty} has no models, so nothing was written.\n`);
    const page = await faultyServer((_req, res) => res.end('<html>'));
    expect(await stderrOf(page.url)).toMatch(/ is not an index of models: /);
    const { url: draining } = await serving([{ ...ready('iris'), state: 'UNAVAILABLE' }]);
    expect(await stderrOf(draining)).toContain('"iris": the server accepts no calls.');
    const moved = await faultyServer((_req, res) =>
      res.writeHead(307, { Location: '/elsewhere' }).end(),
    );
    expect(await stderrOf(moved.url)).toContain('answered 307, a redirect to ');
    expect(existsSync(path.join(project, 'never'))).toBe(false);
  });

  it('a server without an index, an older one, and an address too deep are told of', async () => {
    const stderrOf = async (from: string) => (await generateAll(from, 'never')).stderr;
    const none = await faultyServer((_req, res) => json(res, 404, {}));
    expect(await stderrOf(none.url)).toBe(
      `${none.url}/v2/repository/index, the index of a server's models, answered 404. Is --from the address of an ml-api server? Without --all, its default model is generated.\n`,
    );
    const older = await faultyServer((req, res) =>
      req.method === 'POST' ? json(res, 200, [ready('iris')]) : json(res, 404, {}),
    );
    expect(await stderrOf(older.url)).toContain(
      `${older.url}/models/iris/openapi.json answered 404. Is --from the address of the server itself, without /models/NAME, and is the server ml-api 0.2.0 or newer?`,
    );
    const { url } = await serve(modelsDir({ iris: v1, other: testModel('two-inputs') }));
    expect(await stderrOf(`${url}/models/iris`)).toContain(
      `${url}/models/iris/models/iris/openapi.json answered 404: There is nothing at "/models/iris/models/iris/openapi.json". POST /predict predicts; GET /openapi.json lists all paths. Is --from the address of the server itself`,
    );
    expect(existsSync(path.join(project, 'never'))).toBe(false);
  });

  it('folders that an index claims to have written are removed only where they are of ml-sdk', async () => {
    const { url } = await start({ LOG_LEVEL: 'silent' });
    const out = newOut();
    await generateAll(url, out);
    const index = path.join(project, out, 'index.ts');
    const victim = newOut();
    await generate(url, '--out', victim);
    mkdirSync(path.join(project, out, 'mine'));
    cpSync(path.join(project, 'package.json'), path.join(project, out, 'mine/index.ts'));
    const claimed = ['iris', `../${path.basename(victim)}`, '..', '.', 'mine', 7, null];
    writeFileSync(
      index,
      readFileSync(index, 'utf8').replace(/Folders: .*/, `Folders: ${JSON.stringify(claimed)}`),
    );
    const before = treeOf(victim);
    const { code, stdout } = await generateAll(url, out);
    expect([code, stdout.includes('removed')]).toEqual([0, false]);
    expect(treeOf(victim)).toEqual(before);
    expect(existsSync(path.join(project, out, 'mine/index.ts'))).toBe(true);
  });
});

describe('folders', () => {
  it('of 150,000 names are found in time', () => {
    const names = Array.from({ length: 150_000 }, (_, i) => `${i % 2 ? 'm' : 'M'}odel-${i >> 1}`);
    expect(new Set(folderNames(names).values()).size).toBe(150_000);
  });

  it('have the names of models where every file system takes them', () => {
    expect([...folderNames(['iris', 'my-model.v2', 'ResNet50', '__proto__', '10'])]).toEqual(
      ['iris', 'my-model.v2', 'ResNet50', '__proto__', '10'].map((name) => [name, name]),
    );
    expect([...folderNames(['Iris', 'iris']).values()]).toEqual([
      expect.stringMatching(/^Iris-[0-9a-f]{8}$/),
      expect.stringMatching(/^iris-[0-9a-f]{8}$/),
    ]);
  });

  it('that would be one all the same are refused', () => {
    const [withHash = ''] = folderNames(['a b']).values();
    expect(() => folderNames(['a b', withHash])).toThrow(
      `The models "a b" and "${withHash}" would have one folder, ${withHash}.`,
    );
  });

  it('of any names can be made, and differ by more than case', () => {
    const name = fc.oneof(
      fc.string({ minLength: 1, unit: 'binary' }),
      fc.string({ minLength: 1, maxLength: 3, unit: fc.constantFrom(...'aA.-_/ é') }),
    );
    fc.assert(
      fc.property(fc.uniqueArray(name), (names) => {
        const folders = [...folderNames(names).values()];
        for (const one of folders) expect(isFolderName(one), one).toBe(true);
        expect(new Set(folders.map((one) => one.toLowerCase())).size).toBe(names.length);
      }),
    );
  });
});
