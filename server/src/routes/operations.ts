// The routes, from the contract: every operation of the served document is mounted at its path with the handler
// of its operationId. An operation without a handler stops the start.
import { type RequestHandler, Router } from 'express';
import type { Context } from '../context.ts';
import { requireApiKey } from '../http/api-keys.ts';
import { answerOtherMethods } from '../http/errors.ts';
import { noteRoute } from '../http/exchange.ts';
import { liveness, readiness, startup } from '../lifecycle.ts';
import { contractAs } from './contract.ts';
import { docs } from './docs.ts';
import { health } from './health.ts';
import { metrics } from './metrics.ts';
import { model } from './model.ts';
import { predict } from './predict.ts';

const handlers: Readonly<Record<string, (context: Context) => RequestHandler[]>> = {
  predict,
  getModel: model,
  getLiveness: (context) => health(context, liveness),
  getReadiness: (context) => health(context, readiness),
  getStartup: (context) => health(context, startup),
  getMetrics: metrics,
  getContract: (context) => contractAs(context, 'json'),
  getContractYaml: (context) => contractAs(context, 'yaml'),
};

export function operations(context: Context): Router {
  const router = Router({ caseSensitive: true, strict: true });
  for (const [path, item] of Object.entries(context.contract.document.paths ?? {})) {
    const methods: string[] = [];
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
      router[method](path, noteRoute(path), ...guard, ...handler(context));
      methods.push(method.toUpperCase());
    }
    router.all(path, noteRoute(path), answerOtherMethods(path, methods));
  }
  if (context.config.DOCS === 'on') router.use(docs(context));
  return router;
}

/** The paths of the contract, for the answer to a wrong one. */
export function servedPaths(context: Context): string[] {
  return [
    ...Object.keys(context.contract.document.paths ?? {}),
    ...(context.config.DOCS === 'on' ? ['/docs'] : []),
  ];
}
