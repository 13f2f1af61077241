// Good requests to the iris model, whose answers are known: those of its golden rows.
import { readFileSync } from 'node:fs';
import { gunzipSync, gzipSync } from 'node:zlib';
import { canaryNumber, canaryWord } from './canary.ts';
import { type Answered, type Kind, post, postBinary, type Received, readBinary } from './kind.ts';

interface Golden {
  readonly tolerance: number;
  readonly inputs: readonly (readonly number[])[];
  readonly prediction: readonly number[];
  readonly labels: readonly string[];
  readonly probabilities: readonly (readonly number[])[];
}

const golden: Golden = JSON.parse(
  readFileSync(new URL('../../../model/v1/golden.json', import.meta.url), 'utf8'),
);
const INFER = '/v2/models/iris/infer';

/** Some golden rows, beginning anywhere. */
interface Rows {
  readonly start: number;
  readonly count: number;
}
const anyRows = (most: number): Rows => ({
  start: Math.floor(Math.random() * golden.inputs.length),
  count: 1 + Math.floor(Math.random() * most),
});
function of<T>(all: readonly T[], { start, count }: Rows): T[] {
  return Array.from({ length: count }, (_, i) => {
    const one = all[(start + i) % all.length];
    if (one === undefined) throw new RangeError('the model has no golden rows');
    return one;
  });
}

/** A kind of exchange that asks for golden rows, and compares what comes with what is known. */
function asking(
  name: string,
  weight: number,
  most: number,
  send: (rows: Rows) => ReturnType<Answered['send']>,
  read: (received: Received) => {
    readonly prediction: readonly number[];
    readonly labels?: readonly string[];
    readonly probabilities?: readonly number[];
  },
): Answered {
  const asked = new WeakMap<object, Rows>();
  return {
    name,
    weight,
    status: 200,
    send() {
      const rows = anyRows(most);
      const sent = send(rows);
      asked.set(sent, rows);
      return sent;
    },
    check(received, sent) {
      const rows = asked.get(sent);
      if (rows === undefined) return 'it was not asked for';
      const { prediction, labels, probabilities } = read(received);
      if (String(prediction) !== String(of(golden.prediction, rows)))
        return `prediction [${prediction}]`;
      if (labels && String(labels) !== String(of(golden.labels, rows))) return `labels [${labels}]`;
      const expected = of(golden.probabilities, rows).flat();
      const isNear = (one: number, i: number) =>
        Math.abs(one - (expected[i] ?? Number.NaN)) <= golden.tolerance;
      if (
        probabilities &&
        !(probabilities.length === expected.length && probabilities.every(isNear))
      )
        return `probabilities [${probabilities}]`;
      return undefined;
    },
  };
}

const json = ({ body }: Received) => JSON.parse(body.toString());
const inputsOf = (rows: Rows) => of(golden.inputs, rows);
const tensorOf = (rows: Rows) => ({
  name: 'inputs',
  shape: [rows.count, 4],
  datatype: 'FP32',
});

interface Output {
  readonly name: string;
  readonly data: readonly number[];
}
function outputsOf(response: { outputs: readonly Output[] }) {
  const data = (name: string) => response.outputs.find((output) => output.name === name)?.data;
  return {
    prediction: data('label') ?? [],
    probabilities: data('probabilities') ?? [],
  };
}

const get = (name: string, path: string, weight = 1): Answered => ({
  name,
  weight,
  status: 200,
  send: () => ({ method: 'GET', path }),
});

export const irisTraffic: readonly Kind[] = [
  asking(
    'a row',
    20,
    1,
    (rows) => post('/predict', { inputs: inputsOf(rows)[0] }),
    (received) => json(received),
  ),
  asking(
    'a batch',
    10,
    40,
    (rows) => post('/predict', { inputs: inputsOf(rows), labels: true }),
    (received) => json(received),
  ),
  asking(
    'a large batch, in pieces, its response compressed',
    2,
    1024,
    (rows) =>
      post(
        '/predict',
        { inputs: inputsOf(rows), probabilities: true },
        { 'Accept-Encoding': 'gzip' },
      ),
    ({ headers, body }) => {
      const text = headers['content-encoding'] === 'gzip' ? gunzipSync(body) : body;
      const { prediction, probabilities } = JSON.parse(text.toString());
      return { prediction, probabilities: probabilities.flat() };
    },
  ),
  asking(
    'a body in gzip',
    4,
    40,
    (rows) =>
      post('/predict', gzipSync(JSON.stringify({ inputs: inputsOf(rows) })), {
        'Content-Encoding': 'gzip',
      }),
    (received) => json(received),
  ),
  asking(
    'a body in chunks',
    4,
    40,
    (rows) => ({ ...post('/predict', { inputs: inputsOf(rows) }), chunked: true }),
    (received) => json(received),
  ),
  asking(
    'Open Inference, flat',
    8,
    20,
    (rows) => post(INFER, { inputs: [{ ...tensorOf(rows), data: inputsOf(rows).flat() }] }),
    (received) => outputsOf(json(received)),
  ),
  asking(
    'Open Inference, nested',
    4,
    20,
    (rows) => post(INFER, { inputs: [{ ...tensorOf(rows), data: inputsOf(rows) }] }),
    (received) => outputsOf(json(received)),
  ),
  asking(
    'Open Inference, binary both ways',
    8,
    20,
    (rows) => {
      const bytes = Buffer.from(Float32Array.from(inputsOf(rows).flat()).buffer);
      const input = { ...tensorOf(rows), parameters: { binary_data_size: bytes.length } };
      return postBinary(
        INFER,
        { inputs: [input], parameters: { binary_data_output: true } },
        bytes,
      );
    },
    (received) => {
      const { json: head, bytes } = readBinary(received);
      let at = 0;
      const outputs = head.outputs.map(
        (output: {
          name: string;
          datatype: string;
          parameters: { binary_data_size: number };
        }): Output => {
          const part = Uint8Array.from(bytes.subarray(at, at + output.parameters.binary_data_size));
          at += output.parameters.binary_data_size;
          const data =
            output.datatype === 'INT64'
              ? Array.from(new BigInt64Array(part.buffer), Number)
              : [...new Float32Array(part.buffer)];
          return { name: output.name, data };
        },
      );
      return outputsOf({ outputs });
    },
  ),
  {
    name: 'a row with a number that must not be logged',
    weight: 4,
    status: 200,
    send: () =>
      post(
        `/predict?${canaryWord}`,
        { inputs: [canaryNumber, 1, 1, 1] },
        { 'User-Agent': canaryWord, Authorization: `Bearer ${canaryWord}`, Cookie: canaryWord },
      ),
  },
  get('/livez', '/livez', 4),
  get('/readyz', '/readyz', 4),
  get('/startupz', '/startupz'),
  get('/model', '/model'),
  get('/openapi.json', '/openapi.json'),
  get('/openapi.yaml', '/openapi.yaml'),
  get('/docs', '/docs'),
  get('Open Inference metadata', '/v2/models/iris'),
  get('Open Inference readiness', '/v2/health/ready'),
  get('Open Inference statistics', '/v2/models/iris/stats'),
];
