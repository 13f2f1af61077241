// The Open Inference Protocol with Triton's extensions: the same models, checks and sentences as over HTTP.
import { status } from '@grpc/grpc-js';
import { NotFoundError, NotServedError } from '../../serving/errors.ts';
import { liveness, readiness } from '../../serving/lifecycle.ts';
import type { Registry } from '../../serving/registry.ts';
import type { Repository } from '../../serving/repository.ts';
import type { ServedModel } from '../../serving/served-model.ts';
import { release } from '../../util/release.ts';
import type { ApiKeys } from '../api-keys.ts';
import { ExpectedRows } from '../expected-rows.ts';
import {
  modelConfig,
  modelMetadata,
  repositoryIndex,
  serverMetadata,
} from '../open-inference/metadata.ts';
import type { StatisticsReport } from '../open-inference/routes.ts';
import { RpcError } from './errors.ts';
import type { Handlers, Rpc, Unary } from './handlers.ts';
import type { Codec, Protos } from './protos.ts';
import { openRequest, readRequest } from './request.ts';
import { writeResponse } from './response.ts';

/** What is served once the model is loaded. */
export interface InferenceParts {
  readonly models: Registry;
  readonly repository: Pick<Repository, 'load' | 'unload'>;
  /** The keys of those who may load and unload models; undefined when nobody may. */
  readonly operatorKeys: ApiKeys | undefined;
  readonly statistics: StatisticsReport;
  readonly settings: { readonly MAX_ROWS: number };
}

/** A request about a model: any where the name is empty, and so with the version. */
interface AboutModel {
  readonly name: string;
  readonly version: string;
}

const SERVICE = '/inference.GRPCInferenceService/';

/** @param parts throws a LoadingError before the model is loaded */
export function inferenceHandlers(protos: Protos, parts: () => InferenceParts): Handlers {
  const find = (name: string, version: string): ServedModel =>
    parts().models.find(name || undefined, version || undefined);

  const isThere = (name: string, version: string): boolean => {
    try {
      return find(name, version) !== undefined;
    } catch (error) {
      if (error instanceof NotFoundError || error instanceof NotServedError) return false;
      throw error;
    }
  };

  /** @param body what the response has, of what the request has */
  const respond = <Request>(
    body: (request: Request, rpc: Rpc) => object | Promise<object>,
    rules: { isOpen?: boolean; isProbe?: boolean } = {},
  ): Unary => ({
    kind: 'unary',
    isOpen: rules.isOpen ?? false,
    isProbe: rules.isProbe ?? false,
    handle: async (request, rpc) =>
      rpc.method.response.encode(await body(rpc.method.request.decode<Request>(request), rpc)),
  });
  const probe = { isOpen: true, isProbe: true };
  const ofModel = (body: (served: ServedModel) => object) =>
    respond<AboutModel>(({ name, version }, { exchange }) => {
      exchange.served = find(name, version);
      return body(exchange.served);
    });

  const responses = protos.methods.find(({ path }) => path === `${SERVICE}ModelInfer`)?.response;
  if (responses === undefined) throw new Error('the .proto files have no ModelInfer');
  const infer = inferBy(responses, parts, find);
  /** Which model is asked is in the message: before that has been read, only what no model would take can be refused. */
  const refusal = () => {
    let refusal: Error | undefined;
    for (const { served } of parts().models.slots) {
      refusal = served?.overload(1);
      if (served !== undefined && refusal === undefined) return undefined;
    }
    return refusal;
  };
  const changing = (
    change: (repository: InferenceParts['repository'], name: string) => Promise<void>,
  ): Unary => ({
    kind: 'unary',
    isOpen: false,
    isForOperators: true,
    isProbe: false,
    async handle(request, { method }) {
      const { repository, operatorKeys } = parts();
      if (operatorKeys === undefined)
        throw new RpcError(
          status.UNIMPLEMENTED,
          'not-supported',
          'Models cannot be loaded or unloaded here, because OPERATOR_KEYS_FILE, which says who may, is not set.',
        );
      await change(repository, method.request.decode<{ model_name: string }>(request).model_name);
      return method.response.encode({});
    },
  });

  return {
    [`${SERVICE}ServerLive`]: respond(
      (_, { state }) => ({ live: liveness(state()).healthy }),
      probe,
    ),
    [`${SERVICE}ServerReady`]: respond(
      (_, { state }) => ({ ready: readiness(state()).healthy }),
      probe,
    ),
    // Whether there is such a model is the question: Triton does not call it an error, either.
    [`${SERVICE}ModelReady`]: respond<AboutModel>(
      ({ name, version }, { state }) => ({
        ready: isThere(name, version) && readiness(state()).healthy,
      }),
      probe,
    ),
    [`${SERVICE}ServerMetadata`]: respond(() =>
      serverMetadata(parts().models.main.contract.document.info.version),
    ),
    [`${SERVICE}ModelMetadata`]: ofModel(({ model }) =>
      modelMetadata(model, parts().models.versionsOf(model.name)),
    ),
    [`${SERVICE}ModelConfig`]: ofModel(({ model }) => ({
      config: modelConfig(model, parts().settings.MAX_ROWS),
    })),
    [`${SERVICE}ModelStatistics`]: respond<AboutModel>(async ({ name, version }, { exchange }) => {
      const { models, statistics } = parts();
      const isOfAll = !name && !version;
      if (!isOfAll) exchange.served = find(name, version);
      const about = isOfAll ? models.served : [find(name, version)];
      return { model_stats: await statistics.report(about.map(({ model }) => model)) };
    }),
    [`${SERVICE}RepositoryIndex`]: respond<{ ready: boolean }>(
      ({ ready: onlyReady }, { state }) => {
        const { healthy } = readiness(state());
        const models = repositoryIndex(parts().models.slots, healthy);
        return {
          models: onlyReady ? models.filter(({ state }) => state === 'READY') : models,
        };
      },
    ),
    [`${SERVICE}RepositoryModelLoad`]: changing((repository, name) => repository.load(name)),
    [`${SERVICE}RepositoryModelUnload`]: changing((repository, name) => repository.unload(name)),
    [`${SERVICE}ModelInfer`]: {
      kind: 'unary',
      isOpen: false,
      isProbe: false,
      refusal,
      handle: infer,
    },
    [`${SERVICE}ModelStreamInfer`]: {
      kind: 'stream',
      isOpen: false,
      isProbe: false,
      async handle(request, rpc) {
        const response = await infer(request, rpc);
        return rpc.method.response.encodeAsIs({ infer_response: response });
      },
      failed(message, { exchange, method }) {
        const empty = responses.encodeAsIs({ id: exchange.messageId });
        return method.response.encodeAsIs({ error_message: message, infer_response: empty });
      },
    },
  };
}

function inferBy(
  responses: Codec,
  parts: () => InferenceParts,
  find: (name: string, version: string) => ServedModel,
) {
  const rows = new ExpectedRows();
  return (request: Buffer, { exchange, timeLeftMs }: Rpc): Promise<Buffer> => {
    const envelope = openRequest(request);
    exchange.messageId = envelope.id;
    const served = find(envelope.modelName, envelope.modelVersion);
    exchange.served = served;
    const { length } = request;
    const refusal = served.overload(rows.of(served, length));
    if (refusal !== undefined) throw refusal;
    const inference = readRequest(envelope, served.model, parts().settings.MAX_ROWS);
    releaseMessage(request); // its tensors are copies
    const call = exchange.begin(timeLeftMs());
    const response = served.infer(inference.work, call, ({ outputs }) =>
      writeResponse(responses, served.model, inference, outputs),
    );
    if (call.rows !== undefined) rows.learn(served, length, call.rows);
    return response;
  };
}

/** Bytes before each message, which the library leaves before it: whether it is compressed, and its length. */
const FRAME_BYTES = 5;

function releaseMessage({ buffer, byteOffset, byteLength }: Buffer): void {
  if (byteOffset === FRAME_BYTES && buffer.byteLength === FRAME_BYTES + byteLength)
    release(new Uint8Array(buffer));
}
