// GET /: the playground, a page that is made of the served contract. Its files lie in server/playground as they are
// served: scripts of the browser, checked as TypeScript, that need no build.
import { fileURLToPath } from 'node:url';
import { Router } from 'express';
import type { Files } from '../service.ts';

/** Nothing from another host, nothing inline. */
const CONTENT_SECURITY_POLICY =
  "default-src 'none'; script-src 'self'; style-src 'self'; img-src data:; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

const assets = ['style.css', 'main.js', 'server.js', 'inputs.js', 'answer.js', 'code.js'];

export function playground({ playground: directory }: Pick<Files, 'playground'>): Router {
  const root = fileURLToPath(directory);
  const router = Router({ caseSensitive: true, strict: true });
  router.get('/', (req, res) => {
    // The page's addresses are relative: to the base path, they need the slash at its end.
    if (!req.originalUrl.split('?')[0]?.endsWith('/')) return res.redirect(302, `${req.baseUrl}/`);
    res.set('Content-Security-Policy', CONTENT_SECURITY_POLICY);
    res.sendFile('index.html', { root });
  });
  for (const asset of assets)
    router.get(`/playground/${asset}`, (_req, res) => res.sendFile(asset, { root }));
  return router;
}
