// That Express finds nothing to change in the requests and responses of a listener.
import express from 'express';
import { expect, it, onTestFinished } from 'vitest';
import { listen } from '../src/protocols/http/listener.ts';
import { adopt } from '../src/protocols/http/messages.ts';
import { Refusals } from '../src/protocols/http/refusals.ts';

it('keeps the prototypes of requests and responses, each of its own application', async () => {
  const answers: unknown[] = [];
  for (const name of ['one', 'other']) {
    const app = express().set('name', name);
    const listener = await listen(() => {}, {
      host: '127.0.0.1',
      port: 0,
      variable: 'PORT',
      isShared: false,
      keepAliveTimeoutMs: 1000,
      headersTimeoutMs: 1000,
      requestTimeoutMs: 1000,
      stallTimeoutMs: 1000,
      maxConnections: 10,
      refusals: new Refusals(),
    });
    onTestFinished(async () => void (await listener.close(0)));
    adopt(app, listener.messages);
    let changed: boolean | undefined;
    listener.handleWith((req, res) => {
      const before = [req, res].map(Object.getPrototypeOf);
      Reflect.apply(app, undefined, [req, res]);
      changed = [req, res].some((one, i) => Object.getPrototypeOf(one) !== before[i]);
    });
    app.get('/', (req, res) => void res.json({ name: req.app.get('name'), path: req.path }));
    const answer = await fetch(`http://127.0.0.1:${listener.port}/`);
    answers.push(await answer.json(), changed);
  }
  expect(answers).toEqual([{ name: 'one', path: '/' }, false, { name: 'other', path: '/' }, false]);
});
