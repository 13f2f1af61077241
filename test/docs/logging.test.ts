// docs/logging.md names the fields that a request's log line has, and no others.
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { type Running, start, testModel } from '../../server/test/start.ts';

const page = readFileSync(path.resolve(import.meta.dirname, '../../docs/logging.md'), 'utf8');
const documented = new Map(
  Array.from(page.matchAll(/^\| `(\w+)` \| (\w+) \|/gm), ([, name = '', type = '']) => [
    name,
    type,
  ]),
);
const everyLine = { level: 'number', time: 'number', msg: 'string' };

type Line = Readonly<Record<string, unknown>>;
const requestsOf = ({ logs }: Running) => logs.filter(({ msg }) => msg === 'request');
const typesOf = (line: Line) =>
  Object.fromEntries(Object.entries(line).map(([name, value]) => [name, typeof value]));

const row = { inputs: [5.1, 3.5, 1.4, 0.2] };
const traceId = '4bf92f3577b34da6a3ce929d0e0e4736';
const traced = { traceparent: `00-${traceId}-00f067aa0ba902b7-01` };

/** Lines of requests that succeed, fail, are passed on and are left out. */
async function linesOfAllKinds(): Promise<Line[]> {
  const failing = await start({ MODEL_DIR: testModel('fails-on-some-rows') });
  expect((await failing.predict({ inputs: [99] })).status).toBe(500);

  const limited = await start({ LOG_RATE: '1' });
  await expect
    .poll(async () => {
      await limited.predict(row);
      return requestsOf(limited).some((line) => 'suppressed' in line);
    })
    .toBe(true);

  const v2 = await start({ LOG_RATE: '0', BASE_PATH: '/v2' });
  const v1 = await start({ LOG_RATE: '0', SPLIT: `v1=0,v2=100@${v2.url}/v2` });
  await v1.predict(row).set(traced).expect(200);
  await v1.predict({ inputs: 1 }).expect(422);
  await v1.http.get('/nowhere').expect(404);
  await expect.poll(() => requestsOf(v1).length).toBe(3);
  expect(requestsOf(v1)[2]).toMatchObject({ route: 'other', status: 404 });
  expect(requestsOf(v2)[0]).toMatchObject({ requestId: traceId, traceId }); // it was passed on
  await expect.poll(() => requestsOf(failing).length).toBe(1);
  return [failing, limited, v1, v2].flatMap(requestsOf);
}

describe('docs/logging.md', () => {
  it('has the fields of a log line, with their types, and no others', async () => {
    const found = Object.assign({}, ...(await linesOfAllKinds()).map(typesOf));
    expect(found).toEqual({ ...Object.fromEntries(documented), ...everyLine });
  });

  it('shows a line that is one', async () => {
    const server = await start();
    await server.predict(row).set(traced).expect(200);
    await expect.poll(() => requestsOf(server).length).toBe(1);
    const [, shown = ''] = /^```json\n(.*)\n```$/m.exec(page) ?? [];
    const [line = {}] = requestsOf(server);
    const times = ['time', 'durationMs', 'queueMs', 'inferenceMs'];
    const timeless = (one: Line) =>
      Object.entries(one).map(([name, value]) => [name, times.includes(name) ? 'a time' : value]);
    expect(timeless(JSON.parse(shown))).toEqual(timeless(line));
  });
});
