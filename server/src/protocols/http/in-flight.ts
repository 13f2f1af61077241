// The responses under way, by the connection that they go to. A list for each connection, not a Set of all: a busy Set leaves a
// trail of outgrown tables, each of which keeps the responses it held from being collected young.
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Duplex } from 'node:stream';

type Response = ServerResponse<IncomingMessage>;

interface Connection {
  /** In the order of their requests. */
  readonly responses: Response[];
  /** A request that has its response, but has not come whole. */
  answeredEarly: IncomingMessage | undefined;
  /** Whether one of the responses is the last: requests after it get none. */
  isEnding: boolean;
}

export interface InFlight {
  /** How many responses there are. */
  readonly count: number;
  /**
   * Adds one until it is closed.
   * @returns its connection, of which it is the last now
   */
  add(req: IncomingMessage, res: Response): Connection;
  on(socket: Duplex): Readonly<Connection>;
  /** The first of every connection: those that are being sent. */
  sending(): Iterable<Response>;
}

export function createInFlight(): InFlight {
  const connections = new Map<Duplex, Connection>();
  let count = 0;

  const on = (socket: Duplex): Connection => {
    const known = connections.get(socket);
    if (known !== undefined) return known;
    const connection: Connection = {
      responses: [],
      answeredEarly: undefined,
      isEnding: false,
    };
    if (socket.destroyed) return connection;
    connections.set(socket, connection);
    socket.once('close', () => connections.delete(socket));
    return connection;
  };

  return {
    get count() {
      return count;
    },
    add(req, res) {
      const connection = on(req.socket);
      const { responses } = connection;
      count++;
      res.on('close', () => {
        count--;
        responses.splice(responses.indexOf(res), 1);
        if (!req.complete) connection.answeredEarly = req;
      });
      responses.push(res);
      return connection;
    },
    on,
    *sending() {
      for (const { responses } of connections.values()) if (responses[0]) yield responses[0];
    },
  };
}
