// Golden predictions over gRPC, by a client of the Open Inference Protocol. The outputs of the model come back, and predictions are
// made of them as the server makes those of /predict.
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import {
  Client,
  type ClientOptions,
  credentials,
  Metadata,
  type ServiceError,
  status,
} from '@grpc/grpc-js';
import { checkGolden } from '../../model/check-golden.ts';
import { describeBy, readDescriptions } from '../../model/descriptions.ts';
import type { Golden } from '../../model/golden.ts';
import { encodeInputs } from '../../model/inputs.ts';
import type { Model } from '../../model/model.ts';
import { Result, toPrediction } from '../../model/prediction.ts';
import type { Target } from '../../net/patient-request.ts';
import { shown } from '../../net/shown-url.ts';
import { type Method, readProtos } from '../../protocols/grpc/protos.ts';
import { fromBinary, toBinary } from '../../protocols/open-inference/binary.ts';
import type { TensorSpec } from '../../runtime/signature.ts';
import { datatypeOf, protocolName } from '../../tensor/protocol-names.ts';
import { type Tensors, tensorsByName } from '../../tensor/tensor.ts';
import { Outputs } from '../../tensor/work.ts';
import { counted } from '../../util/counted.ts';
import type { IndexEntry, Subject } from './subjects.ts';

/** What of the program's files it reads. */
export interface GrpcFiles {
  readonly protos: URL;
  readonly manifestSchema: URL;
}

/** Far more than golden predictions have: a server that floods must not fill the memory. */
const MOST_BYTES = 32 * 1024 * 1024;

/** A server that is called; whoever opens it closes it. */
export interface GrpcServer {
  /** What it has. @throws Error that says why it cannot be asked */
  index(): Promise<readonly IndexEntry[]>;
  /** @throws Error that says how many rows differ, or what else is not as expected */
  checkPredictions(subject: Subject, golden: Golden): Promise<string>;
  close(): void;
}

/** @param metadata of every call */
export function openGrpc(
  target: Target,
  metadata: Readonly<Record<string, string>>,
  { protos, manifestSchema }: GrpcFiles,
): GrpcServer {
  const client = connect(target, readProtos(protos).methods, metadata);
  return {
    async index() {
      const { models } = await client.call<{ models: IndexEntry[] }>('RepositoryIndex', {});
      return models;
    },
    async checkPredictions(subject, golden) {
      const model = await modelOf(client, subject, manifestSchema);
      const { expected } = subject;
      const rows = await checkGolden(golden, async ({ inputs, labels, probabilities }) => {
        const { answered, outputs } = await infer(client, model, subject, inputs);
        if (expected !== undefined && answered !== expected)
          throw new Error(`version ${answered} answered; expected ${expected}`);
        return {
          ...toPrediction(new Result(model, new Outputs(outputs)), {
            labels: labels === true,
            probabilities: probabilities === true,
          }),
        };
      });
      return `${counted(rows, 'row')} as expected`;
    },
    close: () => client.close(),
  };
}

interface ModelClient {
  /** @param method of the inference service @throws Error that names the address and the status */
  call<Response>(method: string, request: object): Promise<Response>;
  close(): void;
}

function connect(
  target: Target,
  methods: readonly Method[],
  more: Readonly<Record<string, string>>,
): ModelClient {
  const url = new URL(target.url);
  const secure = url.protocol === 'https:';
  const address = `${url.hostname}:${url.port || (secure ? 443 : 80)}`;
  const ca = target.ca === undefined ? null : Buffer.from(target.ca);
  const options: ClientOptions = {
    'grpc.max_receive_message_length': MOST_BYTES,
    'grpc.max_reconnect_backoff_ms': 1000,
    'grpc.enable_http_proxy': 0,
    ...(target.host !== undefined && {
      'grpc.default_authority': target.host,
      'grpc.ssl_target_name_override': target.host,
    }),
  };
  const client = new Client(
    address,
    secure ? credentials.createSsl(ca) : credentials.createInsecure(),
    options,
  );
  const metadata = new Metadata();
  for (const [name, value] of Object.entries(more)) metadata.set(name, value);
  if (target.apiKey !== undefined) metadata.set('x-api-key', target.apiKey);

  const once = <Response>(method: Method, request: object): Promise<Response> =>
    new Promise((resolve, reject) => {
      client.makeUnaryRequest(
        method.path,
        (message: object) => method.request.encode(message),
        (bytes: Buffer) => method.response.decode<Response>(bytes),
        request,
        metadata,
        { deadline: Date.now() + target.timeoutMs },
        (error: ServiceError | null, response?: Response) => {
          if (error || response === undefined) reject(error ?? new Error('no response arrived'));
          else resolve(response);
        },
      );
    });

  return {
    async call<Response>(name: string, request: object) {
      const method = methods.find(({ path }) => path.endsWith(`GRPCInferenceService/${name}`));
      if (method === undefined) throw new Error(`the .proto files have no ${name}`);
      for (;;) {
        const isLastTry = performance.now() > target.readyBy;
        try {
          return await once<Response>(method, request);
        } catch (error) {
          const { code = status.UNKNOWN, details = String(error) } = error as Partial<ServiceError>;
          // It has not been reached, or loads its model: see Target.readyBy.
          if (code !== status.UNAVAILABLE || isLastTry)
            throw new Error(`${shown(url)}: ${status[code]}: ${details}`, { cause: error });
          target.onWait?.(`${shown(url)} is ${status[code]}`);
        }
        await sleep(250);
      }
    },
    close: () => client.close(),
  };
}

/** As a message has a tensor, beside its elements. The sizes of a shape are 64 bits wide, which some decode to objects. */
interface Head {
  readonly name: string;
  readonly datatype: string;
  readonly shape: readonly unknown[];
}

/** The model that is served, as far as its metadata, its configuration and the model.json beside golden.json say it. */
async function modelOf(
  client: ModelClient,
  { name, version, goldenFile }: Subject,
  schema: URL,
): Promise<Model> {
  type ModelMetadata = { name: string; versions: string[]; inputs: Head[]; outputs: Head[] };
  const metadata = await client.call<ModelMetadata>('ModelMetadata', { name, version });
  type ModelConfig = { config: { max_batch_size: number } | null };
  const { config } = await client.call<ModelConfig>('ModelConfig', {
    name: metadata.name,
    version,
  });
  const descriptions = await readDescriptions(path.dirname(goldenFile), schema);
  // The names of free sizes are not told. That the first is the number of rows is.
  const inputs = metadata.inputs.map(specOf).map((spec) => ({
    ...spec,
    shape: (config?.max_batch_size ?? 0) > 0 ? ['rows', ...spec.shape.slice(1)] : spec.shape,
  }));
  return describeBy(
    { ...descriptions, file: 'model.json' },
    { inputs, outputs: metadata.outputs.map(specOf) },
    { name: metadata.name, version: version ?? metadata.versions[0] },
  );
}

async function infer(
  client: ModelClient,
  model: Model,
  { version }: Subject,
  given: unknown,
): Promise<{ answered: string; outputs: Tensors }> {
  const { feeds } = encodeInputs(model, given);
  type Response = { model_version: string; outputs: Head[]; raw_output_contents: Buffer[] };
  const response = await client.call<Response>('ModelInfer', {
    model_name: model.name,
    model_version: version,
    inputs: Object.entries(feeds).map(([name, { datatype, dims }]) => ({
      name,
      datatype: protocolName(datatype),
      shape: dims,
    })),
    raw_input_contents: Object.values(feeds).map(toBinary),
  });
  const outputs = tensorsByName();
  for (const [i, head] of response.outputs.entries()) {
    const { name, datatype } = specOf(head);
    const dims = sizesOf(head);
    const bytes = response.raw_output_contents[i] ?? Buffer.alloc(0);
    const length = dims.reduce((product, size) => product * size, 1);
    outputs[name] = { datatype, dims, data: fromBinary(Buffer.from(bytes), datatype, length) };
  }
  return { answered: response.model_version, outputs };
}

function specOf(head: Head): TensorSpec {
  const datatype = datatypeOf(head.datatype);
  if (datatype === undefined)
    throw new Error(`the tensor ${head.name} has the unknown datatype ${head.datatype}`);
  return { name: head.name, datatype, shape: sizesOf(head) };
}

function sizesOf({ shape }: Head): number[] {
  return shape.map((size) => Number(String(size)));
}
