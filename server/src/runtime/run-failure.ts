// Why a run failed, as it may be logged: which node, and why, without the values that it ran on. Inputs may be private.
import type { Signature } from './signature.ts';

/** Thrown for tensors that the model cannot run on. */
export class ModelRunError extends Error {
  override readonly name = 'ModelRunError';
}

/** What ONNX Runtime says of the node comes before this, and of the values after it. */
const STATUS = 'Status Message:';

/** Makes errors of ONNX Runtime fit to be logged. */
export function failureMasker({ inputs }: Signature): (error: unknown) => ModelRunError {
  // Among words, nothing tells an input's from the runtime's own.
  const hasText = inputs.some(({ datatype }) => datatype === 'string');
  return (error) => {
    const message = error instanceof Error ? error.message : String(error);
    const at = message.indexOf(STATUS);
    const node = at < 0 ? '' : message.slice(0, at + STATUS.length);
    const reason = message.slice(node.length);
    return new ModelRunError(node + (hasText ? ' …' : withoutValues(reason)));
  };
}

/** Texts in quotes and numbers become `…`. */
function withoutValues(text: string): string {
  return text
    .replaceAll(/"[^"]*"|'[^']*'/g, '…')
    .replaceAll(/(?<![A-Za-z_])[-+]?\d[\d.]*(?:[eE][-+]?\d+)?/g, '…');
}
