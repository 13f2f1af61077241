// The Open Inference Protocol: health, metadata and inference, over the same models as /predict.
import type { ErrorRequestHandler, NextFunction, Request, RequestHandler, Response } from 'express';
import type { ModelStatistics, VersionOfModel } from '../../observe/statistics.ts';
import { liveness, readiness, type State } from '../../serving/lifecycle.ts';
import type { Registry } from '../../serving/registry.ts';
import type { Repository } from '../../serving/repository.ts';
import type { ServedModel } from '../../serving/served-model.ts';
import { release } from '../../util/release.ts';
import { readBytes } from '../http/body.ts';
import { chooseCoding, compress } from '../http/compress.ts';
import { exchangeOf, type IdentityHeaders } from '../http/exchange.ts';
import { Gate, modelOf, respond, timing } from '../http/model-call.ts';
import { modelConfig, modelMetadata, repositoryIndex, serverMetadata } from './metadata.ts';
import { type InferenceReader, inferenceReader } from './request.ts';
import { writeInference } from './response.ts';

/** What the process has done with models. */
export interface StatisticsReport {
  report(models: readonly VersionOfModel[]): Promise<readonly ModelStatistics[]>;
}

/** What the routes work with. */
export interface OpenInferenceParts {
  readonly models: Registry;
  readonly repository: Pick<Repository, 'load' | 'unload'>;
  readonly headersFor: IdentityHeaders;
  readonly answerError: ErrorRequestHandler;
  readonly statistics: StatisticsReport;
  readonly state: () => State;
  readonly settings: { readonly MAX_BODY_BYTES: number; readonly MAX_ROWS: number };
}

/** Marks a request whose errors are to be in the protocol's form. */
export const errorsAsOpenInference: RequestHandler = (_req, res, next) => {
  exchangeOf(res).errorsAs = 'open-inference';
  next();
};

/** The handlers by operationId. */
export function openInference(parts: OpenInferenceParts): Record<string, RequestHandler[]> {
  const { models, repository, statistics, settings } = parts;
  const isLive = () => liveness(parts.state()).healthy;
  const isReady = () => readiness(parts.state()).healthy;
  const health = () => ({ live: isLive(), ready: isReady() });
  const always = () => true;
  /** @param isHealthy whether the status is 200, not 503 */
  const ofServer = (body: () => object | Promise<object>, isHealthy = always): RequestHandler[] => [
    async (_req, res) => void res.status(isHealthy() ? 200 : 503).json(await body()),
  ];
  const ofModel = (
    body: (served: ServedModel) => object | Promise<object>,
    isHealthy = always,
  ): RequestHandler[] => [
    async (req, res) => {
      const served = modelOf(models, req, res);
      res.status(isHealthy() ? 200 : 503).json(await body(served));
    },
  ];

  /** @param change made to the models of the name in the path, whose versions are responded */
  const changing = (change: (name: string) => Promise<void>): RequestHandler[] => [
    async ({ params }, res) => {
      const name = String(params['model']);
      await change(name);
      const slots = models.slots.filter((slot) => slot.name === name);
      res.json(repositoryIndex(slots, isReady()));
    },
  ];

  const statisticsOf = async (of: readonly VersionOfModel[]) => ({
    model_stats: await statistics.report(of),
  });

  const gate = new Gate(models, parts.answerError);
  const withVersion: Record<string, RequestHandler[]> = {
    getModelMetadata: ofModel(({ model }) => modelMetadata(model, models.versionsOf(model.name))),
    getModelReady: ofModel(({ model }) => ({ name: model.name, ready: isReady() }), isReady),
    getModelConfig: ofModel(({ model }) => modelConfig(model, settings.MAX_ROWS)),
    getModelStatistics: ofModel(({ model }) => statisticsOf([model])),
    infer: [gate.byHead, readBytes(settings.MAX_BODY_BYTES), gate.byBody, infer(parts, gate)],
  };
  return {
    ...withVersion,
    ...Object.fromEntries(
      Object.entries(withVersion).map(([id, handlers]) => [`${id}OfVersion`, handlers]),
    ),
    getServerMetadata: ofServer(() => serverMetadata(models.main.contract.document.info.version)),
    getServerLive: ofServer(health, isLive),
    getServerReady: ofServer(health, isReady),
    getStatistics: ofServer(() => statisticsOf(models.served.map(({ model }) => model))),
    loadModel: changing((name) => repository.load(name)),
    unloadModel: changing((name) => repository.unload(name)),
    getRepositoryIndex: ofServer(() => repositoryIndex(models.slots, isReady())),
  };
}

function infer({ models, headersFor, settings }: OpenInferenceParts, gate: Gate): RequestHandler {
  const readers = new WeakMap<ServedModel, InferenceReader>();
  const readerOf = (served: ServedModel): InferenceReader => {
    const known = readers.get(served);
    if (known !== undefined) return known;
    const reader = inferenceReader(
      served.model,
      settings.MAX_ROWS,
      served.contract.validateInference,
    );
    readers.set(served, reader);
    return reader;
  };
  return (req, res, next) => {
    const exchange = exchangeOf(res);
    const served = modelOf(models, req, res);
    const inference = readerOf(served)(req.body, {
      headerLength: req.get('Inference-Header-Content-Length'),
      contentType: req.headers['content-type'],
    });
    release(req.body); // its tensors are copies
    const call = exchange.begin();
    const response = served.infer(inference.work, call, ({ outputs }) =>
      writeInference(served.model, inference, outputs),
    );
    gate.took(req, served, call);
    respond(response, next, ({ body, headerLength }) => {
      const headers = headersFor(exchange);
      headers.push('Server-Timing', timing(call));
      if (headerLength === undefined) headers.push('Content-Type', 'application/json');
      else {
        headers.push('Content-Type', 'application/octet-stream');
        headers.push('Inference-Header-Content-Length', String(headerLength));
      }
      send(req, res, headers, body, next);
    });
  };
}

/** All headers go in one call, as those of /predict do. */
function send(
  req: Request,
  res: Response,
  headers: string[],
  body: string | Buffer,
  next: NextFunction,
): void {
  const length = Buffer.byteLength(body);
  const coding = chooseCoding(req.headers['accept-encoding'], length);
  if (coding === undefined) {
    headers.push('Content-Length', String(length));
    return void res.writeHead(200, headers).end(body);
  }
  compress(body, coding)
    .then((content) => {
      headers.push('Content-Encoding', coding, 'Content-Length', String(content.length));
      res.vary('Accept-Encoding').writeHead(200, headers).end(content);
    })
    .catch(next);
}
