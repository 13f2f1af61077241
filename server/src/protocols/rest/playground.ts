// GET /: the playground, a page that is made of the served contract. Its files lie in server/playground as they are
// served: scripts of the browser, checked as TypeScript, that need no build.
import { fileURLToPath } from 'node:url';
import { Router } from 'express';
import type { Registry } from '../../serving/registry.ts';

/** Nothing from another host, nothing inline. */
const CONTENT_SECURITY_POLICY =
  "default-src 'none'; script-src 'self'; style-src 'self'; img-src data:; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

const assets = [
  ...['style.css', 'main.js', 'server.js', 'inputs.js'],
  ...['answer.js', 'versions.js', 'code.js'],
];

/** Settings, by the names of their environment variables. */
export interface PlaygroundSettings {
  readonly BASE_PATH: string | undefined;
  /** The versions that the host serves, each below its name. */
  readonly VERSIONS: readonly string[] | undefined;
}

/** @param directory where its files are */
export function playground(directory: URL, models: Registry, settings: PlaygroundSettings): Router {
  const root = fileURLToPath(directory);
  const router = Router({ caseSensitive: true, strict: true });
  router.get('/', (req, res) => {
    // The page's addresses are relative: to the base path, they need the slash at its end.
    if (!req.originalUrl.split('?')[0]?.endsWith('/')) return res.redirect(302, `${req.baseUrl}/`);
    res.set('Content-Security-Policy', CONTENT_SECURITY_POLICY);
    res.sendFile('index.html', { root });
  });
  router.get(
    '/playground/versions.json',
    (_req, res) => void res.json(versionsOf(models.main.model.version, settings)),
  );
  for (const asset of assets)
    router.get(`/playground/${asset}`, (_req, res) => res.sendFile(asset, { root }));
  return router;
}

/**
 * Where the page finds the version that it is of, and the others that the host serves. By the paths that name them: at `/`,
 * versions may share the requests.
 */
function versionsOf(version: string, { VERSIONS = [], BASE_PATH }: PlaygroundSettings) {
  const others = VERSIONS.filter((name) => name !== version);
  return {
    path: BASE_PATH === undefined ? null : `${BASE_PATH}/`,
    others: others.map((name) => ({ version: name, path: `/${name}/` })),
  };
}
