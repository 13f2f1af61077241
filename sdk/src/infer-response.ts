// The response to an inference by the Open Inference Protocol. What is not as its own datatypes and shapes say is refused: read
// anyhow, it would be other numbers.

import { decodeTensor } from './decode-tensor.ts';
import type { Inference } from './infer.ts';
import { HEADER_LENGTH } from './infer-request.ts';
import { hasLongInteger, parseKeepingDigits } from './long-integers.ts';
import { isObject } from './response-check.ts';
import { shown } from './shown.ts';
import type { Tensor } from './tensor.ts';
import { parseJson } from './transport.ts';

/** An object of JSON, of whose fields nothing is certain. */
type Fields = Readonly<Record<string, unknown>>;

/**
 * @param body JSON, and behind it the tensors in binary
 * @param headerLength the header that says where the JSON ends; null where there is nothing else
 * @throws Error whose message goes on after "whose"
 */
export function readInference(body: Uint8Array, headerLength: string | null): Inference {
  const jsonEnd = headerLength === null ? body.byteLength : lengthIn(headerLength, body.byteLength);
  const json = new TextDecoder().decode(body.subarray(0, jsonEnd));
  const response = parse(json);
  const outputs = outputsOf(response);
  const exact = exactOutputs(json, outputs);
  const tensors = new Map<string, Tensor>();
  let rest = body.subarray(jsonEnd);
  for (const [i, { name, datatype, shape, parameters, data }] of outputs.entries()) {
    if (typeof name !== 'string' || tensors.has(name))
      throw new Error(`two outputs have the same name: ${shown(name)}`);
    try {
      const size = isObject(parameters) ? parameters['binary_data_size'] : undefined;
      if (size === undefined) {
        const content = is64Bit(datatype) ? exact[i]?.['data'] : data;
        tensors.set(name, decodeTensor(datatype, shape, content));
      } else {
        const bytes = bytesOf(size, rest);
        tensors.set(name, decodeTensor(datatype, shape, bytes));
        rest = rest.subarray(bytes.byteLength);
      }
    } catch (error) {
      throw new Error(
        `output ${shown(name)} cannot be read: ${error instanceof Error ? error.message : error}`,
      );
    }
  }
  const { model_name, model_version, id } = response;
  if (typeof model_name !== 'string') throw new Error('model_name is not a string');
  return {
    model: model_name,
    modelVersion: typeof model_version === 'string' ? model_version : undefined,
    id: typeof id === 'string' ? id : undefined,
    outputs: Object.fromEntries(tensors),
  };
}

function lengthIn(header: string, longest: number): number {
  if (/^\d+$/.test(header) && Number(header) <= longest) return Number(header);
  throw new Error(
    `${HEADER_LENGTH} is ${shown(header)}: expected the length of its JSON, at most ${longest}`,
  );
}

function bytesOf(size: unknown, rest: Uint8Array): Uint8Array {
  if (typeof size === 'number' && Number.isInteger(size) && size >= 0 && size <= rest.byteLength)
    return rest.subarray(0, size);
  throw new RangeError(
    `its binary_data_size is ${shown(size)}, and ${rest.byteLength} bytes are left`,
  );
}

function parse(json: string): Fields {
  const body = parseJson(json);
  if (!isObject(body)) throw new Error('JSON is not an object');
  return body;
}

function outputsOf({ outputs }: Fields): readonly Fields[] {
  if (Array.isArray(outputs) && outputs.every(isObject)) return outputs;
  throw new Error('outputs are not a list of tensors');
}

/** The outputs with all digits of 64-bit integers: as text where a number would be rounded. */
function exactOutputs(json: string, outputs: readonly Fields[]): readonly Fields[] {
  const isRounded = outputs.some(({ datatype, data }) => is64Bit(datatype) && hasLongInteger(data));
  // Only then, since it takes a pass over the text.
  return isRounded ? outputsOf(parseKeepingDigits(json) as Fields) : outputs;
}

function is64Bit(datatype: unknown): boolean {
  return datatype === 'INT64' || datatype === 'UINT64';
}
