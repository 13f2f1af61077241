// What worker threads and those that start them say to each other.
import type { TensorData } from '../tensor/datatype.ts';
import type { Tensors } from '../tensor/tensor.ts';
import type { SessionOptions } from './session.ts';
import type { Signature } from './signature.ts';

export interface WorkerSetup {
  readonly modelFile: string;
  readonly options: SessionOptions;
}
/** What a worker is sent: tensors to run, or `close`. */
export type ToWorker = Tensors | 'close';
/** What it answers: first `ready` or `unusable`, then one `done` or `failed` a run, in order. */
export type FromWorker =
  | { readonly kind: 'ready'; readonly signature: Signature }
  | { readonly kind: 'unusable'; readonly name: string; readonly message: string }
  | { readonly kind: 'done'; readonly outputs: Tensors }
  | { readonly kind: 'failed'; readonly message: string };

/** The buffers of tensors, to hand over instead of copying. */
export function buffersOf(tensors: Tensors): ArrayBuffer[] {
  const buffers = new Set<ArrayBuffer>();
  for (const { data } of Object.values(tensors)) {
    const buffer = bufferOf(data);
    if (buffer !== undefined) buffers.add(buffer);
  }
  return [...buffers];
}

function bufferOf(data: TensorData): ArrayBuffer | undefined {
  // A view of a part of a buffer is copied instead: its buffer holds other rows too.
  if (Array.isArray(data) || data.byteLength !== data.buffer.byteLength) return undefined;
  return data.buffer instanceof ArrayBuffer ? data.buffer : undefined;
}
