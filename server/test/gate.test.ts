// The promotion gate, asking a server that answers as Prometheus documents it; a real one is asked in the e2e suite.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { readGateArguments } from '../src/commands/gate/arguments.ts';
import { run } from './program.ts';

interface Figures {
  readonly compared?: number;
  readonly disagreed?: number;
  readonly requests?: number;
  readonly failed?: number;
  readonly p99?: number | 'NaN';
}

/** A Prometheus with these figures of v2. @returns its URL and the queries that it gets */
async function prometheus(figures: Figures, status = 200, token?: string) {
  const queries: string[] = [];
  const server = createServer((req, res) => {
    if (token !== undefined && req.headers.authorization !== `Bearer ${token}`)
      return void res.writeHead(401).end('no');
    const query = new URL(req.url ?? '', 'http://p').searchParams.get('query') ?? '';
    queries.push(query);
    const value = figureOf(query, figures);
    const result =
      value === undefined ? [] : [{ metric: {}, value: [1764000000.1, String(value)] }];
    const body = { status: 'success', data: { resultType: 'vector', result } };
    res.writeHead(status).end(status === 200 ? JSON.stringify(body) : 'no');
  }).listen(0, '127.0.0.1');
  await new Promise((resolve) => server.once('listening', resolve));
  onTestFinished(() => void server.close());
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, queries };
}

function figureOf(query: string, { compared, disagreed, requests, failed, p99 }: Figures) {
  if (query.startsWith('histogram_quantile')) return p99;
  if (query.includes('ml_api_shadow_rows_total'))
    return query.includes('disagreed') ? disagreed : compared;
  return query.includes('5..') ? failed : requests;
}

const series = 'namespace="models",pod=~"ml-api-.+"';
const gate = async (figures: Figures, ...limits: string[]) => {
  const { url, queries } = await prometheus(figures);
  const args = [`--prometheus=${url}/`, `--series=${series}`, '--version=v2', ...limits];
  return { ...(await run(['gate', ...args])), queries };
};

describe('the gate', () => {
  const good: Figures = { compared: 5000, disagreed: 20, requests: 6000, failed: 0, p99: 0.02 };
  const limits = ['--max-disagreement=0.01', '--max-error-ratio=0.01', '--max-latency-seconds=0.5'];

  it('lets a version pass whose figures are within the limits, and tells them', async () => {
    const { code, stdout, queries } = await gate(good, ...limits);
    expect(stdout).toBe(
      'ok      v2: 20 of 5000 rows disagree: 0.40 %, at most 1.00 % (maxDisagreement)\n' +
        'ok      v2: 0 of 6000 requests failed: 0.00 %, at most 1.00 % (maxErrorRatio)\n' +
        'ok      v2: 99 % of the requests within 20.0 ms, at most 500 ms (maxLatencySeconds)\n' +
        '\nThe promotion may go on.\n',
    );
    expect(code).toBe(0);
    const range = `ml_api_shadow_rows_total{${series},challenger="v2"}[30m]`;
    const started = `min_over_time(process_start_time_seconds{${series}}[30m])`;
    expect(queries[0]).toBe(
      `sum(increase(${range}) and resets(${range}) > 0` +
        ` or max_over_time(${range}) and on (instance, pod) (${started} > time() - 1800)` +
        ` or max_over_time(${range}) - min_over_time(${range}))`,
    );
  });

  it.each<[string, Figures, RegExp]>([
    [
      'disagreement',
      { disagreed: 61 },
      /REFUSED v2: 61 of 5000 rows disagree: 1\.22 %, more than 1\.00 % \(maxDisagreement\)/,
    ],
    [
      'errors',
      { failed: 600 },
      /REFUSED v2: 600 of 6000 requests failed: 10\.00 %, more than 1\.00 %/,
    ],
    [
      'latency',
      { p99: 0.75 },
      /REFUSED v2: 99 % of the requests within 750\.0 ms, more than 500 ms/,
    ],
    [
      'too few rows',
      { compared: 12 },
      /TOO FEW v2: 12 rows compared by a shadow in the last 30m; expected at least 1000/,
    ],
    ['too few requests', { requests: 0 }, /TOO FEW v2: 0 requests answered in the last 30m/],
    ['no latency', { p99: 'NaN' }, /TOO FEW v2: no response was timed in the last 30m/],
  ])('refuses for %s', async (_what, figures, message) => {
    const { code, stdout, stderr } = await gate({ ...good, ...figures }, ...limits);
    expect(stdout).toMatch(message);
    expect(stderr).toMatch(/The weight is not raised, and nothing has changed/);
    expect(code).toBe(1);
  });

  it('refuses where Prometheus knows nothing of the version', async () => {
    const { code, stdout } = await gate({}, ...limits);
    expect(stdout.match(/TOO FEW/g)).toHaveLength(3);
    expect(code).toBe(1);
  });

  it('lets a version pass that few have asked, where that is allowed, but none that failed', async () => {
    const few = { compared: 12, requests: 7, p99: 'NaN' } as const;
    const allowed = await gate({ ...good, ...few }, ...limits, '--on-too-few-rows=allow');
    expect(allowed.stdout).toMatch(
      /^TOO FEW v2: 12 rows .*; allowed \(onTooFewRows\)\nTOO FEW v2: 7 requests .*\nTOO FEW v2: no response .*\n\nThe promotion may go on\.\n$/,
    );
    expect(allowed.code).toBe(0);
    const held = await gate({ ...good, ...few }, ...limits);
    expect(held.stderr).toContain('Wait for more requests, or set promotion.gate.onTooFewRows');
    const failed = await gate(
      { ...good, compared: 12, failed: 600 },
      ...limits,
      '--on-too-few-rows=allow',
    );
    expect(failed.stdout).toMatch(/TOO FEW v2: 12 rows.*\nREFUSED v2: 600 of 6000/);
    expect(failed.code).toBe(1);
  });

  describe('where the chart has deployed what versions have', () => {
    const bad: Figures = { ...good, failed: 600 };
    const deployed = (content: unknown) => {
      const folder = mkdtempSync(path.join(tmpdir(), 'gate-'));
      onTestFinished(() => rmSync(folder, { recursive: true }));
      const file = path.join(folder, 'deployed.json');
      if (content !== undefined)
        writeFileSync(file, typeof content === 'string' ? content : JSON.stringify(content));
      return `--deployed=${file}`;
    };
    const now = { default: 'v1', weights: { v1: 9, v2: 1 } };

    it.each([
      ['the same share', now, 'v1=90,v2=10'],
      ['a smaller one', now, 'v1=95,v2=5'],
      ['none', now, 'v1=1'],
      ['all, as the way back to the default version', { ...now, default: 'v2' }, 'v2=1'],
    ])(
      'asks Prometheus nothing for a version that is to get %s',
      async (_what, content, weights) => {
        const { code, stdout, queries } = await gate(
          bad,
          ...limits,
          deployed(content),
          `--weights=${weights}`,
        );
        expect(stdout).toBe(
          'No version gets more of the requests than it has, so nothing is looked at.\n',
        );
        expect([code, queries]).toEqual([0, []]);
      },
    );

    it.each([
      ['more', now, 'v1=89,v2=11'],
      ['some, for the first time', { default: 'v1', weights: { v1: 1 } }, 'v1=99,v2=1'],
      ['some, and nobody knows what it had', undefined, 'v1=90,v2=10'],
      ['some, where all had none', { default: 'v1', weights: { v1: 0, v2: 0 } }, 'v1=99,v2=1'],
      ['all, as it becomes the default one', { default: 'v1', weights: { v1: 1 } }, 'v2=1'],
      ['all, as it becomes the default one after a share', now, 'v2=1'],
    ])('looks at a version that is to get %s', async (_what, content, weights) => {
      const { code, stdout } = await gate(
        bad,
        ...limits,
        deployed(content),
        `--weights=${weights}`,
        `--first-default=${content === undefined ? 'v1' : 'v2'}`,
      );
      expect(stdout).toMatch(/REFUSED v2: 600 of 6000/);
      expect(code).toBe(1);
    });

    it('looks at no first default version where nothing is deployed, so that it can be installed', async () => {
      const { code, stdout, queries } = await gate(
        bad,
        ...limits,
        deployed(undefined),
        '--weights=v2=1',
        '--first-default=v2',
      );
      expect(stdout).toMatch(/^No version gets more/);
      expect([code, queries]).toEqual([0, []]);
    });

    it.each([
      '',
      '[]',
      '{"default":"v1"}',
      { default: 'v1', weights: { v1: '1' } },
      { default: 1, weights: {} },
      { default: 'v1', weights: { v1: -1 } },
    ])('says what it expected in place of %j', async (content) => {
      const { code, stderr } = await gate(good, ...limits, deployed(content), '--weights=v1=1');
      expect(stderr).toMatch(/^--deployed: expected .*deployed\.json to hold \{"default": VERSION/);
      expect(code).toBe(3);
    });
  });

  describe('with a Prometheus that asks for a token', () => {
    const ask = async (held?: string) => {
      const { url } = await prometheus(good, 200, 'a.secret');
      const folder = mkdtempSync(path.join(tmpdir(), 'gate-'));
      onTestFinished(() => rmSync(folder, { recursive: true }));
      const file = path.join(folder, 'token');
      if (held !== undefined) writeFileSync(file, held);
      const option = held === undefined ? [] : [`--token-file=${file}`];
      const args = [`--prometheus=${url}`, `--series=${series}`, '--version=v2', ...option];
      return await run(['gate', ...args, ...limits]);
    };

    it('has it from a file', async () => {
      expect((await ask('a.secret\n')).code).toBe(0);
    });

    it.each([
      [undefined, 'answered 401: it asks for a token; set promotion.gate.existingSecret'],
      ['another', 'answered 401: it does not take the token of promotion.gate.existingSecret'],
      ['', 'to hold one token, without spaces, found nothing.'],
      ['two words', 'to hold one token, without spaces, found something else.'],
      ['a\r\nX-Other: b', 'to hold one token, without spaces, found something else.'],
    ])('promotes nothing with %j, and shows no token', async (held, why) => {
      const { code, stderr } = await ask(held);
      expect(stderr).toContain(why);
      expect(stderr).not.toContain('another');
      expect(code).toBe(3);
    });
  });

  it('looks only at what has a limit', async () => {
    const { code, queries } = await gate({ p99: 0.1 }, '--max-latency-seconds=0.5');
    expect(code).toBe(0);
    expect(queries).toHaveLength(1);
  });

  it('refuses where Prometheus does not answer rightly', async () => {
    const { url } = await prometheus({}, 503);
    const { code, stderr } = await run([
      ...['gate', `--prometheus=${url}`, '--series=a="b"', '--version=v2', '--max-error-ratio=1'],
    ]);
    expect(stderr).toMatch(/Prometheus at http:.* answered 503 to sum\(increase\(.*: no/);
    expect(code).toBe(3);
  });
});

it.each(['30m', '1d', '2w', '1h30m', '500ms'])('the gate looks back for %s', (window) => {
  const limit = '--max-error-ratio=0.1';
  const args = [
    '--prometheus=http://p',
    '--series=a="b"',
    '--version=v2',
    `--window=${window}`,
    limit,
  ];
  expect(readGateArguments(args).window).toBe(window);
});

describe('the gate refuses options', () => {
  const all = ['--prometheus=http://p', '--series=a="b"', '--version=v2'];
  it.each([
    [all.slice(1), '--prometheus URL is missing'],
    [
      [...all.slice(1), '--prometheus=nowhere'],
      '--prometheus: expected a URL such as http://prometheus:9090',
    ],
    [[all[0], all[2]], '--series SELECTOR is missing'],
    [all.slice(0, 2), '--version V is missing'],
    [[...all, '--window=soon'], '--window: expected a duration such as 30m, got "soon"'],
    [[...all, '--weights=v1'], '--weights: expected weights such as v1=90,v2=10, got "v1"'],
    [[...all, '--weights=v1=-1'], '--weights: expected weights such as v1=90,v2=10'],
    [[...all, '--min-rows=-1'], '--min-rows: expected a number from 0'],
    [
      [...all, '--max-disagreement=2'],
      '--max-disagreement: expected a number from 0 to 1, got "2"',
    ],
    [[...all, '--on-too-few-rows=skip'], '--on-too-few-rows: expected hold or allow, got "skip"'],
    [[...all, '--max-error-ratio='], '--max-error-ratio: expected a number from 0 to 1, got ""'],
    [[...all, '--max-latency-seconds=10'], '--max-latency-seconds: expected less than 10,'],
    [all, 'No limit is set, so the gate would let everything pass'],
    [[...all, '--what'], "Unknown option '--what'"],
  ])('%s', async (args, message) => {
    const { code, stderr } = await run(['gate', ...args.map(String)]);
    expect(stderr).toContain(message);
    expect(stderr).toMatch(/\. Run ml-api gate --help to see how it is used\.\n$/);
    expect(code).toBe(2);
  });
});
