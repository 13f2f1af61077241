// Asks /livez every ten milliseconds, as a kubelet would if it were in a hurry, in a process of its own until its input ends,
// and prints how long each answer took.
//
//   node probe.ts URL    milliseconds, as a JSON array; null where there was no 200
import { Agent, get } from 'node:http';

const EVERY_MS = 10;
const [url = ''] = process.argv.slice(2);
const agent = new Agent({ keepAlive: true });
const found: (number | null)[] = [];
let over = false;
process.stdin.on('end', () => {
  over = true;
});
process.stdin.resume();
while (!over) {
  const startedAt = performance.now();
  const good = await ask();
  const ms = performance.now() - startedAt;
  found.push(good ? ms : null);
  await new Promise((resolve) => setTimeout(resolve, Math.max(0, EVERY_MS - ms)));
}
agent.destroy();
process.stdout.write(JSON.stringify(found));

function ask(): Promise<boolean> {
  return new Promise((resolve) => {
    get(`${url}/livez`, { agent, timeout: 30_000 }, (response) => {
      response.resume().once('end', () => resolve(response.statusCode === 200));
    })
      .once('timeout', () => resolve(false))
      .once('error', () => resolve(false));
  });
}
