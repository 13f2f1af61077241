// One ONNX Runtime session: the only file that touches onnxruntime-node.
import { stat } from 'node:fs/promises';
import type { Tensor as OrtTensor, InferenceSession as Session } from 'onnxruntime-node';
import { isDatatype } from '../tensor/datatype.ts';
import { type Tensor, type Tensors, tensorsByName } from '../tensor/tensor.ts';
import { failureMasker } from './run-failure.ts';
import type { Signature, TensorSpec } from './signature.ts';
import { whyNotLoaded } from './why-not-loaded.ts';

export interface SessionOptions {
  readonly executionProviders: readonly string[];
  /** Threads within one run. */
  readonly intraOpThreads: number;
  /** Refuse a model that has outputs beside tensors, instead of leaving them out. */
  readonly refuseOtherOutputs?: boolean;
}

/** A loaded model that runs one set of tensors at a time and blocks its thread meanwhile. */
export interface ModelSession {
  readonly signature: Signature;
  run(feeds: Tensors): Promise<Tensors>;
  release(): Promise<void>;
}

/** Thrown when a file is not a model that can be served; the message says why in one sentence. */
export class ModelLoadError extends Error {
  override readonly name = 'ModelLoadError';
}

/** A pipe has no end: to read one would block the process for ever. @throws ModelLoadError for one, and for a folder */
export async function checkIsFile(modelFile: string): Promise<void> {
  if ((await stat(modelFile).catch(() => undefined))?.isFile() === false)
    throw new ModelLoadError(`${modelFile} cannot be loaded as an ONNX model: it is not a file.`);
}

/**
 * Loads an ONNX file.
 * @throws ModelLoadError when ONNX Runtime cannot read the file, or when an input is not a tensor
 */
export async function openSession(
  modelFile: string,
  options: SessionOptions,
): Promise<ModelSession> {
  const { InferenceSession, Tensor } = await import('onnxruntime-node');
  const session = await InferenceSession.create(modelFile, {
    executionProviders: [...options.executionProviders],
    intraOpNumThreads: options.intraOpThreads,
    interOpNumThreads: 1,
    logSeverityLevel: 4, // failures are thrown, and logged by us as JSON; fatal ones alone go to stderr
    // Idle pool threads spin by default, which would burn the CPU that a container is billed and throttled for.
    extra: { session: { intra_op: { allow_spinning: '0' } } },
  }).catch(async (cause: unknown) => {
    throw new ModelLoadError(
      `${modelFile} cannot be loaded as an ONNX model: ${await whyNotLoaded(modelFile, cause)}`,
      { cause },
    );
  });
  const signature = readSignature(session, modelFile, options);
  const failureOf = failureMasker(signature);
  const fetches = signature.outputs.map((output) => output.name);

  return {
    signature,
    async run(feeds) {
      const ortFeeds: Record<string, OrtTensor> = Object.create(null);
      for (const name in feeds) {
        const tensor = feeds[name];
        if (tensor) ortFeeds[name] = toOrt(Tensor, tensor);
      }
      const results = await session.run(ortFeeds, fetches).catch((error: unknown) => {
        throw failureOf(error);
      });
      const outputs = tensorsByName();
      for (const name of fetches) outputs[name] = fromOrt(results[name], name);
      return outputs;
    },
    release: () => session.release(),
  };
}

function toOrt(Constructor: typeof OrtTensor, tensor: Tensor): OrtTensor {
  if (tensor.data instanceof Float16Array) {
    // onnxruntime-node 1.30 passes a Float16Array on as an empty one: give it the same bits as uint16.
    const { buffer, byteOffset, length } = tensor.data;
    const bits = new Constructor(
      'uint16',
      new Uint16Array(buffer, byteOffset, length),
      tensor.dims,
    );
    return Object.assign(bits, { type: 'float16' });
  }
  // The constructor is overloaded by datatype; the datatype table guarantees that data and datatype match.
  return Reflect.construct(Constructor, [tensor.datatype, tensor.data, tensor.dims]);
}

function fromOrt(tensor: OrtTensor | undefined, name: string): Tensor {
  if (tensor === undefined) throw new Error(`the model gave no output ${JSON.stringify(name)}`);
  if (!isDatatype(tensor.type))
    throw new Error(`output ${JSON.stringify(name)} has the unsupported datatype ${tensor.type}`);
  return { datatype: tensor.type, dims: tensor.dims, data: float16Of(tensor) ?? tensor.data };
}

/** The elements of a float16 tensor, which comes as its bits. */
function float16Of({ type, data }: OrtTensor): Float16Array | undefined {
  if (type !== 'float16' || !(data instanceof Uint16Array)) return undefined;
  return new Float16Array(data.buffer, data.byteOffset, data.length);
}

/** Inputs and outputs as the file declares them. Outputs that are no tensors (sequences, maps) are left out. */
function readSignature(
  session: Session,
  modelFile: string,
  { refuseOtherOutputs }: SessionOptions,
): Signature {
  const inputs = session.inputMetadata.map((input) => {
    const spec = toSpec(input);
    if (spec === undefined)
      throw new ModelLoadError(
        `${modelFile} takes the input ${JSON.stringify(input.name)}, which is ${input.isTensor ? `a tensor of ${input.type}` : 'not a tensor'}; only tensors of numbers, booleans and strings can be served.`,
      );
    return spec;
  });
  const unnameable = [...session.inputMetadata, ...session.outputMetadata].find(
    ({ name }) => name === '__proto__',
  );
  if (unnameable !== undefined)
    throw new ModelLoadError(
      `${modelFile} has a tensor named "__proto__", a name that onnxruntime-node cannot carry. Rename it (onnx.compose.add_prefix renames them all).`,
    );
  const escaped = inputs.length > 1 ? inputs.find(({ name }) => name.includes('\\')) : undefined;
  if (escaped !== undefined)
    throw new ModelLoadError(
      `${modelFile} has the input ${JSON.stringify(escaped.name)}; with several inputs, a name with a backslash cannot be served, since requests have it as a key of JSON (see http/json.ts). Rename it (onnx.compose.add_prefix renames all).`,
    );
  const outputs = session.outputMetadata.flatMap((output) => toSpec(output) ?? []);
  if (outputs.length === 0)
    throw new ModelLoadError(
      `${modelFile} has no tensor output. Export it without ZipMap (skl2onnx: options={"zipmap": False}), so that the probabilities are a tensor.`,
    );
  const other = session.outputMetadata.find((output) => toSpec(output) === undefined);
  if (refuseOtherOutputs && other !== undefined)
    throw new ModelLoadError(
      `${modelFile} gives the output ${JSON.stringify(other.name)}, which is ${other.isTensor ? `a tensor of ${other.type}` : 'a sequence or a map'} and would be missing from every response. Export it without ZipMap (skl2onnx: options={"zipmap": False}; onnxmltools: zipmap=False), or cut the graph before it (onnx.utils.extract_model).`,
    );
  return { inputs, outputs };
}

function toSpec(value: Session.ValueMetadata): TensorSpec | undefined {
  if (!value.isTensor || !isDatatype(value.type)) return undefined;
  return { name: value.name, datatype: value.type, shape: value.shape };
}
