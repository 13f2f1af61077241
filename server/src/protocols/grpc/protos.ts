// The .proto files, which are the contract: what services and methods there are, and how their messages are written.
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import protobuf from 'protobufjs';
import { describeFiles, type ProtoFile } from './descriptors.ts';

/** What is served, by the names under which one file imports another. */
const FILES = [
  'grpc_service.proto',
  'grpc/health/v1/health.proto',
  'grpc/reflection/v1/reflection.proto',
  'grpc/reflection/v1alpha/reflection.proto',
];

/**
 * Fields that hold messages, and are left as bytes, which is what messages in others are on the wire: tensors are read and
 * written once, straight from and to their memory, and a response in a stream is not written twice.
 */
const AS_BYTES = [
  ['inference.ModelInferResponse.InferOutputTensor', 'contents'],
  ['inference.ModelStreamInferResponse', 'infer_response'],
] as const;

export interface Method {
  /** As calls name it: `/package.Service/Method`. */
  readonly path: string;
  readonly streams: boolean;
  /** Whether the responses are many, and the request one. */
  readonly streamsResponses: boolean;
  readonly request: Codec;
  readonly response: Codec;
}

/** How messages of a type are read and written. */
export interface Codec {
  /** @throws Error for bytes that are no such message */
  decode<Message>(bytes: Uint8Array): Message;
  /** @param message its fields by the names of the .proto, enums as names or numbers; those left out have their defaults */
  encode(message: object): Buffer;
  /** The same without looking for what is to be converted, which costs as much again. */
  encodeAsIs(message: object): Buffer;
}

export interface Protos {
  readonly methods: readonly Method[];
  /** The services' full names. */
  readonly services: readonly string[];
  /** For reflection. */
  readonly files: readonly ProtoFile[];
}

/** @param folder where the files are */
export function readProtos(folder: URL): Protos {
  const root = new protobuf.Root();
  const directory = fileURLToPath(folder);
  root.resolvePath = (_from, name) => path.resolve(directory, name);
  root.loadSync(FILES, { keepCase: true }).resolveAll();
  const services = servicesIn(root);
  const files = describeFiles(root, directory);
  for (const [type, field] of AS_BYTES) {
    const known = root.lookupType(type).fields[field];
    if (known === undefined) throw new Error(`the .proto files have no field ${type}.${field}`);
    Object.assign(known, { type: 'bytes', resolvedType: null });
  }
  return {
    services: services.map(nameOf),
    files,
    methods: services.flatMap((service) =>
      service.methodsArray.map((method) => ({
        path: `/${nameOf(service)}/${method.name}`,
        streams: method.requestStream === true,
        streamsResponses: method.requestStream !== true && method.responseStream === true,
        request: codecOf(root.lookupType(method.resolvedRequestType?.fullName ?? '')),
        response: codecOf(root.lookupType(method.resolvedResponseType?.fullName ?? '')),
      })),
    ),
  };
}

function servicesIn(namespace: protobuf.NamespaceBase): protobuf.Service[] {
  return namespace.nestedArray.flatMap((nested) => {
    if (nested instanceof protobuf.Service) return nested;
    return nested instanceof protobuf.Namespace ? servicesIn(nested) : [];
  });
}

function nameOf({ fullName }: protobuf.ReflectionObject): string {
  return fullName.slice(1); // it begins with a dot
}

function codecOf(type: protobuf.Type): Codec {
  const encodeAsIs = (message: object) => {
    const bytes = type.encode(message).finish();
    return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  };
  return {
    decode<Message>(bytes: Uint8Array): Message {
      const message: unknown = type.decode(bytes);
      return message as Message; // the fields of the .proto, as whoever asks for it says them
    },
    encode: (message) => encodeAsIs(type.fromObject(message)),
    encodeAsIs,
  };
}
