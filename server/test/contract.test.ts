// The served contract: valid OpenAPI, specialised to the model, the same that is enforced and hashed.
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { Ajv2020 } from 'ajv/dist/2020.js';
import canonicalize from 'canonicalize';
import { describe, expect, it, vi } from 'vitest';
import { parse, stringify } from 'yaml';
import { everyDatatype, files, start, testModel } from './start.ts';

vi.mock('yaml', { spy: true });

describe('the served contract', () => {
  it('is written once, however often it is asked for', async () => {
    const { http } = await start({ LOG_LEVEL: 'silent' });
    vi.mocked(stringify).mockClear();
    for (let i = 0; i < 3; i++) await http.get('/openapi.yaml').expect(200);
    expect(stringify).toHaveBeenCalledTimes(1);
  });

  it('is the same document as JSON and as YAML, and has the hash that every answer carries', async () => {
    const { http, predict } = await start({ LOG_LEVEL: 'silent' });
    const json = await http.get('/openapi.json').expect('Content-Type', /^application\/json/);
    const yaml = await http.get('/openapi.yaml').expect('Content-Type', /^application\/yaml/);
    expect(parse(yaml.text ?? String(yaml.body))).toEqual(json.body);
    const { servers: _, ...contract } = json.body;
    const hash = createHash('sha256')
      .update(String(canonicalize(contract)))
      .digest('hex');
    expect((await predict({ inputs: [1, 2, 3, 4] })).headers['ml-contract-hash']).toBe(hash);
  });

  it('and the schema of model.json are valid by their own meta-schema', async () => {
    const { http } = await start({ LOG_LEVEL: 'silent' });
    const { body } = await http.get('/openapi.json');
    const { schema } = body.paths['/predict'].post.requestBody.content['application/json'];
    const ajv = new Ajv2020({ strictTypes: false });
    expect([ajv.validateSchema(schema), ajv.errors]).toEqual([true, null]);
    const manifest = JSON.parse(readFileSync(files.manifestSchema, 'utf8'));
    expect([ajv.validateSchema(manifest), ajv.errors]).toEqual([true, null]);
  });

  it('names the features, the exact shape, the labels and an example', async () => {
    const { http } = await start({ LOG_LEVEL: 'silent' });
    const { body } = await http.get('/openapi.json');
    const content = body.paths['/predict'].post.requestBody.content['application/json'];
    const [oneRow, batch] = content.schema.properties.inputs.anyOf;
    expect(oneRow).toMatchObject({
      minItems: 4,
      maxItems: 4,
      description: '4 numbers (sepal length, sepal width, petal length, petal width)',
    });
    expect(batch).toMatchObject({ minItems: 1, maxItems: 1024, items: oneRow });
    expect(content.examples.row.value).toEqual({ inputs: [5.1, 3.5, 1.4, 0.2] });
    const prediction = body.components.schemas.Prediction.properties;
    expect(prediction.labels.items.enum).toEqual(['setosa', 'versicolor', 'virginica']);
    expect(prediction.probabilities.items).toMatchObject({ minItems: 3, maxItems: 3 });
  });

  it('changes its hash with the model and not with the address', async () => {
    const hash = async (env: Record<string, string>) =>
      (await start({ LOG_LEVEL: 'silent', ...env })).served.contract.hash;
    const first = await hash({});
    expect(await hash({})).toBe(first);
    expect(await hash({ BASE_PATH: '/v1' })).toBe(first);
    expect(await hash({ MODEL_VERSION: 'v9' })).not.toBe(first);
    expect(await hash({ MAX_ROWS: '10' })).not.toBe(first);
  });

  it('has no option that the model cannot fulfil', async () => {
    const { predict } = await start({ MODEL_DIR: testModel('two-inputs'), LOG_LEVEL: 'silent' });
    const { body } = await predict({ inputs: { ids: [1], mask: [1] }, probabilities: true });
    expect(body.detail).toBe(
      'the body: unknown field "probabilities"; expected "inputs", "outputs"',
    );
  });

  it.each([
    '',
    'every-datatype',
    'one-image',
    'state-and-scalar',
    'two-inputs',
    'scores',
    'not-a-number',
  ])('describes the answers that are really given (%s)', async (name) => {
    const { http, predict, served } = await start({
      LOG_LEVEL: 'silent',
      ...(name && { MODEL_DIR: testModel(name) }),
    });
    const document = (await http.get('/openapi.json')).body;
    const ajv = new Ajv2020({ strict: false });
    ajv.addSchema(document, 'contract');
    const validate = ajv.compile({ $ref: 'contract#/components/schemas/Prediction' });
    const { task } = served.model;
    const more = task === 'classification' ? { labels: true, probabilities: true } : {};
    const { body, status } = await predict({ ...examples[name], outputs: true, ...more });
    expect(status).toBe(200);
    expect([validate(body), validate.errors]).toEqual([true, null]);

    const model = ajv.compile({ $ref: 'contract#/components/schemas/Model' });
    expect([model((await http.get('/model')).body), model.errors]).toEqual([true, null]);
    const problem = ajv.compile({ $ref: 'contract#/components/schemas/Problem' });
    expect([problem((await predict({})).body), problem.errors]).toEqual([true, null]);
  });
});

const examples: Record<string, { inputs: unknown }> = {
  '': { inputs: [5.1, 3.5, 1.4, 0.2] },
  'every-datatype': { inputs: everyDatatype() },
  'one-image': {
    inputs: [
      [
        [1, 2],
        [3, 4],
      ],
      [
        [1, 2],
        [3, 4],
      ],
      [
        [1, 2],
        [3, 4],
      ],
    ],
  },
  'state-and-scalar': { inputs: { state: [[[1, 2, 3]], [[1, 2, 3]]], rate: 2 } },
  'two-inputs': { inputs: { ids: [1, 2], mask: [1, 0] } },
  scores: { inputs: [1, 2, 3] },
  'not-a-number': { inputs: [1] },
};
