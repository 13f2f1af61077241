// gRPC's server reflection, by which tools such as grpcurl know the services without a .proto file.
import { status } from '@grpc/grpc-js';
import { quote } from '../../util/quote.ts';
import type { Handlers } from './handlers.ts';
import type { Protos } from './protos.ts';

/** The message ServerReflectionRequest; what is not asked for is empty. */
interface ReflectionRequest {
  readonly message_request?:
    | 'file_by_filename'
    | 'file_containing_symbol'
    | 'file_containing_extension'
    | 'all_extension_numbers_of_type'
    | 'list_services';
  readonly file_by_filename: string;
  readonly file_containing_symbol: string;
  readonly all_extension_numbers_of_type: string;
}

export function reflectionHandlers({ files, services }: Protos): Handlers {
  const descriptors = (name: string | undefined): Uint8Array[] => {
    const file = files.find((one) => one.name === name);
    return file === undefined ? [] : [file.descriptor, ...file.imports.flatMap(descriptors)];
  };
  const answer = (request: ReflectionRequest): object => {
    switch (request.message_request) {
      case 'list_services':
        return { list_services_response: { service: services.map((name) => ({ name })) } };
      case 'file_by_filename':
        return found(request.file_by_filename, descriptors(request.file_by_filename));
      case 'file_containing_symbol': {
        const symbol = request.file_containing_symbol;
        const file = files.find(({ symbols }) => symbols.has(symbol));
        return found(symbol, descriptors(file?.name));
      }
      case 'all_extension_numbers_of_type': {
        const type = request.all_extension_numbers_of_type;
        if (!files.some(({ symbols }) => symbols.has(type))) return notFound(type);
        return { all_extension_numbers_response: { base_type_name: type } };
      }
      default:
        return notFound('an extension'); // there are none
    }
  };
  return Object.fromEntries(
    ['v1', 'v1alpha'].map((version) => [
      `/grpc.reflection.${version}.ServerReflection/ServerReflectionInfo`,
      {
        kind: 'stream',
        isOpen: true,
        isProbe: false,
        handle(request, { method }) {
          const asked = method.request.decode<ReflectionRequest>(request);
          return method.response.encode({ original_request: asked, ...answer(asked) });
        },
      },
    ]),
  );
}

function found(what: string, files: readonly Uint8Array[]): object {
  if (files.length === 0) return notFound(what);
  return { file_descriptor_response: { file_descriptor_proto: files } };
}

function notFound(what: string): object {
  return {
    error_response: {
      error_code: status.NOT_FOUND,
      error_message: `There is nothing called ${quote(what)} here.`,
    },
  };
}
