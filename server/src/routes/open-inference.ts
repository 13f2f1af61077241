// The Open Inference Protocol: health, metadata and inference, over the same model and batcher as /predict.
import type { NextFunction, Request, RequestHandler, Response } from 'express';
import type { Context } from '../context.ts';
import { readBytes } from '../http/body.ts';
import { chooseCoding, compress } from '../http/compress.ts';
import { exchangeOf } from '../http/exchange.ts';
import { ProblemException } from '../http/problem.ts';
import { release } from '../http/release.ts';
import { liveness, readiness } from '../lifecycle.ts';
import {
  modelConfig,
  modelMetadata,
  repositoryIndex,
  serverMetadata,
} from '../open-inference/metadata.ts';
import { readInference } from '../open-inference/request.ts';
import { type InferenceAnswer, writeInference } from '../open-inference/response.ts';
import { countPredictions, refuseOverload, runOf, timing } from './run.ts';

type Handlers = Readonly<Record<string, (context: Context) => RequestHandler[]>>;

/** Marks a request whose errors are to be in the protocol's form. */
export const errorsAsOpenInference: RequestHandler = (_req, res, next) => {
  exchangeOf(res).errorsAs = 'open-inference';
  next();
};

const ofModel: Handlers = {
  getModelMetadata: (context) => answer(context, () => modelMetadata(context.serving.model)),
  getModelReady: (context) =>
    answer(
      context,
      ({ serving }) => ({ name: serving.model.name, ready: isReady(context) }),
      isReady,
    ),
  getModelConfig: (context) =>
    answer(context, ({ serving, config }) => modelConfig(serving.model, config.MAX_ROWS)),
  getModelStatistics: statistics,
  infer: (context) => [
    checkModel(context),
    refuseOverload(context),
    readBytes(context.config.MAX_BODY_BYTES),
    infer(context),
  ],
};

/** The handlers by operationId. */
export const openInference: Handlers = {
  ...ofModel,
  ...Object.fromEntries(
    Object.entries(ofModel).map(([id, handler]) => [`${id}OfVersion`, handler]),
  ),
  getServerMetadata: (context) =>
    answer(context, () => serverMetadata(context.contract.document.info.version)),
  getServerLive: (context) => answer(context, health, isLive),
  getServerReady: (context) => answer(context, health, isReady),
  getStatistics: statistics,
  getRepositoryIndex: (context) =>
    answer(context, () => repositoryIndex(context.serving.model, isReady(context))),
};

function statistics(context: Context): RequestHandler[] {
  const { name, version } = context.serving.model;
  return answer(context, () => context.statistics.report(name, version));
}

/** @param isWell whether the status is 200, not 503 */
function answer(
  context: Context,
  body: (context: Context) => object,
  isWell: (context: Context) => boolean = () => true,
): RequestHandler[] {
  return [
    checkModel(context),
    (_req, res) => void res.status(isWell(context) ? 200 : 503).json(body(context)),
  ];
}

function health(context: Context) {
  return { live: isLive(context), ready: isReady(context) };
}

function isLive(context: Context): boolean {
  return liveness(context.state()).healthy;
}

function isReady(context: Context): boolean {
  return readiness(context.state()).healthy;
}

/** Refuses the names of other models and versions, where the path has them. */
function checkModel({ serving }: Context): RequestHandler {
  const { name, version } = serving.model;
  return (req, _res, next) => {
    const { model = name, version: wanted = version } = req.params;
    if (model === name && wanted === version) return next();
    next(
      new ProblemException(
        'not-found',
        `There is no model "${model}"${wanted === version ? '' : ` of version "${wanted}"`} here; this server has "${name}" of version "${version}".`,
      ),
    );
  };
}

function infer(context: Context): RequestHandler {
  const { serving, contract, config, metrics } = context;
  const { model } = serving;
  const run = runOf(context);
  return (req, res, next) => {
    const inference = readInference(
      req.body,
      {
        headerLength: req.get('Inference-Header-Content-Length'),
        contentType: req.headers['content-type'],
      },
      model,
      config.MAX_ROWS,
      contract.validateInference,
    );
    release(req.body); // its tensors are copies
    run(res, next, inference.work, ({ outputs, queueMs, inferenceMs }) => {
      countPredictions(model, outputs, metrics);
      const answered = writeInference(model, inference, outputs);
      res.setHeader('Server-Timing', timing(queueMs, inferenceMs));
      send(req, res, answered, next);
    });
  };
}

function send(
  req: Request,
  res: Response,
  { body, headerLength }: InferenceAnswer,
  next: NextFunction,
): void {
  if (headerLength === undefined) res.setHeader('Content-Type', 'application/json');
  else {
    res.setHeader('Content-Type', 'application/octet-stream');
    res.setHeader('Inference-Header-Content-Length', headerLength);
  }
  const coding = chooseCoding(req.headers['accept-encoding'], body.length);
  if (coding === undefined) return void res.setHeader('Content-Length', body.length).end(body);
  compress(body, coding)
    .then((content) => {
      res.setHeader('Content-Encoding', coding).vary('Accept-Encoding');
      res.setHeader('Content-Length', content.length).end(content);
    })
    .catch(next);
}
