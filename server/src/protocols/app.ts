// The Express application: what every request passes, in order.
import type { RequestListener } from 'node:http';
import cors from 'cors';
import express, { type Express } from 'express';
import type { Files } from '../commands/serve/files.ts';
import type { Context } from './context.ts';
import { accessLog } from './http/access-log.ts';
import { requireApiKey } from './http/api-keys.ts';
import { answerErrors, answerOtherMethods, answerUnknownPaths } from './http/errors.ts';
import { beginExchange, identify } from './http/exchange.ts';
import { guard } from './http/guard.ts';
import { errorsAsOpenInference } from './open-inference/routes.ts';
import { mountOperations, servedPaths } from './operations.ts';
import { docs } from './rest/docs.ts';
import { metrics } from './rest/metrics.ts';
import { playground } from './rest/playground.ts';
import { shadowDisagreements } from './rest/shadow.ts';

export function createApp(context: Context, files: Pick<Files, 'playground'>): RequestListener {
  const { BASE_PATH, CORS_ORIGINS, DOCS } = context.config;
  const app = newApp();
  app.enable('case sensitive routing');
  app.enable('strict routing');
  app.use(beginExchange(context, accessLog(context)));
  if (CORS_ORIGINS !== undefined)
    app.use(
      cors({
        origin: CORS_ORIGINS.includes('*') ? '*' : [...CORS_ORIGINS],
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
      }),
    );
  mountOperations(app, context);
  if (DOCS === 'on') {
    for (const pages of [playground(files, context), docs(context)]) {
      app.use(pages);
      if (BASE_PATH !== undefined) app.use(BASE_PATH, pages);
    }
  }
  app.use(below('/v2', BASE_PATH), errorsAsOpenInference); // also for what nothing serves there
  app.use(answerUnknownPaths(servedPaths(context)));
  app.use(answerErrors(context));
  return guard(app, context);
}

function newApp(): Express {
  const app = express();
  app.disable('x-powered-by');
  app.disable('etag'); // predictions are not cached, and hashing every answer costs
  // Express would answer whatever asks `If-None-Match: *` with 304, probes too.
  Object.defineProperty(app.request, 'fresh', { value: false });
  return app;
}

/** A path at `/` and, where there is one, below the base path. */
function below(path: string, basePath: string | undefined): string[] {
  return basePath === undefined ? [path] : [path, basePath + path];
}

/** What METRICS_PORT serves: what is for those who operate the server, and for no Ingress to show. */
export function createMetricsApp(context: Context): RequestListener {
  const app = newApp();
  app.use(beginExchange(context, accessLog(context)));
  app.get('/metrics', ...metrics(context));
  app.all('/metrics', answerOtherMethods('/metrics', ['GET']));
  const keyed = context.apiKeys ? [requireApiKey(context.apiKeys)] : [];
  app.get('/shadow/disagreements', identify(context), ...keyed, ...shadowDisagreements(context));
  app.all('/shadow/disagreements', answerOtherMethods('/shadow/disagreements', ['GET']));
  app.use(answerUnknownPaths(['/metrics', '/shadow/disagreements']));
  app.use(answerErrors(context));
  return guard(app, context);
}
