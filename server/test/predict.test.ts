// POST /predict with the iris models: the answers, and that they are those of scikit-learn.
import { readFileSync } from 'node:fs';
import { request } from 'node:http';
import { text } from 'node:stream/consumers';
import { describe, expect, it } from 'vitest';
import type { Golden } from '../src/model/golden.ts';
import { start } from './start.ts';

const modelDirectory = (version: string) =>
  new URL(`../../model/${version}`, import.meta.url).pathname;
const goldenOf = (version: string): Golden & { inputs: number[][] } =>
  JSON.parse(readFileSync(`${modelDirectory(version)}/golden.json`, 'utf8'));

it.each(['/predict', '/v2/models/iris/infer'])(
  '%s reads a large body that comes in pieces of any size',
  async (path) => {
    const { url } = await start();
    const { inputs, prediction } = goldenOf('v1');
    const pad = ' '.repeat(100_000); // more than one read of a socket gives
    const tensor = { name: 'inputs', datatype: 'FP32', shape: [150, 4], data: inputs.flat() };
    const asked = path === '/predict' ? { inputs } : { inputs: [tensor] };
    const body = `${pad}${JSON.stringify(asked)}${pad}`;
    const answered = await new Promise<string>((resolve, reject) => {
      const headers = { 'Content-Type': 'application/json', 'Content-Length': body.length };
      const sent = request(url + path, { method: 'POST', headers }, (response) =>
        text(response).then(resolve, reject),
      );
      sent.once('error', reject);
      const pieces = [1, 70_000, 30_000, 2_000, body.length]; // the last: all that is left
      let at = 0;
      const sendNext = () => {
        const piece = body.slice(at, at + (pieces.shift() ?? 0));
        at += piece.length;
        if (at === body.length) sent.end(piece);
        else sent.write(piece, () => setTimeout(sendNext, 5));
      };
      sendNext();
    });
    const parsed = JSON.parse(answered);
    expect(parsed.prediction ?? parsed.outputs[0].data).toEqual(prediction);
  },
);

describe('one row', () => {
  it('answers exactly the prediction', async () => {
    const { http } = await start();
    const response = await http
      .post('/predict')
      .set('Content-Type', 'application/json')
      .send('{"inputs":[5.1,3.5,1.4,0.2]}')
      .expect(200);
    expect(response.text).toBe('{"prediction":[0]}');
  });

  it('answers labels, probabilities and outputs when asked', async () => {
    const { predict } = await start();
    const { body } = await predict({
      inputs: [6.7, 3.0, 5.2, 2.3],
      labels: true,
      probabilities: true,
      outputs: true,
    });
    expect(body.prediction).toEqual([2]);
    expect(body.labels).toEqual(['virginica']);
    expect(body.probabilities).toHaveLength(1);
    expect(body.outputs).toEqual({ label: [2], probabilities: body.probabilities });
  });

  it('says who answered', async () => {
    const { predict, http } = await start({ MODEL_VERSION: 'v7' });
    const { headers } = await predict({ inputs: [5.1, 3.5, 1.4, 0.2] }).set(
      'X-Request-Id',
      'mine-1',
    );
    expect(headers).toMatchObject({
      'x-request-id': 'mine-1',
      'ml-model-name': 'iris',
      'ml-model-version': 'v7',
      'content-type': 'application/json; charset=utf-8',
    });
    expect(headers['server-timing']).toMatch(/^queue;dur=[\d.]+, inference;dur=[\d.]+$/);
    expect(headers['ml-contract-hash']).toBe((await http.get('/model')).body.contractHash);
  });

  it('takes the id of a trace when there is no request id, and makes one of its own otherwise', async () => {
    const { predict } = await start();
    const trace = '4bf92f3577b34da6a3ce929d0e0e4736';
    const traced = await predict({ inputs: [1, 2, 3, 4] }).set(
      'traceparent',
      `00-${trace}-00f067aa0ba902b7-01`,
    );
    expect(traced.headers['x-request-id']).toBe(trace);
    const forged = await predict({ inputs: [1, 2, 3, 4] }).set('X-Request-Id', 'a b"c');
    expect(forged.headers['x-request-id']).toMatch(/^[0-9a-f-]{36}$/);
  });
});

describe.each(['v1', 'v2'])('iris %s', (version) => {
  it('agrees with scikit-learn on all 150 flowers, one at a time', async () => {
    const golden = goldenOf(version);
    const { url } = await start({ MODEL_DIR: modelDirectory(version) });
    const predictions: unknown[] = [];
    const labels: unknown[] = [];
    for (const [i, row] of golden.inputs.entries()) {
      const body = await post(url, { inputs: row, labels: true, probabilities: true });
      predictions.push(...body.prediction);
      labels.push(...body.labels);
      expectClose(body.probabilities[0] ?? [], golden.probabilities?.[i] ?? [], golden.tolerance);
    }
    expect(predictions).toHaveLength(150);
    expect(predictions).toEqual(golden.prediction);
    expect(labels).toEqual(golden.labels);
  });

  it('agrees with scikit-learn on all 150 flowers as one batch', async () => {
    const golden = goldenOf(version);
    const { predict } = await start({ MODEL_DIR: modelDirectory(version) });
    const { body } = await predict({ inputs: golden.inputs, labels: true });
    expect(body).toEqual({ prediction: golden.prediction, labels: golden.labels });
  });

  it('answers bit for bit the same when requests are batched under concurrency', async () => {
    const golden = goldenOf(version);
    const env = { MODEL_DIR: modelDirectory(version), LOG_LEVEL: 'warn' };
    const alone = await start({ ...env, BATCHING: 'off' });
    const together = await start({ ...env, BATCHING: 'auto' });
    expect(together.served.serving.batching).toBe(true);
    const ask = (url: string) => (row: number[]) =>
      post(url, { inputs: row, probabilities: true, outputs: true });
    const expected = [];
    for (const row of golden.inputs) expected.push(await ask(alone.url)(row));
    // Ten times all at once: every answer must be the right one for its request.
    const rounds = await Promise.all(
      Array.from({ length: 10 }, () => Promise.all(golden.inputs.map(ask(together.url)))),
    );
    for (const round of rounds) expect(round).toEqual(expected);
    const metrics = await (await fetch(`${together.url}/metrics`)).text();
    expect(sample(metrics, 'ml_api_batch_rows_count')).toBeLessThan(1500); // some runs had several rows
    expect(sample(metrics, 'ml_api_batch_rows_sum')).toBe(1500);
  });
});

interface Answer {
  readonly prediction: unknown[];
  readonly labels: unknown[];
  readonly probabilities: number[][];
}

async function post(url: string, body: unknown): Promise<Answer> {
  const response = await fetch(`${url}/predict`, {
    method: 'POST',
    headers: { 'Content-Type': 'application/json' },
    body: JSON.stringify(body),
  });
  expect(response.status).toBe(200);
  const answer: Answer = JSON.parse(await response.text());
  return answer;
}

function expectClose(actual: number[], expected: readonly number[], tolerance = 0): void {
  expect(actual).toHaveLength(expected.length);
  for (const [i, value] of expected.entries())
    expect(Math.abs((actual[i] ?? Number.NaN) - value)).toBeLessThanOrEqual(tolerance);
}

function sample(metrics: string, name: string): number {
  return Number(new RegExp(`^${name}\\{[^}]*\\} (\\S+)$`, 'm').exec(metrics)?.[1]);
}
