// The .proto files in the form in which reflection tells of them: google.protobuf.FileDescriptorProto.
import path from 'node:path';
import protobuf from 'protobufjs';
import descriptor from 'protobufjs/ext/descriptor/index.js';

export interface ProtoFile {
  /** As other files import it. */
  readonly name: string;
  readonly imports: readonly string[];
  /** The full names of what it defines: services, methods, messages, fields, enums. */
  readonly symbols: ReadonlySet<string>;
  readonly descriptor: Uint8Array;
}

/** The numbers of google.protobuf.FieldDescriptorProto.Type. */
const TYPES: Readonly<Record<string, number>> = {
  ...{ double: 1, float: 2, int64: 3, uint64: 4, int32: 5, fixed64: 6, fixed32: 7, bool: 8 },
  ...{ string: 9, bytes: 12, uint32: 13, sfixed32: 15, sfixed64: 16, sint32: 17, sint64: 18 },
};
const MESSAGE = 11;
const ENUM = 14;
const OPTIONAL = 1;
const REPEATED = 3;

/** @param directory where the files are */
export function describeFiles(root: protobuf.Root, directory: string): ProtoFile[] {
  return root.files.map((file) => new Description(directory, file).of(root));
}

type Typed = Pick<protobuf.FieldBase, 'type' | 'resolvedType'>;

/** One file while it is described. */
class Description {
  readonly #directory: string;
  readonly #file: string;
  readonly #imports = new Set<string>();
  readonly #symbols = new Set<string>();

  constructor(directory: string, file: string) {
    this.#directory = directory;
    this.#file = file;
  }

  of(root: protobuf.Root): ProtoFile {
    const objects = this.#objectsOf(root);
    const messageType = objects.filter(isMessage).map((type) => this.#message(type));
    const enumType = objects.filter(isEnum).map((type) => this.#enum(type));
    const service = objects.filter(isService).map((one) => this.#service(one));
    const name = this.#nameOf(this.#file);
    const imports = [...this.#imports];
    const bytes = descriptor.FileDescriptorProto.encode({
      name,
      package: objects[0]?.parent?.fullName.slice(1),
      dependency: imports,
      messageType,
      enumType,
      service,
      syntax: 'proto3',
    }).finish();
    return { name, imports, symbols: this.#symbols, descriptor: bytes };
  }

  /** What stands at the top of the file. */
  #objectsOf(namespace: protobuf.NamespaceBase): protobuf.ReflectionObject[] {
    return namespace.nestedArray.flatMap((nested) => {
      if (isMessage(nested) || isEnum(nested) || isService(nested))
        return nested.filename === this.#file ? nested : [];
      return nested instanceof protobuf.Namespace ? this.#objectsOf(nested) : [];
    });
  }

  #message(type: protobuf.Type): object {
    const maps = type.fieldsArray.filter((field) => field instanceof protobuf.MapField);
    return {
      name: this.#define(type),
      field: type.fieldsArray.map((field) => this.#field(field, type)),
      nestedType: [
        ...type.nestedArray.filter(isMessage).map((nested) => this.#message(nested)),
        ...maps.map((field) => this.#entry(field)),
      ],
      enumType: type.nestedArray.filter(isEnum).map((nested) => this.#enum(nested)),
      oneofDecl: type.oneofsArray.map(({ name }) => ({ name })),
    };
  }

  #field(field: protobuf.Field, type: protobuf.Type): object {
    this.#define(field);
    const isMap = field instanceof protobuf.MapField;
    return {
      name: field.name,
      number: field.id,
      jsonName: protobuf.util.camelCase(field.name),
      label: isMap || field.repeated ? REPEATED : OPTIONAL,
      ...(isMap
        ? { type: MESSAGE, typeName: `${type.fullName}.${entryName(field)}` }
        : this.#typeOf(field)),
      ...(field.partOf && { oneofIndex: type.oneofsArray.indexOf(field.partOf) }),
    };
  }

  /** The message that an entry of a map is on the wire. */
  #entry(field: protobuf.MapField): object {
    const key = { name: 'key', number: 1, label: OPTIONAL, type: TYPES[field.keyType] };
    const value = { name: 'value', number: 2, label: OPTIONAL, ...this.#typeOf(field) };
    return { name: entryName(field), field: [key, value], options: { mapEntry: true } };
  }

  #enum(type: protobuf.Enum): object {
    const value = Object.entries(type.values).map(([name, number]) => ({ name, number }));
    return { name: this.#define(type), value };
  }

  #service(service: protobuf.Service): object {
    return {
      name: this.#define(service),
      method: service.methodsArray.map((method) => ({
        name: this.#define(method),
        inputType: this.#use(method.resolvedRequestType),
        outputType: this.#use(method.resolvedResponseType),
        clientStreaming: method.requestStream === true,
        serverStreaming: method.responseStream === true,
      })),
    };
  }

  #typeOf({ type, resolvedType }: Typed): object {
    if (resolvedType === null) return { type: TYPES[type] };
    return { type: isEnum(resolvedType) ? ENUM : MESSAGE, typeName: this.#use(resolvedType) };
  }

  #define({ name, fullName }: protobuf.ReflectionObject): string {
    this.#symbols.add(fullName.slice(1));
    return name;
  }

  #use(type: protobuf.ReflectionObject | null): string {
    if (type === null) throw new Error(`${this.#file} has a type that is not resolved`);
    if (type.filename !== this.#file) this.#imports.add(this.#nameOf(type.filename ?? ''));
    return type.fullName;
  }

  #nameOf(file: string): string {
    return path.relative(this.#directory, file);
  }
}

/** As the compiler of protobuf names it: ParametersEntry. */
function entryName({ name }: { readonly name: string }): string {
  return `${protobuf.util.ucFirst(protobuf.util.camelCase(name))}Entry`;
}

const isMessage = (object: protobuf.ReflectionObject) => object instanceof protobuf.Type;
const isEnum = (object: protobuf.ReflectionObject) => object instanceof protobuf.Enum;
const isService = (object: protobuf.ReflectionObject) => object instanceof protobuf.Service;
