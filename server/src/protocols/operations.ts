// The routes, from the contract: every operation of the served document is mounted at its path with the handlers
// of its operationId. An operation without handlers stops the start.
import type { Application, RequestHandler } from 'express';
import type { OpenAPIObject, PathItemObject, PathsObject } from 'openapi3-ts/oas31';
import { answerOtherMethods } from './http/errors.ts';
import { errorsAsOpenInference } from './open-inference/routes.ts';

/** What stands before the handlers of an operation. */
export interface Middleware {
  /** Sets the headers of every response, for handlers that do not write them themselves: those of the model in the path. */
  readonly identified: RequestHandler;
  /** The same of the main model, for what changes the one in the path. */
  readonly identifiedAsMain: RequestHandler;
  /** Keeps what is about the server from being there below the path of a model that is not. */
  readonly belowServed: RequestHandler;
  /** Lets callers with an API key pass; none where no key is needed. */
  readonly keyed: readonly RequestHandler[];
  /** Lets those pass who may change what is served. */
  readonly operator: readonly RequestHandler[];
  /** Passes on what belongs to another version; none where no versions share the requests. */
  readonly shared: readonly RequestHandler[];
}

const SHARED_TAGS = new Set(['prediction', 'model', 'open-inference-protocol']);

/** Operations that change what is served. */
const FOR_OPERATORS = new Set(['loadModel', 'unloadModel']);

/** Operations that write all headers of a response at once, those of `identified` among them, and find their model themselves. */
const WRITE_THEIR_HEADERS = new Set(['predict', 'infer', 'inferOfVersion']);

/**
 * Mounts the operations at `/` and, when there is one, at the base path; and below the name of each model, and of each of its versions.
 * @param handlers by operationId
 */
export function mountOperations(
  app: Application,
  document: OpenAPIObject,
  handlers: Readonly<Record<string, readonly RequestHandler[]>>,
  { identified, identifiedAsMain, belowServed, keyed, operator, shared }: Middleware,
  basePath: string | undefined,
): void {
  const prefixes = prefixesOf(basePath);
  for (const [path, item] of hotFirst(document.paths ?? {})) {
    const route = path.replaceAll(/\{(\w+)\}/g, ':$1'); // Express' way to write a parameter
    const paths = prefixes.map((prefix) => prefix + route);
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
      const changes = FOR_OPERATORS.has(operationId);
      const guard = changes ? operator : security?.length ? keyed : [];
      const split = isShared(path, tags) ? shared : [];
      const headers = WRITE_THEIR_HEADERS.has(operationId)
        ? []
        : changes
          ? [identifiedAsMain]
          : [identified, belowServed];
      app[method](paths, ...form, ...guard, ...split, ...headers, ...handling);
      methods.push(method.toUpperCase());
    }
    app.all(paths, ...form, answerOtherMethods(path, methods));
  }
}

/** What paths of the contract may have before them: of the model that calls get which name none first. */
export function prefixesOf(basePath: string | undefined): string[] {
  const roots = basePath === undefined ? [''] : ['', basePath];
  const models = ['/models/:name', '/models/:name/versions/:nameVersion'];
  return [...roots, ...roots.flatMap((root) => models.map((model) => root + model))];
}

/** Below which all is about one model, whatever is there: the longest first. */
export function modelPathsOf(basePath: string | undefined): string[] {
  const roots = basePath === undefined ? [''] : [basePath, ''];
  return roots.flatMap((root) => [
    ...['/models/:name/versions/:nameVersion', '/models/:name'].map((path) => root + path),
    ...['/v2/models/:model/versions/:version', '/v2/models/:model'].map((path) => root + path),
  ]);
}

/** Express tries routes in the order that they are mounted in: what predicts comes first. */
function hotFirst(paths: PathsObject): [string, PathItemObject][] {
  return Object.entries<PathItemObject>(paths).sort(
    ([, one], [, other]) => Number(one.post === undefined) - Number(other.post === undefined),
  );
}

/** Whether versions that share the traffic share the operation: what is about the model, but not the probes. */
function isShared(path: string, tags: readonly string[] = []): boolean {
  if (path.startsWith('/v2/health') || path.startsWith('/v2/repository/models')) return false;
  return tags.some((tag) => SHARED_TAGS.has(tag));
}
