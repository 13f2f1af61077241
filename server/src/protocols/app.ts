// The Express application: what every request passes, in order.
import type { RequestListener } from 'node:http';
import cors from 'cors';
import express, { type ErrorRequestHandler, type Express, type RequestHandler } from 'express';
import type { Logger } from 'pino';
import type { Observer } from '../observe/observer.ts';
import { liveness, readiness, type State, startup } from '../serving/lifecycle.ts';
import type { Registry } from '../serving/registry.ts';
import type { Repository } from '../serving/repository.ts';
import type { Traffic } from '../traffic/traffic.ts';
import type { ApiKeys } from './api-keys.ts';
import { isLetIn, requireApiKey } from './http/api-keys.ts';
import {
  answerErrors,
  answerNoOperators,
  answerOtherMethods,
  answerUnknownPaths,
} from './http/errors.ts';
import { beginExchange, type IdentityHeaders, identify, identityHeaders } from './http/exchange.ts';
import { guard } from './http/guard.ts';
import { adopt, type Messages } from './http/messages.ts';
import {
  noteNames,
  noteUnserved,
  onlyBelowServed,
  servedIn,
  servedNamed,
} from './http/model-call.ts';
import { type ShareSettings, shareTraffic } from './http/share-traffic.ts';
import {
  errorsAsOpenInference,
  openInference,
  type StatisticsReport,
} from './open-inference/routes.ts';
import { modelPathsOf, mountOperations, prefixesOf } from './operations.ts';
import { contractAs } from './rest/contract.ts';
import { docs } from './rest/docs.ts';
import { health } from './rest/health.ts';
import { type MetricsText, metrics } from './rest/metrics.ts';
import { type Limits, model } from './rest/model.ts';
import { type PlaygroundSettings, playground } from './rest/playground.ts';
import { predict } from './rest/predict.ts';
import { shadowDisagreements } from './rest/shadow.ts';

/** Settings, by the names of their environment variables. */
export interface AppSettings extends Limits, ShareSettings, PlaygroundSettings {
  readonly CORS_ORIGINS: readonly string[] | undefined;
  readonly DOCS: 'on' | 'off';
}

/** What the applications put together: each route is handed what it uses of it. */
export interface AppParts {
  readonly models: Registry;
  readonly repository: Pick<Repository, 'load' | 'unload'>;
  /** Whether models are replaced by what their directories hold. */
  readonly reloads: boolean;
  readonly observer: Pick<Observer, 'exchangeEnded'>;
  readonly metrics: MetricsText;
  readonly statistics: StatisticsReport;
  /** How the version in the shadow compares, as JSON; undefined where there is none. */
  readonly disagreements: () => Promise<string | undefined>;
  /** How versions share it, now. */
  readonly traffic: Pick<Traffic, 'settings'>;
  /** The keys that callers need; undefined when none is needed. */
  readonly apiKeys: ApiKeys | undefined;
  /** The keys of those who may load and unload models; undefined when nobody may. */
  readonly operatorKeys: ApiKeys | undefined;
  readonly log: Logger;
  /** Where the files of the playground are. */
  readonly playground: URL;
  readonly settings: AppSettings;
  /** The state of the process at this moment. */
  state(): State;
  /** Threads of the process that serve requests. */
  threads(): number;
}

/** @param messages of the listener that it is for */
export function createApp(parts: AppParts, messages: Messages): RequestListener {
  const { models, settings, log } = parts;
  const { BASE_PATH, CORS_ORIGINS, DOCS } = settings;
  const headersFor = identityHeaders(models, () => parts.state());
  const mayKnow = isLetIn(parts.apiKeys);
  const { document } = models.main.contract;
  const app = newApp(messages);
  app.enable('case sensitive routing');
  app.enable('strict routing');
  noteNames(app);
  app.use(beginExchange(parts.observer));
  if (CORS_ORIGINS !== undefined) app.use(crossOrigin(CORS_ORIGINS));
  const middleware = {
    identified: identify(headersFor, (req) => servedIn(models, req)),
    identifiedAsMain: identify(headersFor),
    belowServed: onlyBelowServed(models),
    keyed: keyedBy(parts.apiKeys),
    operator: keyedBy(parts.operatorKeys),
    shared: shareTraffic(parts.traffic, settings),
  };
  const answer = answerErrors(headersFor, mayKnow, (_req, res) => servedNamed(models, res));
  mountOperations(app, document, handlersOf(parts, headersFor, answer), middleware, BASE_PATH);
  if (DOCS === 'on') {
    // One by one, the longest first: a router takes off what it is mounted at.
    for (const pages of [
      playground(parts.playground, models, parts.traffic, mayKnow, settings),
      docs(models),
    ])
      for (const prefix of prefixesOf(BASE_PATH).reverse()) app.use(prefix || '/', pages);
  }
  app.use(below('/v2', BASE_PATH), errorsAsOpenInference); // also for what nothing serves there
  app.use(modelPathsOf(BASE_PATH), noteUnserved);
  if (parts.operatorKeys === undefined)
    app.use(below('/v2/repository/models', BASE_PATH), answerNoOperators);
  app.use(answerUnknownPaths('POST /predict predicts; GET /openapi.json lists all paths.'));
  app.use(answer);
  return guard(app, answer, log);
}

/** What METRICS_PORT serves: what is for those who operate the server, and for no Ingress to show. */
export function createMetricsApp(parts: AppParts, messages: Messages): RequestListener {
  const headersFor = identityHeaders(parts.models, () => parts.state());
  const app = newApp(messages);
  app.use(beginExchange(parts.observer));
  app.get('/metrics', ...metrics(parts.metrics));
  app.all('/metrics', answerOtherMethods('/metrics', ['GET']));
  app.get(
    '/shadow/disagreements',
    identify(headersFor),
    ...keyedBy(parts.apiKeys),
    ...shadowDisagreements(parts.disagreements),
  );
  app.all('/shadow/disagreements', answerOtherMethods('/shadow/disagreements', ['GET']));
  app.use(answerUnknownPaths('There is: /metrics, /shadow/disagreements.'));
  const answer = answerErrors(headersFor, isLetIn(parts.apiKeys));
  app.use(answer);
  return guard(app, answer, parts.log);
}

/** The handlers of every operation of the contract, by operationId. */
function handlersOf(
  parts: AppParts,
  headersFor: IdentityHeaders,
  answerError: ErrorRequestHandler,
): Record<string, RequestHandler[]> {
  const { models, repository, settings, statistics } = parts;
  const state = () => parts.state();
  return {
    predict: predict(models, headersFor, answerError, settings.MAX_BODY_BYTES),
    getModel: model(models, settings, parts.reloads, () => parts.threads()),
    getLiveness: health(state, liveness),
    getReadiness: health(state, readiness),
    getStartup: health(state, startup),
    getMetrics: metrics(parts.metrics),
    getShadowDisagreements: shadowDisagreements(parts.disagreements),
    getContract: contractAs(models, 'json', settings.BASE_PATH),
    getContractYaml: contractAs(models, 'yaml', settings.BASE_PATH),
    ...openInference({
      models,
      repository,
      headersFor,
      answerError,
      statistics,
      state,
      settings,
    }),
  };
}

function newApp(messages: Messages): Express {
  const app = express();
  adopt(app, messages);
  app.disable('x-powered-by');
  app.disable('etag'); // predictions are not cached, and hashing every response costs
  // Express would answer whatever asks `If-None-Match: *` with 304, probes too.
  Object.defineProperty(app.request, 'fresh', { value: false });
  return app;
}

function keyedBy(keys: ApiKeys | undefined): RequestHandler[] {
  return keys === undefined ? [] : [requireApiKey(keys)];
}

function crossOrigin(origins: readonly string[]): RequestHandler {
  return cors({
    origin: origins.includes('*') ? '*' : [...origins],
    methods: ['GET', 'HEAD', 'POST'],
    exposedHeaders: [
      'X-Request-Id',
      'ML-Model-Name',
      'ML-Model-Version',
      'ML-Contract-Hash',
      'Server-Timing',
      'Retry-After',
      'Allow',
      'WWW-Authenticate',
      'Inference-Header-Content-Length', // without it a page cannot tell JSON from tensors
    ],
    maxAge: 86_400,
  });
}

/** A path wherever the paths of the contract are. */
function below(path: string, basePath: string | undefined): string[] {
  return prefixesOf(basePath).map((prefix) => prefix + path);
}
