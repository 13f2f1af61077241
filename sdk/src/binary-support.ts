// Whether a server takes tensors in binary. An extension of the Open Inference Protocol: MLServer does not have it.
import { type CallConfig, through } from './call-config.ts';
import { NotFoundError } from './errors.ts';
import type { Client } from './generated/client/index.js';
import { getServerMetadata } from './generated/sdk.gen.js';

/** Asks the server at the first call, and remembers what it said. */
export function binarySupport(client: Client): (call: CallConfig) => Promise<boolean> {
  let known: boolean | undefined;
  return async (call) => {
    known ??= await hasBinary(client, call);
    return known;
  };
}

async function hasBinary(client: Client, call: CallConfig): Promise<boolean> {
  try {
    const { extensions } = await getServerMetadata(through(client, call));
    // OpenVINO's server has binary tensors and lists no extensions at all; it gets JSON.
    return Array.isArray(extensions) && extensions.includes('binary_tensor_data');
  } catch (error) {
    // A gateway may show the models alone. Then JSON, which every server of the protocol reads.
    if (error instanceof NotFoundError) return false;
    throw error;
  }
}
