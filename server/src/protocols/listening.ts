import { createServer } from 'node:net';
import { CommandError } from '../util/command-error.ts';

export interface Address {
  readonly host: string;
  readonly port: number;
  /** The variable that sets the port. */
  readonly variable: string;
  /** Whether other threads of this process may listen there, too. */
  readonly isShared: boolean;
}

/** Why an address cannot be listened on, in words that say what to do. */
export function whyNotListening(
  error: NodeJS.ErrnoException,
  { host, port, variable }: Omit<Address, 'isShared'>,
): CommandError {
  const why =
    {
      EADDRINUSE: `Port ${port} on ${host} is in use. Stop what listens there, or set ${variable} to another port (0 takes a free one).`,
      EACCES: `Port ${port} on ${host} may not be used by this user. Set ${variable} to one above 1023.`,
      EADDRNOTAVAIL: `HOST ${host} is not an address of this machine. Set it to 0.0.0.0 to listen on all.`,
      ENOTFOUND: `HOST ${host} is not known. Set it to 0.0.0.0 to listen on all.`,
    }[error.code ?? ''] ?? `${host}:${port} cannot be listened on: ${error.message}`;
  return new CommandError(why);
}

/**
 * Makes sure that nobody listens at an address that is going to be shared: the kernel would share it with another process, too, which
 * would get half of the connections.
 * @throws CommandError
 */
export async function claim(address: Omit<Address, 'isShared'>): Promise<void> {
  const { host, port } = address;
  if (port === 0) return;
  const server = createServer();
  await new Promise<void>((resolve, reject) => {
    server.once('error', (error) => reject(whyNotListening(error, address)));
    server.listen({ host, port }, resolve);
  });
  await new Promise((resolve) => server.close(resolve));
}
