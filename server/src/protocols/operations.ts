// The routes, from the contract: every operation of the served document is mounted at its path with the handlers
// of its operationId. An operation without handlers stops the start.
import type { Application, RequestHandler } from 'express';
import type { OpenAPIObject, PathItemObject, PathsObject } from 'openapi3-ts/oas31';
import { answerOtherMethods } from './http/errors.ts';
import { errorsAsOpenInference } from './open-inference/routes.ts';

/** What stands before the handlers of an operation. */
export interface Middleware {
  /** Sets the headers of every response, for handlers that do not write them themselves. */
  readonly identified: RequestHandler;
  /** Lets callers with an API key pass; none where no key is needed. */
  readonly keyed: readonly RequestHandler[];
  /** Passes on what belongs to another version; none where no versions share the requests. */
  readonly shared: readonly RequestHandler[];
}

const SHARED_TAGS = new Set(['prediction', 'model', 'open-inference-protocol']);

/** Operations that write all headers of a response at once, those of `identified` among them. */
const WRITE_THEIR_HEADERS = new Set(['predict', 'infer', 'inferOfVersion']);

/**
 * Mounts the operations at `/` and, when there is one, at the base path.
 * @param handlers by operationId
 */
export function mountOperations(
  app: Application,
  document: OpenAPIObject,
  handlers: Readonly<Record<string, readonly RequestHandler[]>>,
  { identified, keyed, shared }: Middleware,
  basePath: string | undefined,
): void {
  for (const [path, item] of hotFirst(document.paths ?? {})) {
    const route = path.replaceAll(/\{(\w+)\}/g, ':$1'); // Express' way to write a parameter
    const paths = basePath === undefined ? [route] : [route, basePath + route];
    const methods: string[] = [];
    const operations = [item.get, item.post].filter((operation) => operation !== undefined);
    const form = operations.some(({ tags }) => tags?.includes('open-inference-protocol'))
      ? [errorsAsOpenInference]
      : [];
    for (const method of ['post', 'get'] as const) {
      const operation = item[method];
      if (operation === undefined) continue;
      const { operationId = '', tags, security } = operation;
      const handling = handlers[operationId];
      if (handling === undefined)
        throw new Error(
          `openapi.yaml has the operation ${operationId} at ${path}, which nothing handles`,
        );
      const guard = security?.length ? keyed : [];
      const split = isShared(path, tags) ? shared : [];
      const headers = WRITE_THEIR_HEADERS.has(operationId) ? [] : [identified];
      app[method](paths, ...form, ...guard, ...split, ...headers, ...handling);
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
