// Express with a constant answer: what is left for a model when the framework has had its share. By its defaults, or with
// `as-ml-api` without the two headers that ml-api switches off, hashing every response among them.
import { createRequire } from 'node:module';

const express = createRequire(new URL('../../../server/package.json', import.meta.url))('express');
const app = express();
if (process.argv[2] === 'as-ml-api') {
  app.disable('x-powered-by');
  app.disable('etag');
}
app.post('/predict', (_req, res) => res.send('hello'));
app.get('/readyz', (_req, res) => res.send('ok'));
app.listen(Number(process.env.PORT), '127.0.0.1');
