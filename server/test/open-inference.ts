// Requests of the Open Inference Protocol, for the tests of it.
import { readFileSync } from 'node:fs';
import { type Running, start, testModel } from './start.ts';

const root = new URL('../../', import.meta.url);
export const golden = JSON.parse(readFileSync(new URL('model/v1/golden.json', root), 'utf8'));
export const iris = () => start({ LOG_LEVEL: 'silent' });
export const model = (name: string, env: Readonly<Record<string, string>> = {}) =>
  start({ MODEL_DIR: testModel(name), LOG_LEVEL: 'silent', ...env });
export const row = { name: 'inputs', shape: [1, 4], datatype: 'FP32', data: [5.1, 3.5, 1.4, 0.2] };

/** JSON, binary tensors after it, and the header that tells them apart. */
export function binaryRequest(request: object, ...tensors: Buffer[]) {
  const json = Buffer.from(JSON.stringify(request));
  return { length: String(json.length), body: Buffer.concat([json, ...tensors]) };
}

export function postBytes(
  { http }: Running,
  path: string,
  body: Buffer,
  headers: Readonly<Record<string, string>> = {},
) {
  return http
    .post(path)
    .set({ 'Content-Type': 'application/octet-stream', ...headers })
    .responseType('blob') // bytes, whatever the type
    .send(body);
}

export const infer = ({ http }: Running, request: object, path = '/v2/models/iris/infer') =>
  http.post(path).send(request);

/** The JSON of a binary answer, and the tensors after it. */
export function parts(body: Buffer, headerLength: string | undefined) {
  const at = Number(headerLength);
  return { json: JSON.parse(body.toString('utf8', 0, at)), tensors: body.subarray(at) };
}

export const float32 = (...values: number[]) => Buffer.from(new Float32Array(values).buffer);
