// Express with a constant answer: what is left for a model when the framework has had its share.
import { createRequire } from 'node:module';

const express = createRequire(new URL('../../../server/package.json', import.meta.url))('express');
const app = express();
app.post('/predict', (_req, res) => res.send('hello'));
app.get('/readyz', (_req, res) => res.send('ok'));
app.listen(Number(process.env.PORT), '127.0.0.1');
