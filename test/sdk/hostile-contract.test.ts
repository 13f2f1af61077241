// `ml-sdk generate` from servers that mean harm: nothing of a contract becomes code that runs.
import { existsSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import path from 'node:path';
import canonicalize from 'canonicalize';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { canonicalJson } from '../../sdk/src/cli/canonical-json.ts';
import { typesOf } from '../../sdk/src/cli/generate.ts';
import { faultyServer, json } from '../../sdk/test/faulty-server.ts';
import { contractHash } from '../../server/src/model/contract/canonical-hash.ts';
import { start } from '../../server/test/start.ts';
import { runNode } from '../run-program.ts';
import { compile, folder, install, packSdk, root } from './user-project.ts';

const project = folder(path.join(root, '.cache'));
beforeAll(() => install(project, packSdk(project)));
afterAll(() => rmSync(project, { recursive: true, force: true }));

const attack = 'globalThis.attacked = true';
const texts = [
  `*/ ${attack}; /*`,
  `**// ${attack}; /*/*`, // what is left of it once ends of comments are removed is one
  `***/// ${attack}; //*/*`,
  `/*/ ${attack}; /*`,
  `*\\/ ${attack}; /*`,
  ...['\n', '\r', '\r\n', '\u2028', '\u2029', '\u0085', '\0'].map((end) => `${end}${attack} //`),
  ...['\n', '\r', '\u2028'].map((end) => `*${end}/ ${attack} /*`),
  `\`; ${attack}; \``,
  `\${${attack}}`,
  `'; ${attack}; '`,
  `"; ${attack}; "`,
  `\\'; ${attack}; //`,
  '\\',
  `}; ${attack}; type X = {`,
  '__proto__',
  '\u001b[31mred',
  '\u009b31mred \u202e\u2066turned round\u2069 \u{e0041} \b\u007f',
];
const hash = 'a'.repeat(64);
/** The hash as a server of ml-api makes it. */
const hashOf = (contract: object) => contractHash(JSON.parse(JSON.stringify(contract)));
const index = path.join(project, 'ml/index.ts');

const generate = (from: string) =>
  runNode(
    path.join(project, 'node_modules/.bin/ml-sdk'),
    ['generate', '--from', from, '--out', 'ml'],
    { cwd: project },
  );

/** What the attack changes of a served contract. */
interface ServedContract {
  servers: object[];
  tags: object[];
  paths: Record<string, object>;
  components: {
    schemas: Record<string, object> & {
      Prediction: { properties: Record<string, object> & { labels: { items: object } } };
    };
  };
}

/** The contract of a real predictor with the texts wherever a contract has one, and in names. */
async function hostileContract(): Promise<object> {
  const { url } = await start({ LOG_LEVEL: 'silent' });
  const contract = await fetch(`${url}/openapi.json`).then((response) => response.json());
  const all = texts.join(' ');
  const schema = {
    type: 'object',
    title: all,
    description: all,
    properties: Object.fromEntries(
      texts.map((text) => [
        text,
        {
          ...{ type: 'string', title: text, description: text, enum: texts, default: text },
          ...{ format: text, pattern: text, examples: [text], deprecated: true },
        },
      ]),
    ),
    required: texts,
  };
  const spoil = (node: unknown): unknown => {
    if (Array.isArray(node)) return node.map(spoil);
    if (typeof node !== 'object' || node === null) return node;
    return Object.fromEntries(
      Object.entries(node).map(([key, value]) => [
        key,
        /^(description|summary|title)$/.test(key) && typeof value === 'string'
          ? `${value}${all}`
          : spoil(value),
      ]),
    );
  };
  const spoiled = spoil(contract) as ServedContract;
  spoiled.servers = texts.map((text) => ({ url: text, description: text }));
  spoiled.tags = texts.map((text) => ({ name: text, description: text }));
  Object.assign(spoiled.components.schemas.Prediction.properties, schema.properties);
  Object.assign(spoiled.components.schemas.Prediction.properties.labels.items, { enum: texts });
  for (const [i, text] of texts.entries()) {
    spoiled.components.schemas[text] = schema;
    spoiled.paths[`/${text}`] = {
      get: {
        ...{ operationId: `${text}${i}`, summary: text, description: text, tags: [text] },
        parameters: [
          { name: `X${text}`, in: 'header', description: text, schema: { const: text } },
        ],
        responses: { 200: { description: text, content: { [text]: { schema } } } },
      },
    };
  }
  return spoiled;
}

describe('of a hostile contract', () => {
  it('the client compiles, runs, and executes nothing of it', async () => {
    const contract = await hostileContract();
    const { url } = await faultyServer((_req, res) =>
      json(res, 200, contract, { 'ML-Contract-Hash': hashOf(contract) }),
    );
    const { code, stdout, stderr } = await generate(url);
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    // biome-ignore lint/suspicious/noControlCharactersInRegex: a terminal would obey them
    expect(stdout).toMatch(/^[^\u0000-\u001f\u2028\u2029]+\n$/);
    for (const file of ['index.ts', 'types.gen.ts'])
      expect(readFileSync(path.join(project, 'ml', file), 'utf8')).not.toMatch(
        /(?!\n)[\p{Cc}\p{Cf}]/u,
      );
    const errors = compile(
      project,
      `import * as client from './ml/index.js';
import * as types from './ml/types.gen.js';
const label: NonNullable<Awaited<ReturnType<typeof client.predict>>['labels']>[number] = "'; ${attack}; '";
console.log(JSON.stringify([client.contractHash, Object.keys(types), label.length, Reflect.get(globalThis, 'attacked') ?? 'not attacked']));
`,
    );
    expect(errors).toBe('');
    const used = await runNode(path.join(project, 'dist/use.js'));
    expect(JSON.parse(used.stdout)).toEqual([
      hashOf(contract),
      [],
      attack.length + 6,
      'not attacked',
    ]);
    for (const file of readdirSync(path.join(project, 'dist/ml')))
      expect(readFileSync(path.join(project, 'dist/ml', file), 'utf8')).not.toMatch(
        /^\s*globalThis\.attacked = true/m,
      );
  });

  it.each([`'; ${attack}; '`, 'a'.repeat(63), 'A'.repeat(64), `${hash} `.repeat(2), ''])(
    'the hash %j is refused, and nothing is written',
    async (wrong) => {
      rmSync(path.dirname(index), { recursive: true, force: true });
      const contract = { openapi: '3.1.1', info: { title: 'iris v1' }, paths: {} };
      const { url } = await faultyServer((_req, res) =>
        json(res, 200, contract, { 'ML-Contract-Hash': wrong }),
      );
      const { code, stderr } = await generate(url);
      expect(code).toBe(3);
      expect(stderr).toBe(
        `${url}/openapi.json came with a contract hash that is not of ml-api: expected 64 hex digits in the header ML-Contract-Hash, got ${JSON.stringify(wrong.trim().slice(0, 100))}. Is --from right?\n`,
      );
      expect(existsSync(index)).toBe(false);
    },
  );

  it('another document than its header names is refused, and nothing is written', async () => {
    rmSync(path.dirname(index), { recursive: true, force: true });
    const contract = { openapi: '3.1.1', info: { title: 'iris v1' }, paths: {} };
    const { url } = await faultyServer((_req, res) =>
      json(res, 200, contract, { 'ML-Contract-Hash': hash }),
    );
    const { code, stderr } = await generate(url);
    expect(code).toBe(3);
    expect(stderr).toContain(
      `${url}/openapi.json is not the contract that its header names: ML-Contract-Hash is ${hash}, and the hash of the document is ${hashOf(contract)}.`,
    );
    expect(existsSync(index)).toBe(false);
  });

  it('what is nested deeply is refused in a sentence', async () => {
    const deep = `${'['.repeat(100_000)}${']'.repeat(100_000)}`;
    const { url } = await faultyServer((_req, res) =>
      res
        .writeHead(200, { 'ML-Contract-Hash': hash })
        .end(`{"openapi":"3.1.1","info":{"title":"iris v1"},"paths":${deep}}`),
    );
    expect(await generate(url)).toEqual({
      code: 3,
      stdout: '',
      stderr: `${url}/openapi.json is not a contract of ml-api: nested more than 200 levels deep. Is --from right?\n`,
    });
  });

  it('what hey-api cannot take is told in a sentence', async () => {
    const parameters = [{ name: '__proto__', in: 'header', schema: { type: 'string' } }];
    const contract = {
      ...{ openapi: '3.1.1', info: { title: 'iris v1', version: '1' } },
      paths: { '/a': { get: { parameters, responses: { 200: { description: 'a' } } } } },
    };
    const { url } = await faultyServer((_req, res) =>
      json(res, 200, contract, { 'ML-Contract-Hash': hashOf(contract) }),
    );
    expect(await generate(url)).toMatchObject({
      code: 3,
      stderr: expect.stringMatching(/^hey-api cannot make types of the contract: .*\n$/),
    });
  });

  it('a reference to another document is refused, and not followed', async () => {
    const secret = await faultyServer((_req, res) => json(res, 200, { type: 'string' }));
    for (const $ref of [
      `${secret.url}/a.json`,
      '/etc/hostname',
      'file:///etc/hostname',
      'a.json',
    ]) {
      const contract = {
        ...{ openapi: '3.1.1', info: { title: 'iris v1', version: '1' } },
        paths: {},
        components: { schemas: { A: { $ref } } },
      };
      const { url } = await faultyServer((_req, res) =>
        json(res, 200, contract, { 'ML-Contract-Hash': hashOf(contract) }),
      );
      expect(await generate(url)).toMatchObject({
        code: 3,
        stderr: expect.stringContaining(`refers to another document, ${JSON.stringify($ref)}`),
      });
    }
    expect(secret.requests).toEqual([]);
  });
});

it('any JSON has the canonical form that servers hash', () => {
  fc.assert(
    fc.property(fc.jsonValue({ maxDepth: 4 }), (value) => {
      const parsed: unknown = JSON.parse(JSON.stringify(value));
      expect(canonicalJson(parsed)).toBe(canonicalize(parsed));
    }),
  );
});

it('what is not a type is not kept, whatever hey-api makes of a text', async () => {
  const contract = {
    ...{ openapi: '3.1.1', info: { title: 'a', version: '1' }, paths: {} },
    components: { schemas: { A: { type: 'string', description: `**// ${attack}; /*/*` } } },
  };
  await expect(typesOf(contract)).rejects.toThrow('something other than types');
});
