// TRAFFIC_FILE: how versions share the traffic changes while they serve.
import { createHash } from 'node:crypto';
import { mkdtempSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { type Running, start } from './start.ts';

const setosa = [5.1, 3.5, 1.4, 0.2];
const modelV2 = new URL('../../model/v2', import.meta.url).pathname;
const SOON = { timeout: 15_000 };

/** A file with settings, which `say` replaces at once, as a kubelet does. */
function trafficFile(settings: unknown) {
  const folder = mkdtempSync(path.join(tmpdir(), 'traffic-'));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  const file = path.join(folder, 'v1.json');
  const write = (content: string) => {
    writeFileSync(`${file}.new`, content);
    renameSync(`${file}.new`, file);
  };
  const say = (content: unknown) => write(JSON.stringify(content));
  say(settings);
  const info = () => `sha256="${createHash('sha256').update(readFileSync(file)).digest('hex')}"`;
  return { file, say, write, info, remove: () => rmSync(file) };
}

async function pair(settings: (url: string) => unknown) {
  const v2 = await start({ MODEL_DIR: modelV2, BASE_PATH: '/v2', LOG_RATE: '0' });
  const url = `${v2.url}/v2`;
  const traffic = trafficFile(settings(url));
  const v1 = await start({ BASE_PATH: '/v1', LOG_RATE: '0', TRAFFIC_FILE: traffic.file });
  return { v1, v2, url, ...traffic };
}

async function versionOf({ http }: Running): Promise<string | undefined> {
  const answer = await http.post('/predict').send({ inputs: setosa });
  expect(answer.status).toBe(200);
  return answer.get('ML-Model-Version');
}

const metric = async ({ http }: Running, series: string) =>
  (await http.get('/metrics')).text.split('\n').find((line) => line.startsWith(series));

describe('what TRAFFIC_FILE says', () => {
  it('weights and how users are known: changed under load, no request is lost', async () => {
    const { v1, url, say, info } = await pair((at) => ({ SPLIT: `v1=1,v2=0@${at}` }));
    expect(await versionOf(v1)).toBe('v1');
    expect(await metric(v1, 'ml_api_traffic_info')).toContain(info());
    const seen: (string | undefined)[] = [];
    let done = false;
    const load = (async () => {
      while (!done) seen.push(await versionOf(v1));
    })();
    for (const [mine, theirs] of [
      [0, 1],
      [1, 0],
    ] as const) {
      say({ SPLIT: `v1=${mine},v2=${theirs}@${url}`, SPLIT_PIN_HEADER: `X-Pin-${theirs}` });
      await expect.poll(() => seen.at(-1), SOON).toBe(theirs === 1 ? 'v2' : 'v1');
      const pinned = await v1.http
        .post('/predict')
        .set(`X-Pin-${theirs}`, mine === 1 ? 'v2' : 'v1')
        .send({ inputs: setosa });
      expect(pinned.get('ML-Model-Version')).toBe(mine === 1 ? 'v2' : 'v1');
      expect(await metric(v1, 'ml_api_split_weight{to="v2"')).toMatch(new RegExp(` ${theirs}$`));
      expect(await metric(v1, 'ml_api_traffic_info')).toContain(info());
    }
    say({});
    await expect.poll(() => metric(v1, 'ml_api_split_weight{'), SOON).toBeUndefined();
    expect(await versionOf(v1)).toBe('v1');
    done = true;
    await load;
    expect(v1.logs.filter(({ msg }) => String(msg).includes('TRAFFIC_FILE'))).toMatchObject([
      { split: { v1: 0, v2: 1 } },
      { split: { v1: 1, v2: 0 } },
      { split: {} },
    ]);
  });

  it('a split or a shadow that leads back: ends after one step', async () => {
    const { v1, say } = await pair(() => ({}));
    say({ SPLIT: `v1=0,v2=1@${v1.url}`, SHADOW: `v2@${v1.url}` });
    const report = () => v1.http.get('/shadow/disagreements');
    await expect.poll(async () => (await report()).status, SOON).toBe(200);
    expect(await versionOf(v1)).toBe('v1');
    await expect.poll(async () => (await report()).body.requests.agreed, SOON).toBe(1);
    await new Promise((resolve) => setTimeout(resolve, 500));
    expect((await report()).body.requests).toMatchObject({ agreed: 1, failed: 0 });
    const forwarded = v1.logs.filter(({ forwardedTo }) => forwardedTo === 'v2');
    expect(forwarded).toHaveLength(2); // the caller's, and the shadow's
  });

  it('the shadow: begins, goes on where it is the same, and ends', async () => {
    const { v1, url, say } = await pair(() => ({}));
    const report = () => v1.http.get('/shadow/disagreements');
    expect((await report()).status).toBe(404);
    expect(await metric(v1, 'ml_api_shadow_')).toBeUndefined();
    say({ SHADOW: `v2@${url}`, SHADOW_KEEP: 3 });
    await expect.poll(async () => (await report()).status, SOON).toBe(200);
    await v1.predict({ inputs: setosa });
    await expect.poll(async () => (await report()).body.requests.agreed, SOON).toBe(1);

    say({ SHADOW: `v2@${url}`, SHADOW_KEEP: 3, VERSIONS: 'v1,v2' });
    const versions = async () => (await v1.http.get('/playground/versions.json')).body.others;
    await expect.poll(versions, SOON).toEqual([{ version: 'v2', path: '/v2/' }]);
    expect((await report()).body).toMatchObject({ keeps: 3, requests: { agreed: 1 } });

    say({ SHADOW: `v2@${url}`, SHADOW_KEEP: 4 });
    await expect.poll(async () => (await report()).body.keeps, SOON).toBe(4);
    const agreed = () => metric(v1, 'ml_api_shadow_requests_total{challenger="v2",outcome="agr');
    expect(await agreed()).toMatch(/ 1$/); // the same version is counted on
    say({});
    await expect.poll(async () => (await report()).status, SOON).toBe(404);
    expect((await v1.predict({ inputs: setosa })).status).toBe(200);
    expect(await metric(v1, 'ml_api_shadow_requests_total{')).toBeUndefined();
  });
});

const SECRET = 'hunter2';
const NO_OBJECT = /is not a JSON object; expected variables such as/;

const refused: [string, string, RegExp][] = [
  ['no JSON', `{"SPLIT": "v1=1,v2=1@http://u:${SECRET}@h/v2"`, NO_OBJECT],
  ['nothing', '', NO_OBJECT],
  ['a list', '[]', NO_OBJECT],
  ['another variable', '{"PORT": 1}', /has "PORT"; expected SHADOW, .*VERSIONS\.$/],
  ['a hostile name', '{"__proto__": 1}', /has "__proto__"; expected SHADOW/],
  ['a value that is no text', '{"SPLIT": {}}', /SPLIT is neither a string nor a number/],
  [
    'bad values',
    `{"SPLIT": "v1=1,v2=x@http://u:${SECRET}@h/v2", "SHADOW_SHARE": 2}`,
    /Bad variables in TRAFFIC_FILE [^\n]*:\n {2}SHADOW_SHARE: expected a share from 0 to 1, got "2"\n {2}SPLIT: expected versions/,
  ],
  [
    'a URL where none belongs',
    `{"VERSIONS": "v2=1@http://u:${SECRET}@h/v2", "SPLIT_USER_HEADER": "http://u:${SECRET}@h"}`,
    /SPLIT_USER_HEADER: expected a name such as ML-User, got .*\n {2}VERSIONS: expected names/,
  ],
  ['a URL as a name', `{"http://u:${SECRET}@h/": 1}`, /expected SHADOW, /],
  ['very many versions', JSON.stringify({ VERSIONS: `${'v,'.repeat(100)}v` }), /at most 100/],
  ['another version as this one', '{"SPLIT": "v3=1"}', /this server serves v1/],
  ['a megabyte', ' '.repeat(1024 * 1024 + 1), /cannot be read: it has 1048577 bytes/],
];

describe('what TRAFFIC_FILE cannot say', () => {
  it.each(refused)('%s: refused at the start', async (_what, content, why) => {
    const { file, write } = trafficFile({});
    write(content);
    const error: unknown = await start({ TRAFFIC_FILE: file }).catch((thrown) => thrown);
    expect(error).toMatchObject({ name: 'CommandError', message: expect.stringMatching(why) });
    expect(String(error)).not.toContain(SECRET);
  });

  it('while it serves: all goes on as before, and the log and a metric say so', async () => {
    const { v1, url, say, write, info, remove } = await pair((at) => ({
      SPLIT: `v1=0,v2=1@${at}`,
    }));
    const errors = () => v1.logs.filter(({ level }) => Number(level) >= 50);
    const applied = info();
    let before = 0;
    const gone = ['gone', undefined, /cannot be read/] as const;
    // Each reason is told once, however often it is met.
    const reasons = refused.filter(([, , why], i) => why !== refused[i - 1]?.[2]);
    for (const [what, content, why] of [...reasons, gone]) {
      if (content === undefined) remove();
      else write(content);
      await expect.poll(() => errors().length, { ...SOON, message: what }).toBe(before + 1);
      const { err } = errors()[before++] as { err: { message: string } };
      expect(err.message).toMatch(why);
      expect(await versionOf(v1)).toBe('v2');
      expect(await metric(v1, 'ml_api_traffic_refused')).toMatch(/ 1$/);
      expect(await metric(v1, 'ml_api_traffic_info')).toContain(applied);
    }
    expect(JSON.stringify(v1.logs)).not.toContain(SECRET);
    say({ SPLIT: `v1=0,v2=1@${url}` });
    await expect.poll(() => metric(v1, 'ml_api_traffic_refused'), SOON).toMatch(/ 0$/);
    expect(errors()).toHaveLength(before);
  }, 120_000);

  it('beside a variable that says it: refused at the start, by name', async () => {
    const { file } = trafficFile({});
    await expect(start({ TRAFFIC_FILE: file, SHADOW_KEEP: '1' })).rejects.toThrow(
      'SHADOW_KEEP is set, and so is TRAFFIC_FILE, which says it. Move SHADOW_KEEP to the file, or unset TRAFFIC_FILE.',
    );
  });

  it('a directory in its place', async () => {
    await expect(start({ TRAFFIC_FILE: tmpdir() })).rejects.toThrow('it is not a file');
  });
});
