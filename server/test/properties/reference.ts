// What a request must be answered with: onnxruntime-node itself, given this one request's tensors and nothing else.
// Shares no code with the predictor's engine, on purpose.
import { InferenceSession, Tensor as OrtTensor } from 'onnxruntime-node';
import type { Tensor } from '../../src/tensor/tensor.ts';

/** Named tensors, in the order in which a request gives them. */
export type NamedTensors = ReadonlyMap<string, Tensor>;

export interface Reference {
  /** The names that the file declares, in order. */
  readonly inputNames: readonly string[];
  readonly outputNames: readonly string[];
  /** The outputs, or undefined when ONNX Runtime fails on these tensors. */
  run(feeds: NamedTensors): Promise<NamedTensors | undefined>;
  close(): Promise<void>;
}

/** @returns undefined when ONNX Runtime does not load the file */
export async function openReference(file: string): Promise<Reference | undefined> {
  process.env['ORT_DISABLE_TELEMETRY'] = '1';
  const session = await InferenceSession.create(file, {
    intraOpNumThreads: 1,
    logSeverityLevel: 4,
  }).catch(() => undefined);
  if (session === undefined) return undefined;
  return {
    inputNames: session.inputNames,
    outputNames: session.outputNames,
    async run(feeds) {
      const ortFeeds: Record<string, OrtTensor> = Object.create(null);
      for (const [name, tensor] of feeds) ortFeeds[name] = toOrt(tensor);
      try {
        const results = await session.run(ortFeeds, [...session.outputNames]);
        return new Map(session.outputNames.map((name) => [name, fromOrt(results[name], name)]));
      } catch {
        return undefined;
      }
    },
    close: () => session.release(),
  };
}

function toOrt({ datatype, data, dims }: Tensor): OrtTensor {
  if (Array.isArray(data)) return new OrtTensor('string', data, dims);
  const copy = data.slice(); // ONNX Runtime may keep the memory
  if (!(copy instanceof Float16Array)) return Reflect.construct(OrtTensor, [datatype, copy, dims]);
  // onnxruntime-node 1.30 takes float16 as its bits only.
  return Object.assign(new OrtTensor('uint16', new Uint16Array(copy.buffer), dims), {
    type: 'float16',
  });
}

function fromOrt(tensor: OrtTensor | undefined, name: string): Tensor {
  if (tensor === undefined) throw new Error(`ONNX Runtime gave no output ${JSON.stringify(name)}`);
  const { type, data, dims } = tensor;
  if (type === 'float16' && data instanceof Uint16Array)
    return {
      datatype: type,
      dims,
      data: new Float16Array(data.buffer, data.byteOffset, data.length),
    };
  if (type === 'uint4' || type === 'int4') throw new Error(`no model here has ${type}`);
  return { datatype: type, dims, data };
}
