import { createServer } from 'node:net';

/** Those that were given: the kernel may choose one again, and two programs of a test would have the same. */
const given = new Set<number>();

/** A port that was free a moment ago: for a program to listen on, or to be refused by. */
export async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await new Promise((resolve) => server.once('listening', resolve));
  const address = server.address();
  await new Promise((resolve) => server.close(resolve));
  if (typeof address !== 'object' || address === null) throw new Error('no port');
  if (given.has(address.port)) return freePort();
  given.add(address.port);
  return address.port;
}
