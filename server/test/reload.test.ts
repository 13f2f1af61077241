// A model that is replaced while it is served: no request is lost, and what must not be served is not.
import { execFileSync } from 'node:child_process';
import { cpSync, mkdtempSync, rmSync, symlinkSync, utimesSync, writeFileSync } from 'node:fs';
import { rename } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { describe, expect, it, onTestFinished } from 'vitest';
import v1 from '../../model/v1/golden.json' with { type: 'json' };
import v2 from '../../model/v2/golden.json' with { type: 'json' };
import { type Running, start, testModel } from './start.ts';

const models = fileURLToPath(new URL('../../model/', import.meta.url));
const timeout = 20_000;

/** A directory that holds iris v1 at first, and a server that looks at it every second. */
async function reloading(env: Readonly<Record<string, string>> = {}) {
  const directory = mkdtempSync(path.join(tmpdir(), 'reload-'));
  onTestFinished(() => rmSync(directory, { recursive: true }));
  put(directory, path.join(models, 'v1'));
  const server = await start({ MODEL_DIR: directory, MODEL_RELOAD_SECONDS: '1', ...env });
  return { directory, server };
}

function put(directory: string, from: string): void {
  cpSync(from, directory, { recursive: true });
}

const reloadOf = async ({ http }: Running) => (await http.get('/model')).body.reload;
const untilReplaced = (server: Running, times: number) =>
  expect.poll(() => reloadOf(server), { timeout }).toMatchObject({ replaced: times });
const untilRefused = (server: Running, why: RegExp) =>
  expect
    .poll(() => reloadOf(server), { timeout })
    .toMatchObject({ refusal: expect.stringMatching(why) });

const predicted = async (server: Running) =>
  (await server.predict({ inputs: v1.inputs })).body.prediction;

describe('a model whose directory holds another one', () => {
  it.each(['inline', 'workers'])(
    'is replaced by it, between two requests of many: %s',
    async (ENGINE) => {
      const { directory, server } = await reloading({ ENGINE, WORKERS: '1', LOG_LEVEL: 'info' });
      const before = await reloadOf(server);
      let asking = true;
      const seen = new Set<string>();
      const client = async () => {
        while (asking) {
          const { status, body, headers } = await server.predict({ inputs: v1.inputs });
          seen.add(`${status} ${headers['ml-model-version']} ${JSON.stringify(body.prediction)}`);
        }
      };
      const clients = Promise.all(Array.from({ length: 4 }, client));
      put(directory, path.join(models, 'v2'));
      await untilReplaced(server, 1);
      put(directory, path.join(models, 'v1'));
      await untilReplaced(server, 2);
      asking = false;
      await clients;
      // Nothing but the whole predictions of the one or of the other, under the version that the process serves.
      const of = (golden: typeof v1) => `200 v1 ${JSON.stringify(golden.prediction)}`;
      expect([...seen].sort()).toEqual([of(v1), of(v2)].sort());
      const after = await reloadOf(server);
      expect(after).toEqual({ replaced: 2, refused: 0, since: expect.any(String) });
      expect(Date.parse(after.since)).toBeGreaterThan(Date.parse(before.since));
      expect(server.logs.filter(({ goldenRows }) => goldenRows === 150)).toHaveLength(2);
      const metrics = await (await fetch(`${server.url}/metrics`)).text();
      expect(metrics).toContain(
        'ml_api_model_reloads_total{outcome="replaced",model="iris",model_version="v1",version="v1"} 2',
      );
      // What it was checked with was nobody's request.
      const rows = /^ml_api_predictions_total.* (\d+)$/gm;
      const counted = [...metrics.matchAll(rows)].reduce(
        (sum, [, count]) => sum + Number(count),
        0,
      );
      expect(counted % 150).toBe(0);
    },
    60_000,
  );

  it('ends the calls that the one before took', async () => {
    const { directory, server } = await reloading({
      BATCHING: 'off',
      WORKERS: '1',
      MODEL_RELOAD_CONTRACT: 'any',
    });
    put(directory, testModel('heavy'));
    rmSync(path.join(directory, 'model.json'));
    rmSync(path.join(directory, 'golden.json'));
    await untilReplaced(server, 1);
    const row = Array<number>(1024).fill(1);
    let replacing = true;
    const statuses = new Set<number>();
    const client = async () => {
      while (replacing) statuses.add((await server.predict({ inputs: row })).status);
    };
    const clients = Promise.all(Array.from({ length: 3 }, client));
    put(directory, testModel('line'));
    await untilReplaced(server, 2);
    replacing = false;
    await clients;
    // 422: three numbers are expected from then on.
    expect(statuses).toContain(200);
    expect([...statuses].filter((status) => ![200, 422].includes(status))).toEqual([]);
    expect((await server.predict({ inputs: [1, 2, 3] })).body).toEqual({ prediction: [2.5] });
  }, 60_000);

  it('takes a link that leads elsewhere for what it leads to, and the same files for the same', async () => {
    const root = mkdtempSync(path.join(tmpdir(), 'reload-'));
    onTestFinished(() => rmSync(root, { recursive: true }));
    for (const name of ['v1', 'v2']) put(path.join(root, name), path.join(models, name));
    put(path.join(root, 'v1-again'), path.join(models, 'v1'));
    const current = path.join(root, 'current');
    const point = async (name: string) => {
      symlinkSync(name, `${current}.next`);
      await rename(`${current}.next`, current);
    };
    await point('v1');
    const server = await start({ MODEL_DIR: current, MODEL_RELOAD_SECONDS: '1' });
    await point('v1-again');
    utimesSync(path.join(root, 'v1-again/model.onnx'), 1, 1);
    await sleep(4000);
    expect(await reloadOf(server)).toMatchObject({ replaced: 0, refused: 0 });
    await point('v2');
    await untilReplaced(server, 1);
    expect(await predicted(server)).toEqual(v2.prediction);
  }, 60_000);

  it('may stand among what is no file, and links that lead round in circles', async () => {
    const { directory, server } = await reloading();
    execFileSync('mkfifo', [path.join(directory, 'pipe')]);
    for (const name of ['a', 'b', 'c']) symlinkSync('.', path.join(directory, name));
    symlinkSync('/dev/zero', path.join(directory, 'zero'));
    put(directory, path.join(models, 'v2'));
    await untilReplaced(server, 1);
    expect(await predicted(server)).toEqual(v2.prediction);
    await server.stop();
  }, 60_000);

  it('is left alone while it is being written', async () => {
    const { directory, server } = await reloading();
    const bytes = Buffer.alloc(1000);
    for (let i = 0; i < 10; i++) {
      writeFileSync(path.join(directory, 'model.onnx'), bytes.subarray(0, 100 * i));
      await sleep(400);
    }
    expect(await reloadOf(server)).toMatchObject({ replaced: 0, refused: 0 });
    put(directory, path.join(models, 'v2'));
    await untilReplaced(server, 1);
    expect(await reloadOf(server)).toMatchObject({ refused: 0 });
  }, 60_000);
});

describe('what must not be served is refused, and the model before it is served on', () => {
  const brokenGolden = JSON.stringify({ ...v2, prediction: v1.prediction });
  const unloadable = /^it cannot be loaded; the log says why\.$/;
  it.each<[string, (directory: string) => void, RegExp, RegExp?]>([
    [
      'what is no model',
      (directory) => writeFileSync(path.join(directory, 'model.onnx'), 'no model'),
      /model\.onnx/,
      unloadable,
    ],
    [
      'a directory without a model',
      (directory) => rmSync(path.join(directory, 'model.onnx')),
      /There is no model at .*model\.onnx/,
      unloadable,
    ],
    [
      'a broken model.json',
      (directory) => writeFileSync(path.join(directory, 'model.json'), '{"labels":['),
      /model\.json/,
      unloadable,
    ],
    [
      'a model with the golden predictions of another',
      (directory) => {
        put(directory, path.join(models, 'v2'));
        writeFileSync(path.join(directory, 'golden.json'), brokenGolden);
      },
      /golden\.json: \d+ of 150 rows differ; the first: row \d+, prediction: expected/,
    ],
    [
      'a model with other inputs',
      (directory) => {
        rmSync(path.join(directory, 'golden.json'));
        put(directory, testModel('line'));
      },
      /the contract would break: its (name|task|inputs) would be/,
    ],
    [
      'a model with other inputs than the golden predictions beside it',
      (directory) => put(directory, testModel('line')),
      /golden\.json does not fit the model: its "\w+" has the shape \[150, 4\], and the model takes/,
      /it cannot be loaded; the log says why/,
    ],
    [
      'a model with other labels',
      (directory) => {
        const manifest = { name: 'iris', labels: ['a', 'b', 'c'] };
        writeFileSync(path.join(directory, 'model.json'), JSON.stringify(manifest));
      },
      /the contract would break: its labels would be \["a","b","c"\]/,
    ],
  ])(
    '%s',
    async (_name, spoil, why, told = why) => {
      const { directory, server } = await reloading({ LOG_LEVEL: 'info' });
      const { body } = await server.http.get('/model');
      spoil(directory);
      await untilRefused(server, told);
      expect(await predicted(server)).toEqual(v1.prediction);
      const after = (await server.http.get('/model')).body;
      expect(after.contractHash).toBe(body.contractHash);
      expect(after.reload).toMatchObject({ replaced: 0, refused: 1 });
      expect(server.logs).toContainEqual(
        expect.objectContaining({ level: 50, reason: expect.stringMatching(why) }),
      );
      const refused = /^ml_api_model_reload_refused\{.*\} (\d)$/m;
      const metrics = await (await fetch(`${server.url}/metrics`)).text();
      expect(refused.exec(metrics)?.[1]).toBe('1');

      // Mended: by what was there, or by another one.
      put(directory, path.join(models, 'v1'));
      await expect.poll(() => reloadOf(server), { timeout }).not.toHaveProperty('refusal');
      expect(await reloadOf(server)).toMatchObject({ replaced: 0 });
      put(directory, path.join(models, 'v2'));
      await untilReplaced(server, 1);
      expect(await predicted(server)).toEqual(v2.prediction);
    },
    60_000,
  );
});

it('a process that is told to end while a model is loaded ends as always', async () => {
  const { directory, server } = await reloading();
  put(directory, path.join(models, 'v2'));
  await sleep(2100); // it may be loading now
  await server.stop();
}, 60_000);
