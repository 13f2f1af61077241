// `verify --completion`, by which `helm test` asks a server of an LLM. The server is a stand-in; a real one is in test/e2e/llm.slow.ts.
import { once } from 'node:events';
import { mkdtempSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { text } from 'node:stream/consumers';
import { expect, it, onTestFinished } from 'vitest';
import { run } from './program.ts';

type Call = {
  readonly path: string;
  readonly authorization: string | undefined;
  readonly body: string;
};
type Answer = { readonly status?: number; readonly body: string };

/** A server that gives these answers by path, and the calls it got. */
async function serverOf(answers: Readonly<Record<string, Answer>>) {
  const calls: Call[] = [];
  const server = createServer(async (request, response) => {
    const { url = '', headers } = request;
    calls.push({ path: url, authorization: headers.authorization, body: await text(request) });
    const { status = 200, body } = answers[url] ?? { status: 404, body: 'nothing here' };
    response.writeHead(status, { 'content-type': 'application/json' }).end(body);
  }).listen(0, '127.0.0.1');
  onTestFinished(() => void server.close());
  await once(server, 'listening');
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/v1`;
  return { calls, url };
}

const models = { body: '{"data":[{"id":"tiny"},{"id":"other"}]}' };
const completion = { body: '{"choices":[{}],"usage":{"completion_tokens":8}}' };

it('asks the first model for a few tokens, with the first key of the file', async () => {
  const { calls, url } = await serverOf({
    '/v1/models': models,
    '/v1/chat/completions': completion,
  });
  const file = path.join(mkdtempSync(path.join(tmpdir(), 'keys-')), 'keys');
  writeFileSync(file, 'k1\nk2\n');
  const { code, stdout, stderr } = await run([
    ...['verify', '--completion', `service=${url}/`, '--api-key-file', file],
  ]);
  expect([code, stderr]).toEqual([0, '']);
  expect(stdout).toContain('ok      service: completion: tiny completes a message with 8 tokens\n');
  expect(calls.map((call) => [call.path, call.authorization])).toEqual([
    ['/v1/models', 'Bearer k1'],
    ['/v1/chat/completions', 'Bearer k1'],
  ]);
  expect(JSON.parse(calls[1]?.body ?? '')).toMatchObject({ model: 'tiny', max_tokens: 8 });
});

it.each([
  ['no models', { '/v1/models': { body: '{"data":[]}' } }, 'the server names no model in /models'],
  ['no list', { '/v1/models': { body: '{"data":7}' } }, 'the server names no model in /models'],
  [
    'no JSON',
    { '/v1/models': { body: '<html>' } },
    '/v1/models answered 200 without a JSON object',
  ],
  [
    'a refusal',
    { '/v1/models': { status: 401, body: '{"error":"key"}' } },
    '/v1/models answered 401: {"error":"key"}',
  ],
  [
    'a completion of nothing',
    { '/v1/models': models, '/v1/chat/completions': { body: '{"choices":[{}]}' } },
    'expected a completion of at least one token, got none',
  ],
  [
    'a completion without a choice',
    {
      '/v1/models': models,
      '/v1/chat/completions': { body: '{"choices":[],"usage":{"completion_tokens":8}}' },
    },
    'expected a completion with a choice, got one with none',
  ],
])('fails for %s, and says so', async (_, answers, message) => {
  const { url } = await serverOf(answers);
  const { code, stdout } = await run(['verify', '--completion', `service=${url}`]);
  expect(code).toBe(1);
  expect(stdout).toContain('FAILED  service: completion: ');
  expect(stdout).toContain(message);
});
