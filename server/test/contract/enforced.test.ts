// The contract is what is enforced: a request that it forbids is refused, in a sentence that names the place, what was expected
// and what came; a request that it allows is not.
import { describe, expect, it } from 'vitest';
import type { Running } from '../start.ts';
import { type Changed, changes, validInference, validInputs } from './bodies.ts';
import { addressOf, type Operation, type Parameter, type Served, serve } from './served.ts';

/** The rules that no schema can say; the contract has them in words. */
const IN_WORDS = [
  /expected (1 element|[\d.e+]+ elements), got \d+/, // as the shape says
  /expected (1 element|\d+ elements) like the first of its siblings/,
  /expected (arrays nested no deeper than the shape|one element, got an array)/,
  /expected (1 row|\d+ rows) as in/,
  /expected \d+ in dimension \d+ \(\w+\) as in/,
  /expected \d+ bytes of binary data, and 0 are left in the body/,
  /expected at most \d+ rows/,
];

/** Where it is, what was expected, and what came instead. */
const SENTENCES = [
  /^(the body|\/\S.*): expected .+, got .+$/s,
  /^(the body|\/\S.*): missing field ".+"$/s,
  /^(the body|\/\S.*): unknown field ".+"; expected ".+"$/s,
  // The protocol's, which name the tensor.
  /^(input|output) ".*": expected .+, (got .+|and \d+ are left in the body)$/s,
  /^(input|output) ".*" is (missing|given twice)$/s,
  /^there is no (input|output) ".*"; the model (takes|gives) ".+"$/s,
  /^(input|output) ".*": (shared memory is not supported|the parameter ".+" is not supported); .+$/s,
  /^expected at most \d+ rows, got \d+: .+$/s,
];
/** What reads like a program's, or like no English. */
const CLUMSY =
  /undefined|\[object|expected ,|must (NOT|be|match)|\.,|expected [A-Z]\w* |\b1 (array|boolean|byte|element|input|integer|number|output|row|string)s\b/;

describe.each(Object.keys(validInputs))('of the model "%s"', (name) => {
  it('every change of a prediction is refused where the contract forbids it, and else is not', async () => {
    const served = await serve(name);
    const body = { inputs: validInputs[name], outputs: true };
    await compare(served, 'predict', body, 422);
  });

  it('every change of an inference is refused where the contract forbids it, and else is not', async () => {
    const served = await serve(name);
    const { body } = await served.server.http.get(`/v2/models/${served.server.served.model.name}`);
    await compare(served, 'infer', validInference(body), 400);
  });
});

async function compare(
  served: Served,
  operationId: string,
  valid: object,
  refused: number,
): Promise<void> {
  const { server } = served;
  const operation = operationOf(served, operationId);
  const url = server.url + addressOf(operation, server);
  const content: { schema?: object } = operation.requestBody?.content['application/json'] ?? {};
  const fits = served.check(content.schema ?? {});
  expect(fits(valid), JSON.stringify(fits.errors)).toBe(true);
  const wrong: string[] = [];
  let forbidden = 0;
  for (const { what, body } of [
    { what: 'unchanged', body: valid },
    ...changes(valid),
  ] satisfies Changed[]) {
    const text = JSON.stringify(body);
    const allowed = fits(JSON.parse(text));
    if (!allowed) forbidden++;
    const { status, said } = await post(url, text);
    const asExpected = allowed
      ? status === 200 || (status === refused && IN_WORDS.some((rule) => rule.test(said)))
      : status === refused;
    const readable =
      status === 200 || (SENTENCES.some((form) => form.test(said)) && !CLUMSY.test(said));
    if (asExpected && readable) continue;
    wrong.push(
      `${what}: ${allowed ? 'allowed' : `forbidden (${fits.errors?.at(-1)?.schemaPath})`}, got ${status} ${said}`,
    );
  }
  expect(forbidden).toBeGreaterThan(20);
  expect(wrong.slice(0, 30)).toEqual([]);
}

async function post(url: string, body: string): Promise<{ status: number; said: string }> {
  const headers = { 'Content-Type': 'application/json' };
  const response = await fetch(url, { method: 'POST', headers, body });
  const text = await response.text();
  if (response.ok) return { status: response.status, said: '' }; // in binary where the change asked for it
  const answer: { detail?: string; error?: string } = Object(JSON.parse(text));
  return { status: response.status, said: answer.detail ?? answer.error ?? '' };
}

/** Parameters of which any text is taken, and why: no value of theirs can be wrong. */
const TAKES_ANYTHING: Readonly<Record<string, string>> = {
  'X-Request-Id': 'one that cannot stand in a log line is replaced',
  traceparent: 'one that is not of W3C is ignored, as W3C asks',
  'ML-User': 'any text is a user',
  'ML-Version': 'ignored where versions share no traffic; where they do, see the test of statuses',
};

describe('every parameter', () => {
  it('is refused where its schema forbids it, or takes anything for a reason', async () => {
    const { server, operations, check } = await serve('');
    const seen = new Set<string>();
    for (const operation of operations)
      for (const parameter of operation.parameters ?? []) {
        seen.add(parameter.name);
        const fits = check(parameter.schema);
        const values = ['other', '-1', '1.5', 'x'.repeat(200), '☃'];
        const forbidden = values.filter((value) => !fits(typed(value, parameter)));
        expect(forbidden.length > 0, parameter.name).toBe(!(parameter.name in TAKES_ANYTHING));
        for (const value of values) {
          const { status, text } = await ask(server, operation, parameter, value);
          const place = `${operation.operationId}, ${parameter.name}: ${value}: ${status} ${text}`;
          expect(status === 200, place).toBe(!forbidden.includes(value));
          expect(operation.responses, place).toHaveProperty(String(status));
        }
      }
    for (const name of Object.keys(TAKES_ANYTHING)) expect(seen).toContain(name);
  });
});

function typed(value: string, { schema }: Parameter): unknown {
  return schema['type'] === 'integer' && value.trim() !== '' ? Number(value) : value;
}

async function ask(server: Running, operation: Operation, parameter: Parameter, value: string) {
  const inPath = parameter.in === 'path';
  const path = inPath
    ? addressOf(
        {
          ...operation,
          path: operation.path.replace(`{${parameter.name}}`, encodeURIComponent(value)),
        },
        server,
      )
    : addressOf(operation, server);
  const body =
    operation.operationId === 'predict'
      ? { inputs: validInputs[''] }
      : { inputs: [{ name: 'inputs', shape: [1, 4], datatype: 'FP32', data: [1, 2, 3, 4] }] };
  const headers: Record<string, string> = { 'Content-Type': 'application/json' };
  if (!inPath) headers[parameter.name] = Buffer.from(value).toString('latin1');
  const response = await fetch(server.url + path, {
    method: operation.method.toUpperCase(),
    headers,
    ...(operation.method === 'post' && { body: JSON.stringify(body) }),
  });
  return { status: response.status, text: await response.text() };
}

function operationOf({ operations }: Served, id: string): Operation {
  const found = operations.find(({ operationId }) => operationId === id);
  if (found === undefined) throw new Error(`no operation ${id}`);
  return found;
}
