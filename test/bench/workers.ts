// What a second core brings for a heavy model: requests a second with one worker thread and with one a core, which is
// what the predictor takes by default. Servers have both cores; each request is a run, and the load costs next to nothing.
import path from 'node:path';
import { median } from './quantile.ts';
import { ours, root, startPeer } from './servers.ts';

const ROUNDS = 3;
const SECONDS = 5;
const AT_ONCE = 8;

export async function workersReport(port: number): Promise<string> {
  const found: Record<'one' | 'all', number[]> = { one: [], all: [] };
  for (let round = 0; round < ROUNDS; round++) {
    found.one.push(await perSecond(port++, { WORKERS: '1' }));
    found.all.push(await perSecond(port++, {}));
  }
  const ratio = median(found.all.map((value, round) => value / (found.one[round] ?? Number.NaN)));
  return `Worker threads, the heavy model alone in each run: ${median(found.one).toFixed(1)} requests a second with one, ${median(found.all).toFixed(1)} with one on each of the two cores, as by default: ${ratio.toFixed(2)} ×.\n`;
}

async function perSecond(port: number, workers: Readonly<Record<string, string>>): Promise<number> {
  const server = await startPeer(
    ours,
    port,
    {
      MODEL_DIR: path.join(root, 'server/test/models/heavy'),
      LOG_LEVEL: 'silent',
      BATCHING: 'off',
      ...workers,
    },
    '0,1',
  );
  try {
    const body = JSON.stringify({ inputs: Array<number>(1024).fill(1) });
    const headers = { 'Content-Type': 'application/json' };
    const until = performance.now() + SECONDS * 1000;
    let answered = 0;
    const caller = async () => {
      while (performance.now() < until) {
        const response = await fetch(`${server.url}/predict`, { method: 'POST', headers, body });
        await response.text();
        if (!response.ok) throw new Error(`the heavy model answered ${response.status}`);
        answered++;
      }
    };
    const startedAt = performance.now();
    await Promise.all(Array.from({ length: AT_ONCE }, caller));
    return (answered * 1000) / (performance.now() - startedAt);
  } finally {
    await server.stop();
  }
}

if (import.meta.main) process.stdout.write(await workersReport(6300));
