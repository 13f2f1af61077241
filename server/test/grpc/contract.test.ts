// The .proto files are what is served: every method is there, reflection tells of them, and what is written by hand agrees.
import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import protobuf from 'protobufjs';
import descriptor from 'protobufjs/ext/descriptor/index.js';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { contentsFields } from '../../src/protocols/grpc/contents.ts';
import { inferenceHandlers } from '../../src/protocols/grpc/inference.ts';
import { readProtos } from '../../src/protocols/grpc/protos.ts';
import { openRequest } from '../../src/protocols/grpc/request.ts';
import { files } from '../start.ts';
import { decode, encode, messages, type Plain, startGrpc, status } from './client.ts';

const protos = readProtos(files.protos);
const SERVICE = 'inference.GRPCInferenceService';
const REFLECTION = '/grpc.reflection.v1.ServerReflection/ServerReflectionInfo';

describe('every method of the .proto files', () => {
  it('is answered, and not as unknown', async () => {
    const { grpc } = await startGrpc();
    const unary = protos.methods.filter((one) => !one.streams && !one.streamsResponses);
    expect(unary.length).toBeGreaterThan(10);
    for (const { path } of unary) {
      const { code, details } = await grpc.call(path.slice(1));
      if (path.includes('RepositoryModel')) expect(code).toBe(status.UNIMPLEMENTED);
      else expect(details).not.toMatch(/no such method|does not implement/);
    }
  });

  it('needs an API key where its operation over HTTP does', () => {
    const contract = parse(readFileSync(files.contract, 'utf8'));
    const operations = Object.values<Plain>(contract.paths).flatMap((item) => Object.values(item));
    const handlers = inferenceHandlers(protos, () => {
      throw new Error('nothing is loaded');
    });
    const named: Record<string, string> = {
      RepositoryIndex: 'getRepositoryIndex',
      ModelInfer: 'infer',
      ModelStreamInfer: 'infer',
    };
    const without = ['RepositoryModelLoad', 'RepositoryModelUnload'];
    for (const [path, { isOpen }] of Object.entries(handlers)) {
      const method = path.split('/')[2] ?? '';
      if (without.includes(method)) {
        expect(isOpen).toBe(false);
        continue;
      }
      const operation = operations.find(
        ({ operationId }) => operationId === (named[method] ?? `get${method}`),
      );
      expect([method, operation?.['security'].length === 0]).toEqual([method, isOpen]);
    }
  });
});

describe('reflection', () => {
  /** What reflection says to a request. */
  async function ask(request: object): Promise<Plain> {
    const { grpc } = await startGrpc();
    const stream = grpc.stream(REFLECTION);
    const type = 'grpc.reflection.v1.ServerReflection';
    const response = new Promise<Buffer>((resolve) => stream.once('data', resolve));
    stream.end(encode(`${type}Request`, request));
    return decode(`${type}Response`, await response);
  }

  it('lists the services', async () => {
    const { list_services_response: list } = await ask({ list_services: '' });
    expect(list.service.map(({ name }: Plain) => name).sort()).toEqual([
      'grpc.health.v1.Health',
      'grpc.reflection.v1.ServerReflection',
      'grpc.reflection.v1alpha.ServerReflection',
      SERVICE,
    ]);
  });

  it.each([
    { file_containing_symbol: SERVICE },
    { file_containing_symbol: `${SERVICE}.ModelInfer` },
    { file_containing_symbol: 'inference.ModelInferRequest.InferInputTensor' },
    { file_by_filename: 'grpc_service.proto' },
  ])('gives the files that say what the .proto files say: %j', async (request) => {
    const { file_descriptor_response: response } = await ask(request);
    const set = descriptor.FileDescriptorSet.fromObject({
      file: response.file_descriptor_proto.map((bytes: Buffer) =>
        descriptor.FileDescriptorProto.decode(bytes),
      ),
    });
    const root = rootOf(descriptor.FileDescriptorSet.encode(set).finish());
    const described = root.lookup('inference');
    const written = messages.lookup('inference');
    expect(shapeOf(described)).toEqual(shapeOf(written));
  });

  it('says of what there is not that it is not', async () => {
    for (const request of [
      { file_by_filename: 'x.proto' },
      { file_containing_symbol: 'a.B' },
      { file_containing_symbol: '__proto__' },
      { all_extension_numbers_of_type: 'a.B' },
      { file_containing_extension: { containing_type: 'inference.ModelConfig' } },
      {},
    ])
      expect((await ask(request))['error_response']).toMatchObject({
        error_code: status.NOT_FOUND,
      });
  });
});

describe('what is read and written by hand', () => {
  it('has the numbers and types of the .proto files', () => {
    const known = messages.lookupType('inference.InferTensorContents').fieldsArray;
    expect(contentsFields.map(({ name, number }) => [name, number])).toEqual(
      known.map(({ name, id }) => [name, id]),
    );
    for (const { name, wireType } of contentsFields) {
      const type = known.find((field) => field.name === name)?.type ?? '';
      expect([name, wireType]).toEqual([
        name,
        new Map(Object.entries(protobuf.types.basic)).get(type),
      ]);
    }
  });

  it('is what was sent, in whatever order and with fields that are not known', () => {
    const text = fc.string({ unit: 'grapheme', maxLength: 20 });
    const bytes = fc.uint8Array({ maxLength: 40 });
    fc.assert(
      fc.property(
        text,
        text,
        text,
        fc.array(bytes),
        fc.integer({ min: 20, max: 500 }),
        (model, version, id, raw, field) => {
          const message = encode('inference.ModelInferRequest', {
            model_name: model,
            model_version: version,
            id,
            raw_input_contents: raw.map((one) => Buffer.from(one)),
          });
          const unknown = protobuf.Writer.create()
            .uint32((field << 3) | 2)
            .bytes(Buffer.from('x'))
            .finish();
          for (const whole of [
            Buffer.concat([unknown, message]),
            Buffer.concat([message, unknown]),
          ]) {
            const opened = openRequest(whole);
            expect([opened.modelName, opened.modelVersion, opened.id]).toEqual([
              model,
              version,
              id,
            ]);
            expect([...opened.raw].map((one) => [...one])).toEqual(raw.map((one) => [...one]));
          }
        },
      ),
    );
  });

  it('of any bytes, is a message or a refusal', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
        try {
          openRequest(Buffer.from(bytes));
        } catch (error) {
          expect(error).toMatchObject({ name: 'RequestError' });
        }
      }),
      { numRuns: 2000 },
    );
  });
});

/** What the types of protobufjs do not know that its extension adds. */
function rootOf(bytes: Uint8Array): protobuf.Root {
  const read: unknown = Reflect.get(protobuf.Root, 'fromDescriptor');
  if (typeof read !== 'function') throw new Error('protobufjs without its extension');
  return Reflect.apply(read, protobuf.Root, [bytes]);
}

const entryOf = (name: string) => `${name.charAt(0).toUpperCase()}${name.slice(1)}Entry`;

/** Names, numbers and types of all that a namespace defines. */
function shapeOf(object: protobuf.ReflectionObject | null): unknown {
  if (object instanceof protobuf.Enum) return object.values;
  if (object instanceof protobuf.Service)
    return object.methodsArray.map((method) => {
      method.resolve();
      const { name, requestStream = false, responseStream = false } = method;
      return [
        name,
        method.resolvedRequestType?.fullName,
        requestStream,
        method.resolvedResponseType?.fullName,
        responseStream,
      ];
    });
  const fields =
    object instanceof protobuf.Type
      ? object.fieldsArray.map((field) => {
          field.resolve();
          const type = field.resolvedType?.fullName ?? field.type;
          if (field instanceof protobuf.MapField)
            return [
              field.name,
              field.id,
              true,
              `${object.fullName}.${entryOf(field.name)}`,
              undefined,
            ];
          return [field.name, field.id, field.repeated, type, field.partOf?.name];
        })
      : [];
  if (!(object instanceof protobuf.Namespace)) throw new Error('no namespace');
  const isEntry = ({ name }: protobuf.ReflectionObject) => name.endsWith('Entry');
  const nested = object.nestedArray
    .filter((one) => !isEntry(one))
    .map((one) => [one.name, shapeOf(one)]);
  return { fields, nested: Object.fromEntries(nested) };
}
