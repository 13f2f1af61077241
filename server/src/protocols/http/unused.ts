// Connections on which nothing has been sent yet. Proxies open them ahead of need, and Node takes each for a request that does not
// come: it would get a 408 after the time for headers, and the request that the proxy sends just then would get it for a response.
import { Socket } from 'node:net';
import type { Duplex } from 'node:stream';

export interface Unused {
  /**
   * Keeps a connection that Node would end, if nothing was sent on it. Node measures the time for headers anew from the first byte.
   * @returns whether it is one
   */
  keep(socket: Duplex): boolean;
  /** Ends those that are kept, and keeps no more. */
  close(): void;
}

/** @param keepMs how long they are kept before they end, without a response, as a connection between two requests does */
export function createUnused(keepMs: number): Unused {
  const kept = new Set<Socket>();
  let isClosing = false;
  return {
    keep(socket) {
      if (!(socket instanceof Socket) || socket.bytesRead > 0) return false;
      if (isClosing) {
        socket.destroy();
        return true;
      }
      const timer = setTimeout(() => {
        if (socket.bytesRead === 0) socket.destroy();
      }, keepMs);
      kept.add(socket);
      socket.once('close', () => {
        clearTimeout(timer);
        kept.delete(socket);
      });
      return true;
    },
    close() {
      isClosing = true;
      for (const socket of kept) if (socket.bytesRead === 0) socket.destroy();
    },
  };
}
