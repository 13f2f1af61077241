// Where a model runs, and that a heavy one blocks nobody.
import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { Worker } from 'node:worker_threads';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { readResources } from '../src/runtime/resources.ts';
import { start, testModel } from './start.ts';

describe('the engine', () => {
  it('is inline for a model of microseconds', async () => {
    const { served } = await start();
    expect(served.serving.engine).toMatchObject({ kind: 'inline', workers: 0, intraOpThreads: 1 });
  });

  it('is worker threads for a heavy model, which leaves the server answering while it runs', async () => {
    const { served, predict, http } = await start({
      MODEL_DIR: testModel('heavy'),
      LOG_LEVEL: 'silent',
    });
    expect(served.serving.engine.kind).toBe('workers');
    const inputs = Array<number>(1024).fill(1);
    let done = 0;
    const predictions = Array.from({ length: 4 }, () =>
      predict({ inputs }).then(({ body }) => {
        done++;
        return body.prediction[0][0];
      }),
    );
    // Were a run on the main thread, no probe could come between the predictions.
    let probes = 0;
    while (done < 4) {
      await http.get('/livez').expect(200, 'ok');
      probes++;
    }
    expect(probes).toBeGreaterThan(4);
    expect(new Set(await Promise.all(predictions)).size).toBe(1);
  });

  it('gives the same answers inline and on worker threads', async () => {
    const env = { MODEL_DIR: testModel('every-datatype'), LOG_LEVEL: 'silent' };
    const inputs = {
      float16: [0.5, -65504],
      float: [3.4028234663852886e38, 1.401298464324817e-45],
      double: [Number.MAX_VALUE, Number.MIN_VALUE],
      int8: [-128, 127],
      uint8: [0, 255],
      int16: [-32768, 32767],
      uint16: [0, 65535],
      int32: [-2147483648, 2147483647],
      uint32: [0, 4294967295],
      int64: [Number.MIN_SAFE_INTEGER, Number.MAX_SAFE_INTEGER],
      uint64: [0, Number.MAX_SAFE_INTEGER],
      bool: [true, false],
      string: ['', 'žluťoučký 🐴'],
    };
    const expected = Object.fromEntries(
      Object.entries(inputs).map(([name, row]) => [`${name}_out`, [row]]),
    );
    for (const ENGINE of ['inline', 'workers']) {
      const { predict } = await start({ ...env, ENGINE });
      const { body } = await predict({ inputs, outputs: true });
      expect(body.outputs).toEqual(expected);
    }
  });

  it('uses as many workers and threads as it is told', async () => {
    const { served } = await start({
      ENGINE: 'workers',
      WORKERS: '3',
      INTRA_OP_THREADS: '2',
      LOG_LEVEL: 'silent',
    });
    expect(served.serving.engine).toMatchObject({
      kind: 'workers',
      workers: 3,
      intraOpThreads: 2,
      concurrency: 3,
    });
  });
});

describe('what was tried at the start decides', () => {
  it('on worker threads, where nothing is batched and a request may have many rows', async () => {
    const env = {
      BATCHING: 'off',
      MAX_ROWS: '100000',
      QUEUE_MAX_ROWS: '100000',
      LOG_LEVEL: 'silent',
    };
    const { served } = await start(env);
    expect(served.serving.engine.kind).toBe('workers');
  });

  it('against batching, where one batch size among many gives other outputs', async () => {
    const { served } = await start({
      MODEL_DIR: testModel('differs-at-3'),
      LOG_LEVEL: 'silent',
    });
    expect(served.serving).toMatchObject({
      batching: false,
      batchingReason: 'outputs in a batch differ from those of single rows by up to 1.0',
    });
  });
});

it('sends a worker thread no more than the rows that it runs', async () => {
  let sent = 0;
  const { postMessage } = Worker.prototype;
  const spy = vi.spyOn(Worker.prototype, 'postMessage').mockImplementation(function (
    this: Worker,
    message,
    transfer,
  ) {
    const values: { data?: unknown }[] = message === 'close' ? [] : Object.values(message);
    for (const { data } of values) sent += ArrayBuffer.isView(data) ? data.buffer.byteLength : 0;
    postMessage.call(this, message, transfer);
  });
  onTestFinished(() => spy.mockRestore());
  const { predict } = await start({
    ENGINE: 'workers',
    BATCHING: 'on',
    BATCH_MAX_ROWS: '10',
    LOG_LEVEL: 'silent',
  });
  sent = 0; // what was tried at the start
  const rows = 1000;
  const inputs = Array<number[]>(rows).fill([5.1, 3.5, 1.4, 0.2]);
  expect((await predict({ inputs })).body.prediction).toEqual(Array(rows).fill(0));
  expect(sent).toBe(rows * 4 * Float32Array.BYTES_PER_ELEMENT);
});

describe('models of other shapes', () => {
  it('takes one row at a time where dimension 0 is 1, with or without that dimension', async () => {
    const { predict } = await start({ MODEL_DIR: testModel('one-image'), LOG_LEVEL: 'silent' });
    const image = [
      [
        [0, 255],
        [0, 255],
      ],
      [
        [1, 1],
        [1, 1],
      ],
      [
        [2, 4],
        [6, 8],
      ],
    ];
    const expected = { prediction: [[127.5, 1, 5]] };
    expect((await predict({ inputs: image })).body).toEqual(expected);
    expect((await predict({ inputs: [image] })).body).toEqual(expected);
    const two = await predict({ inputs: [image, image] });
    expect(two.body.detail).toBe('/inputs: expected a batch of exactly 1 row, got 2');
  });

  it('takes whole tensors and scalars where there are no rows', async () => {
    const { predict } = await start({
      MODEL_DIR: testModel('state-and-scalar'),
      LOG_LEVEL: 'silent',
    });
    const state = [[[1, 2, 3]], [[4, 5, 6]]];
    const { body } = await predict({ inputs: { state, rate: 2 } });
    expect(body).toEqual({ prediction: [[[2, 4, 6]], [[8, 10, 12]]] });
  });

  it('finds the class of a model that gives scores alone', async () => {
    const { predict } = await start({ MODEL_DIR: testModel('scores'), LOG_LEVEL: 'silent' });
    const { body } = await predict({
      inputs: [
        [0, 5, 1],
        [9, 0, 0],
      ],
      labels: true,
      probabilities: true,
    });
    expect(body).toMatchObject({ prediction: [1, 0], labels: ['green', 'red'] });
    expect(body.probabilities[1][0]).toBeCloseTo(1, 3);
  });

  it('guesses a regression where there is one number a row', async () => {
    const { predict, served } = await start({
      MODEL_DIR: testModel('not-a-number'),
      LOG_LEVEL: 'silent',
    });
    expect(served.model.task).toBe('regression');
    expect((await predict({ inputs: [[1], [1]] })).body).toEqual({ prediction: [0, 0] });
  });
});

describe('the resources granted', () => {
  const cgroup = (files: Record<string, string>) => {
    const root = mkdtempSync(path.join(tmpdir(), 'cgroup-'));
    for (const [name, content] of Object.entries(files))
      writeFileSync(path.join(root, name), content);
    return root;
  };

  it('are read from cgroup version 2', () => {
    const root = cgroup({ 'cpu.max': '50000 100000\n', 'memory.max': '536870912\n' });
    expect(readResources(root)).toEqual({ cpus: 0.5, memoryBytes: 536870912 });
  });

  it('are those of the machine where the cgroup has no limit, or there is none', () => {
    const free = readResources(cgroup({ 'cpu.max': 'max 100000\n', 'memory.max': 'max\n' }));
    expect(free).toEqual(readResources('/nowhere'));
    expect(free.cpus).toBeGreaterThanOrEqual(1);
  });
});

describe('execution providers', () => {
  it.each(['inline', 'workers'])(
    'that do not work here are logged and left out where falling back is allowed: %s',
    async (ENGINE) => {
      const { predict, http, logs } = await start({
        ENGINE,
        EXECUTION_PROVIDERS: 'tensorrt,cuda',
        EXECUTION_PROVIDER_FALLBACK: 'on',
        LOG_LEVEL: 'warn',
      });
      expect(logs).toMatchObject(
        ['tensorrt', 'cuda'].map((provider) => ({
          level: 40,
          provider,
          reason: expect.stringMatching(/\S/),
          executionProviders: ['cpu'],
          msg: expect.stringContaining('serving goes on without it'),
        })),
      );
      const { body } = await http.get('/model');
      expect(body.serving.executionProviders).toEqual(['cpu']);
      expect((await predict({ inputs: [5.1, 3.5, 1.4, 0.2] })).body.prediction).toEqual([0]);
    },
  );
});
