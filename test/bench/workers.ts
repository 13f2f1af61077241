// What a second core brings for a heavy model: requests a second with one thread, with two that share each run, and with a
// worker thread a core, which is what the predictor takes by default. Servers have both cores; the load costs next to nothing.
import path from 'node:path';
import { median, medianRatio } from './quantile.ts';
import { ours, root, startPeer } from './servers.ts';

const ROUNDS = 3;
const SECONDS = 5;
const AT_ONCE = 8;

const settings: Readonly<Record<'one' | 'within' | 'beside', Record<string, string>>> = {
  one: { WORKERS: '1', INTRA_OP_THREADS: '1' },
  within: { WORKERS: '1', INTRA_OP_THREADS: '2' },
  beside: {}, // the default
};

export async function workersReport(port: number): Promise<string> {
  const found = { one: [] as number[], within: [] as number[], beside: [] as number[] };
  for (let round = 0; round < ROUNDS; round++)
    for (const name of ['one', 'within', 'beside'] as const)
      found[name].push(await perSecond(port++, settings[name]));
  const times = (name: keyof typeof found) => medianRatio(found[name], found.one).toFixed(2);
  return `Two cores, with the heavy model alone: ${median(found.one).toFixed(1)} requests per second on one thread, ${times('within')} × with two threads within each run, ${times('beside')} × with one worker thread per core, the default.\n`;
}

async function perSecond(port: number, threads: Readonly<Record<string, string>>): Promise<number> {
  const server = await startPeer(
    ours,
    port,
    {
      MODEL_DIR: path.join(root, 'server/test/models/heavy'),
      LOG_LEVEL: 'silent',
      BATCHING: 'off',
      ...threads,
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
