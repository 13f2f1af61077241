// A model run by onnxruntime-node alone, in a process and on a core of its own: what a server cannot be faster than.
//
//   node raw-run.ts MODEL BYTES SHAPE NAME    the median of runs, in milliseconds
import { readFileSync } from 'node:fs';

process.env['ORT_DISABLE_TELEMETRY'] = '1'; // before the library loads
const { InferenceSession, Tensor } = await import('onnxruntime-node');
const [model = '', bytes = '', shape = '', name = ''] = process.argv.slice(2);
const session = await InferenceSession.create(model, {
  intraOpNumThreads: 1,
  interOpNumThreads: 1,
  logSeverityLevel: 4,
});
const content = readFileSync(bytes);
const data = new Float32Array(Uint8Array.from(content).buffer);
const feeds = { [name]: new Tensor('float32', data, JSON.parse(shape)) };
const times: number[] = [];
for (let i = 0; i < 40; i++) {
  const startedAt = performance.now();
  await session.run(feeds);
  if (i >= 10) times.push(performance.now() - startedAt);
}
process.stdout.write(String(times.sort((a, b) => a - b)[times.length / 2]));
