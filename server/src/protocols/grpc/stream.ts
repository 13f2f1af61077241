// A stream of requests that gets a response to each, in their order.
import { once } from 'node:events';
import type { ServerDuplexStream } from '@grpc/grpc-js';

/** Requests of one stream that are under way; more are not read. As many as a run has rows, so that they can share one. */
const MOST_UNDER_WAY = 64;

export interface ServedStream {
  /** Reads no more requests, and ends with an error once those under way have their responses. */
  stop(why: Error): void;
  /** Rejects with the error with which the stream is to end. */
  readonly ended: Promise<void>;
}

/** @param respond what it throws ends the stream */
export function serveStream(
  stream: ServerDuplexStream<Buffer, Buffer>,
  respond: (request: Buffer) => Promise<Buffer>,
): ServedStream {
  const { promise: ended, resolve, reject } = Promise.withResolvers<void>();
  let written = Promise.resolve();
  let underWay = 0;
  let stopped = false;

  const take = (request: Buffer) => {
    if (stopped) return;
    const response = respond(request);
    response.catch(() => {}); // is seen when its turn has come
    if (++underWay >= MOST_UNDER_WAY) stream.pause();
    written = written.then(async () => {
      await write(stream, await response);
      if (--underWay < MOST_UNDER_WAY && !stopped) stream.resume();
    });
    written.catch(stop);
  };
  const stop = (why: Error) => {
    if (stopped) return;
    stopped = true;
    stream.pause();
    written.then(
      () => reject(why),
      () => reject(why),
    );
  };
  stream.on('data', take);
  stream.once('end', () => {
    written.then(() => {
      if (!stream.cancelled) stream.end();
      resolve();
    }, reject);
  });
  stream.once('cancelled', () => {
    stopped = true;
    resolve();
  });
  return { stop, ended };
}

async function write(stream: ServerDuplexStream<Buffer, Buffer>, response: Buffer): Promise<void> {
  if (stream.cancelled || stream.destroyed || stream.write(response)) return;
  const controller = new AbortController();
  const { signal } = controller;
  // The client does not read as fast; or it has gone.
  await Promise.race([once(stream, 'drain', { signal }), once(stream, 'cancelled', { signal })]);
  controller.abort();
}
