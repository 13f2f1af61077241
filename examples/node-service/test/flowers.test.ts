import assert from 'node:assert';
import { once } from 'node:events';
import type { Server } from 'node:http';
import { after, before, test } from 'node:test';
import { type RunningServer, startServer } from '@org/ml-sdk/testing';
import { createApp } from '../src/app.ts';
import { createClient } from '../src/ml/index.ts';
import { model } from '../src/model.ts';

let server: RunningServer;
let service: Server;
let url = '';

before(async () => {
  server = await startServer({ model });
  // A server that is not there is told of at once, and not tried again.
  service = createApp(createClient({ baseUrl: server.url, retries: 0 })).listen(0, '127.0.0.1');
  await once(service, 'listening');
  const address = service.address();
  if (typeof address !== 'object' || address === null) throw new Error('no port');
  url = `http://127.0.0.1:${address.port}/flowers`;
});

after(async () => {
  service.close();
  await server.stop();
});

async function post(flower: unknown) {
  const headers = { 'Content-Type': 'application/json' };
  const response = await fetch(url, { method: 'POST', headers, body: JSON.stringify(flower) });
  const body = (await response.json()) as {
    species?: string;
    probability?: number;
    errors?: string[];
  };
  return { status: response.status, body };
}

const setosa = { sepal: { length: 5.1, width: 3.5 }, petal: { length: 1.4, width: 0.2 } };

test('small petals are those of a setosa', async () => {
  const { status, body } = await post(setosa);
  assert.equal(status, 200);
  assert.equal(body.species, 'setosa');
  assert.ok(Number(body.probability) > 0.5);
});

test('a visitor is told what is wrong with a flower', async () => {
  const { status, body } = await post({ ...setosa, petal: { length: 'long', width: 0.2 } });
  assert.equal(status, 422);
  assert.deepEqual(body.errors, ['petal.length: a number is needed']);
  const { errors } = (await post({ sepal: { length: 5.1 } })).body;
  assert.deepEqual(
    errors,
    ['sepal.width', 'petal.length', 'petal.width'].map((size) => `${size}: a number is needed`),
  );

  const many = [5.1, 3.5, 1.4, 0.2];
  const batch = { sepal: { length: many, width: many }, petal: { length: many, width: many } };
  assert.equal((await post(batch)).status, 422);
  assert.equal((await post(null)).status, 400); // express.json() takes objects and lists
});

// The last one, as it stops the server.
test('a visitor is told to come back when the model is not there', async (t) => {
  await server.stop();
  const log = t.mock.method(console, 'error', () => {}); // expected here: it would look like a failure
  assert.deepEqual(await post(setosa), {
    status: 503,
    body: { errors: ['Try again in a moment.'] },
  });
  assert.match(String(log.mock.calls[0]?.arguments), /ECONNREFUSED/);
});
