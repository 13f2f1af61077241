// A real client of gRPC, made of the same .proto files, for the tests.
import {
  Client,
  type ClientDuplexStream,
  type ClientReadableStream,
  credentials,
  Metadata,
  type ServiceError,
  type StatusObject,
  status,
} from '@grpc/grpc-js';
import protobuf from 'protobufjs';
import { onTestFinished } from 'vitest';
import { files, type Running, start, testModel } from '../start.ts';

const root = new protobuf.Root();
root.resolvePath = (_from, name) => new URL(name, files.protos).pathname;
root.loadSync(
  ['grpc_service.proto', 'grpc/health/v1/health.proto', 'grpc/reflection/v1/reflection.proto'],
  { keepCase: true },
);
export const messages = root;

/** A message as a plain object: int64 as text, bytes as Buffer, enums by name. */
// biome-ignore lint/suspicious/noExplicitAny: what a test expects of it is what it is
export type Plain = Record<string, any>;

export function encode(type: string, message: object): Buffer {
  const known = root.lookupType(type);
  return Buffer.from(known.encode(known.fromObject(message)).finish());
}

export function decode(type: string, bytes: Uint8Array): Plain {
  const known = root.lookupType(type);
  return known.toObject(known.decode(bytes), { longs: String, enums: String, defaults: true });
}

/** What came of a call. */
export interface Outcome {
  readonly response: Plain;
  readonly code: status;
  readonly details: string;
  /** What came before the response, and after it. */
  readonly initial: Metadata;
  readonly trailing: Metadata;
}

export interface CallOptions {
  readonly metadata?: Readonly<Record<string, string>>;
  readonly deadlineMs?: number;
  /** Bytes in the place of the message. */
  readonly bytes?: Buffer;
  /** Given the call, to cancel it. */
  readonly onCall?: (call: { cancel(): void }) => void;
}

const asIs = (bytes: Buffer) => bytes;
const INFERENCE = 'inference.GRPCInferenceService';

export class GrpcClient {
  readonly client: Client;

  constructor(port: number | undefined, options: object = {}) {
    this.client = new Client(`127.0.0.1:${port}`, credentials.createInsecure(), options);
    onTestFinished(() => this.client.close());
  }

  /** Calls a method with one response, whatever comes of it. */
  call(name: string, message: object = {}, options: CallOptions = {}): Promise<Outcome> {
    const [service, method] = name.includes('/') ? name.split('/') : [INFERENCE, name];
    const { requestType, responseType, path } = methodOf(service ?? '', method ?? '');
    const bytes = options.bytes ?? encode(requestType, message);
    return new Promise((resolve) => {
      let initial = new Metadata();
      const call = this.client.makeUnaryRequest(
        path,
        asIs,
        asIs,
        bytes,
        metadataOf(options),
        optionsOf(options),
        (error: ServiceError | null, response?: Buffer) => {
          // The status comes after the callback.
          call.once('status', ({ code, details, metadata: trailing }: StatusObject) =>
            resolve({
              response: response === undefined ? {} : decode(responseType, response),
              code,
              details,
              initial,
              trailing,
            }),
          );
          void error;
        },
      );
      call.once('metadata', (metadata) => {
        initial = metadata;
      });
      options.onCall?.(call);
    });
  }

  infer(message: object, options: CallOptions = {}): Promise<Outcome> {
    return this.call('ModelInfer', message, options);
  }

  stream(path: string, options: CallOptions = {}): ClientDuplexStream<Buffer, Buffer> {
    const stream = this.client.makeBidiStreamRequest(
      path,
      asIs,
      asIs,
      metadataOf(options),
      optionsOf(options),
    );
    stream.on('error', () => {}); // the status says it
    return stream;
  }

  watch(service: string): ClientReadableStream<Buffer> {
    const stream = this.client.makeServerStreamRequest(
      '/grpc.health.v1.Health/Watch',
      asIs,
      asIs,
      encode('grpc.health.v1.HealthCheckRequest', { service }),
    );
    stream.on('error', () => {});
    return stream;
  }
}

function methodOf(service: string, method: string) {
  const found = root.lookupService(service).methods[method];
  if (found === undefined) throw new Error(`no method ${method}`);
  found.resolve();
  return {
    path: `/${service}/${method}`,
    requestType: found.resolvedRequestType?.fullName ?? '',
    responseType: found.resolvedResponseType?.fullName ?? '',
  };
}

function metadataOf({ metadata: given = {} }: CallOptions): Metadata {
  const metadata = new Metadata();
  for (const [name, value] of Object.entries(given)) metadata.set(name, value);
  return metadata;
}

function optionsOf({ deadlineMs }: CallOptions) {
  return deadlineMs === undefined ? {} : { deadline: Date.now() + deadlineMs };
}

/** A predictor with gRPC, and a client of it. */
export async function startGrpc(
  env: Readonly<Record<string, string>> = {},
): Promise<Running & { readonly grpc: GrpcClient }> {
  const server = await start({ GRPC_PORT: '0', LOG_LEVEL: 'silent', ...env });
  return { ...server, grpc: new GrpcClient(server.grpcPort) };
}

export const startModel = (name: string, env: Readonly<Record<string, string>> = {}) =>
  startGrpc({ MODEL_DIR: testModel(name), ...env });

/** A request of iris with its elements in contents, and one with them raw. */
export const irisRow = {
  model_name: 'iris',
  inputs: [
    {
      name: 'inputs',
      datatype: 'FP32',
      shape: [1, 4],
      contents: { fp32_contents: [5.1, 3.5, 1.4, 0.2] },
    },
  ],
};
export const irisRaw = {
  model_name: 'iris',
  inputs: [{ name: 'inputs', datatype: 'FP32', shape: [1, 4] }],
  raw_input_contents: [floats(5.1, 3.5, 1.4, 0.2)],
};

export function floats(...values: number[]): Buffer {
  return Buffer.from(new Float32Array(values).buffer);
}

export { status };
