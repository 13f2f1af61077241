// Models that load, and yet need care: what they cannot say is refused or failed, never answered wrongly.
import { expect, it } from 'vitest';
import { infer, model } from './open-inference.ts';
import { start, testModel } from './start.ts';

it('a score that is NaN is the model’s failure, by every protocol', async () => {
  const server = await model('normalised-scores');
  expect((await server.predict({ inputs: [1, 3] })).body).toEqual({ prediction: [1] });
  const { status, body } = await server.predict({ inputs: [0, 0] });
  expect(status).toBe(500);
  expect(body.detail).toBe(
    'The model\'s output "scores" has a score that is NaN, so that no class is the largest.',
  );
  const tensor = { name: 'x', datatype: 'FP32', shape: [1, 2], data: [0, 0] };
  const response = await infer(server, { inputs: [tensor] }, '/v2/models/normalised-scores/infer');
  expect(response.status).toBe(500);
});

it('a row of NaN scores fails alone in a batch of requests', async () => {
  const server = await model('normalised-scores');
  const rows = Array.from({ length: 40 }, (_, i) => (i % 4 === 0 ? [0, 0] : [1, 1 + (i % 3)]));
  const responses = await Promise.all(rows.map((inputs) => server.predict({ inputs })));
  for (const [i, { status, body }] of responses.entries())
    if (i % 4 === 0) expect(status).toBe(500);
    else expect(body).toEqual({ prediction: [i % 3 === 0 ? 0 : 1] });
});

it('sizes called "?" may all differ', async () => {
  const server = await model('unnamed-sizes');
  const image = (height: number, width: number) =>
    Array.from({ length: 3 }, (_, channel) =>
      Array.from({ length: height }, () => Array(width).fill(channel)),
    );
  for (const [height, width] of [
    [48, 192],
    [192, 48],
    [1, 1],
  ] as const)
    expect((await server.predict({ inputs: image(height, width) })).body).toEqual({
      prediction: [[0, 1, 2]],
    });
  const both = await server.predict({ inputs: [image(2, 3), image(2, 3)] });
  expect(both.body.prediction).toHaveLength(2);
});

it('a regression of several numbers per row does not start', async () => {
  await expect(start({ MODEL_DIR: testModel('three-per-row') })).rejects.toThrow(
    /"task" says "regression", but its output "y" has the shape \["batch",3\], which is more than one element per row; use the task "tensor"/,
  );
});

it('a regression that gives several numbers per row all the same is the model’s failure', async () => {
  const server = await model('some-per-row');
  expect((await server.predict({ inputs: [[1], [2]] })).body).toEqual({ prediction: [1, 2] });
  const { status } = await server.predict({
    inputs: [
      [1, 2, 3],
      [4, 5, 6],
    ],
  });
  expect(status).toBe(500);
});

it('classes beyond 2^53 keep all their digits, as predictions, labels and in the metrics', async () => {
  const server = await model('large-classes');
  const { text, status } = await server.predict({ inputs: [1], labels: true });
  expect(status).toBe(200);
  expect(text).toBe('{"prediction":[9007199254740993],"labels":["9007199254740993"]}');
  const metrics = await server.http.get('/metrics');
  expect(metrics.text).toContain('label="9007199254740993"');
});

it('names that every JavaScript object has are names as any other', async () => {
  const server = await model('inherited-names');
  const answered = await server.predict({
    inputs: { constructor: [3], toString: [1] },
    outputs: true,
  });
  expect(answered.body).toEqual({ prediction: [2], outputs: { hasOwnProperty: [[2]] } });
  const missing = await server.predict({ inputs: { constructor: [3] } });
  expect(missing.status).toBe(422);
  expect(missing.body.detail).toContain('missing field "toString"');
  const tensor = { name: 'constructor', datatype: 'FP32', shape: [1, 1], data: [3] };
  const response = await infer(server, { inputs: [tensor] }, '/v2/models/model/infer');
  expect(response.body.error).toBe('input "toString" is missing');
});

it('a tensor named __proto__ is refused at the start', async () => {
  await expect(start({ MODEL_DIR: testModel('proto-name') })).rejects.toThrow(
    /has a tensor named "__proto__", a name that onnxruntime-node cannot carry\. Rename it/,
  );
});

it('a name with a backslash is refused at the start where requests would have it as a key', async () => {
  await expect(start({ MODEL_DIR: testModel('backslash-name') })).rejects.toThrow(
    /has the input "a\\\\b"; with several inputs, a name with a backslash cannot be served/,
  );
});

it('sizes of one name may differ where ONNX Runtime runs with them, and are named where it does not', async () => {
  const server = await model('equal-sizes');
  const broadcast = await server.predict({ inputs: { a: [1, 2, 3], b: [1] } });
  expect(broadcast.body).toEqual({ prediction: [[2, 3, 4]] });
  const { status, body } = await server.predict({ inputs: { a: [1, 2, 3], b: [1, 2] } });
  expect(status).toBe(422);
  expect(body.errors).toEqual([
    { pointer: '/inputs/b', detail: 'expected 3 in dimension 1 (width) as in "a", got 2' },
  ]);
});
