// Calls of the Open Inference Protocol over gRPC, from outside the cluster. The names of hosts are told, not looked up.
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import { Client, credentials, Metadata, type ServiceError, status } from '@grpc/grpc-js';
import { readProtos } from '../../server/src/protocols/grpc/protos.ts';

const protos = path.resolve(import.meta.dirname, '../../proto');
const { methods } = readProtos(pathToFileURL(`${protos}/`));
const SERVICE = '/inference.GRPCInferenceService/';

/** The message of a prediction of one flower by the model iris. */
const flower = {
  model_name: 'iris',
  inputs: [{ name: 'inputs', datatype: 'FP32', shape: [1, 4] }],
  raw_input_contents: [Buffer.from(new Float32Array([5.1, 3.5, 1.4, 0.2]).buffer)],
};

/** What came of a call. */
export type Outcome = {
  readonly code: keyof typeof status;
  /** Why it has failed; empty where it has not. */
  readonly details: string;
  /** The version that has answered; empty where none has. */
  readonly version: string;
  /** The class of the flower. */
  readonly label: number | undefined;
};

export type Options = { readonly metadata?: Readonly<Record<string, string>> };

/** A connection to a server, or to an Ingress controller by the name of a host. */
export class InferenceClient {
  private readonly client: Client;

  constructor(address: string, host?: string) {
    this.client = new Client(address, credentials.createInsecure(), {
      'grpc.enable_http_proxy': 0,
      'grpc.use_local_subchannel_pool': 1, // a connection of its own
      ...(host !== undefined && { 'grpc.default_authority': host }),
    });
  }

  /** Predicts a flower, and tells what came of it. */
  infer({ metadata = {} }: Options = {}): Promise<Outcome> {
    const { path, request, response } = methodOf('ModelInfer');
    return new Promise((resolve) => {
      this.client.makeUnaryRequest(
        path,
        request.encode,
        (bytes: Buffer) => response.decode<InferResponse>(bytes),
        flower,
        metadataOf(metadata),
        { deadline: Date.now() + 10_000 },
        (error: ServiceError | null, answer?: InferResponse) => resolve(outcomeOf(error, answer)),
      );
    });
  }

  /** Predicts as many flowers in one stream. @returns the versions that have answered, in order */
  stream(count: number): Promise<string[]> {
    const { path, request, response } = methodOf('ModelStreamInfer');
    const infer = methodOf('ModelInfer').response;
    return new Promise((resolve, reject) => {
      const versions: string[] = [];
      const stream = this.client.makeBidiStreamRequest(
        path,
        request.encode,
        (bytes: Buffer) => response.decode<{ infer_response: Buffer }>(bytes),
        { deadline: Date.now() + 10_000 },
      );
      stream.on('data', ({ infer_response: bytes }: { infer_response: Buffer }) => {
        versions.push(infer.decode<InferResponse>(bytes).model_version);
      });
      stream.on('error', reject);
      stream.on('end', () => resolve(versions));
      for (let i = 0; i < count; i++) stream.write(flower);
      stream.end();
    });
  }

  close(): void {
    this.client.close();
  }
}

type InferResponse = {
  readonly model_version: string;
  readonly outputs: readonly { readonly name: string }[];
  readonly raw_output_contents: readonly Uint8Array[];
};

function methodOf(name: string) {
  const method = methods.find(({ path }) => path === `${SERVICE}${name}`);
  if (method === undefined) throw new Error(`the .proto files have no ${name}`);
  return method;
}

function metadataOf(values: Readonly<Record<string, string>>): Metadata {
  const metadata = new Metadata();
  for (const [name, value] of Object.entries(values)) metadata.set(name, value);
  return metadata;
}

function outcomeOf(error: ServiceError | null, answer: InferResponse | undefined): Outcome {
  const code = status[error?.code ?? status.OK] as keyof typeof status;
  const at = answer?.outputs.findIndex(({ name }) => name === 'label') ?? -1;
  const bytes = answer?.raw_output_contents[at];
  return {
    code,
    details: error?.details ?? '',
    version: answer?.model_version ?? '',
    label: bytes === undefined ? undefined : Number(Buffer.from(bytes).readBigInt64LE()),
  };
}
