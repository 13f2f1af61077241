// examples/web-app, as far as it needs no browser; test/browser/web-app.test.ts has the rest.
import { expect, it } from 'vitest';
import { expectClientInStep, npmRun } from './example.ts';

it('has the client of its model', () => expectClientInStep('web-app'));

it('compiles, and is built', async () => {
  const { code, stdout, stderr } = await npmRun('web-app', 'build');
  expect(code, stdout + stderr).toBe(0);
});
