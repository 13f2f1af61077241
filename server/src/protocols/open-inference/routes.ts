// The Open Inference Protocol: health, metadata and inference, over the same model and batcher as /predict.
import type { NextFunction, Request, RequestHandler, Response } from 'express';
import { liveness, readiness } from '../../serving/lifecycle.ts';
import { quote } from '../../util/quote.ts';
import type { Context } from '../context.ts';
import { readBytes } from '../http/body.ts';
import { chooseCoding, compress } from '../http/compress.ts';
import { exchangeOf, identityHeaders } from '../http/exchange.ts';
import { ProblemException } from '../http/problem.ts';
import { release } from '../http/release.ts';
import { countPredictions, refuseOverload, runOf, timing } from '../run.ts';
import { modelConfig, modelMetadata, repositoryIndex, serverMetadata } from './metadata.ts';
import { inferenceReader } from './request.ts';
import { writeInference } from './response.ts';

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
        `There is no model ${quote(String(model))}${wanted === version ? '' : ` of version ${quote(String(wanted))}`} here; this server has "${name}" of version "${version}".`,
      ),
    );
  };
}

function infer(context: Context): RequestHandler {
  const { serving, contract, config, metrics } = context;
  const { model } = serving;
  const headersFor = identityHeaders(context);
  const read = inferenceReader(model, config.MAX_ROWS, contract.validateInference);
  const run = runOf(context);
  return (req, res, next) => {
    const inference = read(req.body, {
      headerLength: req.get('Inference-Header-Content-Length'),
      contentType: req.headers['content-type'],
    });
    release(req.body); // its tensors are copies
    run(res, next, inference.work, ({ outputs, queueMs, inferenceMs }) => {
      countPredictions(model, outputs, metrics);
      const { body, headerLength } = writeInference(model, inference, outputs);
      const headers = headersFor(exchangeOf(res));
      headers.push('Server-Timing', timing(queueMs, inferenceMs));
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
