// One `up` or `down` at a time. The lock is an abstract socket: the kernel frees it however its holder ends.
import { once } from 'node:events';
import { connect, createServer } from 'node:net';
import { text } from 'node:stream/consumers';
import { ClusterError } from '../cluster-error.ts';

const address = '\0ml-api-cluster';

/** Runs something while no other process may. @throws {ClusterError} that names the process that does. */
export async function exclusively(command: string, work: () => Promise<void>): Promise<void> {
  const server = createServer((socket) => socket.end(`\`${command}\` of process ${process.pid}`));
  server.listen(address);
  try {
    await once(server, 'listening');
  } catch {
    const holder = await text(connect(address)).catch(() => 'another process');
    throw new ClusterError(`${holder} is at work on the cluster. Wait for it, or end it.`);
  }
  try {
    await work();
  } finally {
    server.close();
  }
}
