// GET /: the playground, a page that is made of the served contract. Its files lie in server/playground as they are
// served: scripts of the browser, checked as TypeScript, that need no build.
import { type Request, Router } from 'express';
import type { Registry } from '../../serving/registry.ts';
import type { Traffic, TrafficSettings } from '../../traffic/traffic.ts';
import { modelOf } from '../http/model-call.ts';
import { sendPageFile } from './page-file.ts';

/** Nothing from another host, nothing inline. */
const CONTENT_SECURITY_POLICY =
  "default-src 'none'; script-src 'self'; style-src 'self'; img-src data:; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

const assets = [
  ...['style.css', 'main.js', 'dom.js', 'server.js', 'models.js', 'versions.js', 'inputs.js'],
  ...['prediction.js', 'answer.js', 'classes.js', 'tensors.js', 'trace.js', 'problems.js'],
  ...['batch.js', 'csv.js', 'code.js'],
];

/** Settings, by the names of their environment variables. */
export interface PlaygroundSettings {
  readonly BASE_PATH: string | undefined;
}

/**
 * @param directory where its files are
 * @param mayKnow whether a caller may be told which models there are
 */
export function playground(
  directory: URL,
  models: Registry,
  traffic: Pick<Traffic, 'settings'>,
  mayKnow: (req: Request) => boolean,
  { BASE_PATH }: PlaygroundSettings,
): Router {
  const router = Router({ caseSensitive: true, strict: true, mergeParams: true });
  router.get('/', async (req, res) => {
    // The page's addresses are relative: to the base path, they need the slash at its end.
    if (!req.originalUrl.split('?')[0]?.endsWith('/')) return res.redirect(302, `${req.baseUrl}/`);
    modelOf(models, req, res); // or there is no page
    res.set('Content-Security-Policy', CONTENT_SECURITY_POLICY);
    await sendPageFile(new URL('index.html', directory), req, res);
  });
  router.get('/playground/versions.json', (req, res) => {
    const { model } = modelOf(models, req, res);
    const path = withoutBase(req.baseUrl, BASE_PATH);
    const others = models.served.length > 1 && mayKnow(req) ? siblings(models, path) : [];
    res.json({ ...versionsOf(model.version, path, BASE_PATH, traffic.settings), models: others });
  });
  for (const asset of assets)
    router.get(`/playground/${asset}`, (req, res) =>
      sendPageFile(new URL(asset, directory), req, res),
    );
  return router;
}

/**
 * Where the page finds the version that it is of, and the others that the host serves. By the paths that name them: at `/`,
 * versions may share the requests.
 * @param path of the model, below that of the version
 */
function versionsOf(
  version: string,
  path: string,
  basePath: string | undefined,
  { VERSIONS = [] }: Pick<TrafficSettings, 'VERSIONS'>,
) {
  const others = VERSIONS.filter((name) => name !== version);
  return {
    path: basePath === undefined ? null : `${basePath}${path}/`,
    others: others.map((name) => ({ version: name, path: `/${name}${path}/` })),
  };
}

/** The models that this server serves, and where their pages are, seen from the one at a path. */
function siblings(models: Registry, path: string) {
  const up = '../'.repeat(path.split('/').length - 1);
  return models.served.map(({ model: { name, version } }) => {
    const one = `${up}models/${encodeURIComponent(name)}/`;
    const isOnly = models.versionsOf(name).length === 1;
    return { name, version, path: isOnly ? one : `${one}versions/${version}/` };
  });
}

/** Of the path that a page is mounted at, what is below the base path. */
function withoutBase(path: string, basePath = ''): string {
  return path.startsWith(basePath) ? path.slice(basePath.length) : path;
}
