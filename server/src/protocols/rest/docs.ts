// GET /docs: the served contract as a page with "try it out", from Swagger UI's own files: nothing is loaded
// from another host.
import { createRequire } from 'node:module';
import path from 'node:path';
import { Router } from 'express';
import type { Registry } from '../../serving/registry.ts';
import { modelOf } from '../http/model-call.ts';

const assets = ['swagger-ui-bundle.js', 'swagger-ui.css'];

/** Swagger UI sets styles on elements and draws icons from data: URLs; everything else is its own files. */
const CONTENT_SECURITY_POLICY =
  "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

export function docs(models: Registry): Router {
  const directory = path.dirname(
    createRequire(import.meta.url).resolve('swagger-ui-dist/package.json'),
  );
  const router = Router({ caseSensitive: true, strict: true, mergeParams: true });

  router.get('/docs', (req, res) => {
    const { name, version } = modelOf(models, req, res).model;
    res
      .set('Content-Security-Policy', CONTENT_SECURITY_POLICY)
      .type('html')
      .send(page(`${name} ${version}`));
  });
  router.get('/docs/init.js', (_req, res) => {
    res.type('js').send(INIT);
  });
  for (const asset of assets)
    router.get(`/docs/${asset}`, (_req, res) =>
      res.sendFile(asset, { root: directory, maxAge: '1d' }),
    );
  return router;
}

/** Addresses are relative, so that the page works below a base path too. */
const page = (title: string) => `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${escapeHtml(title)}</title>
<link rel="icon" href="data:,">
<link rel="stylesheet" href="docs/swagger-ui.css">
</head>
<body>
<div id="docs"></div>
<script src="docs/swagger-ui-bundle.js"></script>
<script src="docs/init.js"></script>
</body>
</html>
`;

const INIT = `SwaggerUIBundle({
  url: 'openapi.json',
  dom_id: '#docs',
  deepLinking: true,
  tryItOutEnabled: true,
  validatorUrl: null, // never send the contract to another host
});
`;

function escapeHtml(text: string): string {
  return text.replace(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`);
}
