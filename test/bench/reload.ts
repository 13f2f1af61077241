// `npm run bench:reload`: a model that is replaced again and again while requests come at a constant rate. How many are lost,
// how long do they take, and does the memory of the models that are gone come back?
//
//   npm run bench:reload -- [--reloads N] [--rate N]
import { cpSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { attack } from './load.ts';
import { quantile } from './quantile.ts';
import { irisPredict } from './requests.ts';
import { buildOurs, ours, root, startPeer } from './servers.ts';

const { values: options } = parseArgs({
  options: {
    reloads: { type: 'string', default: '100' },
    rate: { type: 'string', default: '500' },
  },
});
const RELOADS = Number(options.reloads);
const RATE = Number(options.rate);
/** The longest that a reload may take, in seconds: two looks of a second each, the loading, and the wait for a look here. */
const SECONDS_PER_RELOAD = 4;
/** Reloads after which memory is read: the first ones make the heap as large as it has to be. */
const EVERY = Math.max(1, Math.floor(RELOADS / 10));

buildOurs();
const directory = mkdtempSync(path.join(tmpdir(), 'bench-reload-'));
const put = (version: string) =>
  cpSync(path.join(root, 'model', version), directory, { recursive: true });
put('v1');
const server = await startPeer(ours, 5890, {
  MODEL_DIR: directory,
  MODEL_RELOAD_SECONDS: '1',
  LOG_LEVEL: 'silent',
});
try {
  let asking = true;
  const results = (async () => {
    const found = [];
    // In stretches, so that it ends soon after the last reload.
    while (asking) found.push(...(await attack(server.url, RATE, 10, irisPredict)));
    return found;
  })();
  const memory: [reloads: number, megabytes: number][] = [];
  for (let reload = 1; reload <= RELOADS; reload++) {
    put(reload % 2 === 1 ? 'v2' : 'v1');
    await untilReplaced(reload);
    if (reload % EVERY === 0) memory.push([reload, server.ownMemoryMB()]);
  }
  asking = false;
  const all = await results;
  const failed = all.filter(({ status }) => status !== 200).length;
  const latencies = all.map(({ ms }) => ms);
  const [p50, p99] = [0.5, 0.99].map((share) => quantile(latencies, share).toFixed(1));
  process.stdout.write(
    `${RELOADS} reloads at ${RATE} requests a second: ${all.length.toLocaleString('en')} sent, ${failed} failed, p50 ${p50} ms, p99 ${p99} ms\n\n`,
  );
  process.stdout.write('| reloads | memory of its own, MB |\n| --- | --- |\n');
  for (const [reloads, megabytes] of memory)
    process.stdout.write(`| ${reloads} | ${megabytes.toFixed(0)} |\n`);
} finally {
  await server.stop();
  rmSync(directory, { recursive: true });
}

async function untilReplaced(times: number): Promise<void> {
  const until = performance.now() + 3 * SECONDS_PER_RELOAD * 1000;
  while (performance.now() < until) {
    const { reload } = (await (await fetch(`${server.url}/model`)).json()) as {
      reload: { replaced: number; refusal?: string };
    };
    if (reload.refusal !== undefined) throw new Error(`refused: ${reload.refusal}`);
    if (reload.replaced >= times) return;
    await sleep(100);
  }
  throw new Error(`reload ${times} did not come`);
}
