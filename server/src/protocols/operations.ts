// The routes, from the contract: every operation of the served document is mounted at its path with the handler
// of its operationId. An operation without a handler stops the start.
import type { Application, RequestHandler } from 'express';
import type { PathItemObject, PathsObject } from 'openapi3-ts/oas31';
import { liveness, readiness, startup } from '../serving/lifecycle.ts';
import { shareTraffic } from '../traffic/split/split.ts';
import type { Context } from './context.ts';
import { requireApiKey } from './http/api-keys.ts';
import { answerOtherMethods } from './http/errors.ts';
import { identify } from './http/exchange.ts';
import { errorsAsOpenInference, openInference } from './open-inference/routes.ts';
import { contractAs } from './rest/contract.ts';
import { health } from './rest/health.ts';
import { metrics } from './rest/metrics.ts';
import { model } from './rest/model.ts';
import { predict } from './rest/predict.ts';
import { shadowDisagreements } from './rest/shadow.ts';

const handlers: Readonly<Record<string, (context: Context) => RequestHandler[]>> = {
  predict,
  getModel: model,
  getLiveness: (context) => health(context, liveness),
  getReadiness: (context) => health(context, readiness),
  getStartup: (context) => health(context, startup),
  getMetrics: metrics,
  getShadowDisagreements: shadowDisagreements,
  getContract: (context) => contractAs(context, 'json'),
  getContractYaml: (context) => contractAs(context, 'yaml'),
  ...openInference,
};

const SHARED_TAGS = new Set(['prediction', 'model', 'open-inference-protocol']);

/** Operations that write all headers of an answer at once, those of `identify` among them. */
const WRITE_THEIR_HEADERS = new Set(['predict', 'infer', 'inferOfVersion']);

/** Mounts the operations at `/` and, when there is one, at the base path. */
export function mountOperations(app: Application, context: Context): void {
  const { BASE_PATH } = context.config;
  const identified = identify(context);
  const shared = shareTraffic(context);
  for (const [path, item] of hotFirst(context.contract.document.paths ?? {})) {
    const route = path.replaceAll(/\{(\w+)\}/g, ':$1'); // Express' way to write a parameter
    const paths = BASE_PATH === undefined ? [route] : [route, BASE_PATH + route];
    const methods: string[] = [];
    const operations = [item.get, item.post].filter((operation) => operation !== undefined);
    const form = operations.some(({ tags }) => tags?.includes('open-inference-protocol'))
      ? [errorsAsOpenInference]
      : [];
    for (const method of ['post', 'get'] as const) {
      const operation = item[method];
      if (operation === undefined) continue;
      const handler = handlers[operation.operationId ?? ''];
      if (handler === undefined)
        throw new Error(
          `openapi.yaml has the operation ${operation.operationId} at ${path}, which nothing handles`,
        );
      const guard =
        context.apiKeys && operation.security?.length ? [requireApiKey(context.apiKeys)] : [];
      const split = isShared(path, operation.tags) ? shared : [];
      const headers = WRITE_THEIR_HEADERS.has(operation.operationId ?? '') ? [] : [identified];
      app[method](paths, ...form, ...guard, ...split, ...headers, ...handler(context));
      methods.push(method.toUpperCase());
    }
    app.all(paths, ...form, answerOtherMethods(path, methods));
  }
}

/** Express tries routes in the order that they are mounted in: what predicts comes first. */
function hotFirst(paths: PathsObject): [string, PathItemObject][] {
  return Object.entries<PathItemObject>(paths).sort(
    ([, one], [, other]) => Number(one.post === undefined) - Number(other.post === undefined),
  );
}

/** Whether versions that share the traffic share the operation: what is about the model, but not the probes. */
function isShared(path: string, tags: readonly string[] = []): boolean {
  if (path.startsWith('/v2/health')) return false;
  return tags.some((tag) => SHARED_TAGS.has(tag));
}

/** The paths of the contract, for the answer to a wrong one. */
export function servedPaths(context: Context): string[] {
  return [
    ...Object.keys(context.contract.document.paths ?? {}),
    ...(context.config.DOCS === 'on' ? ['/', '/docs'] : []),
  ];
}
