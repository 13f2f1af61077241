import { createServer, type ListenOptions, type Server } from 'node:net';
import { CommandError } from '../util/command-error.ts';

export interface Address {
  readonly host: string;
  readonly port: number;
  /** The variable that sets the port. */
  readonly variable: string;
  /** Whether other threads of this process may listen there, too. */
  readonly isShared: boolean;
}

/** Why an address cannot be listened on, in words that say what to do. @param platform the operating system */
export function whyNotListening(
  error: NodeJS.ErrnoException,
  { host, port, variable }: Omit<Address, 'isShared'>,
  platform: NodeJS.Platform = process.platform,
): CommandError {
  const why =
    {
      EADDRINUSE: `Port ${port} on ${host} is in use. Set ${variable} to another port (0 takes a free one), or stop the process that uses it${holderOf(port, platform)}.`,
      EACCES: `Port ${port} on ${host} may not be used by this user. Set ${variable} to one above 1023.`,
      EADDRNOTAVAIL: `HOST ${host} is not an address of this machine. Set it to 0.0.0.0 to listen on all.`,
      ENOTFOUND: `HOST ${host} is not known. Set it to 0.0.0.0 to listen on all.`,
    }[error.code ?? ''] ?? `${host}:${port} cannot be listened on: ${error.message}`;
  return new CommandError(why);
}

/** macOS listens there by default, since version 12. */
const AIRPLAY_PORT = 5000;

/** How to find the process that listens at a port. */
function holderOf(port: number, platform: NodeJS.Platform): string {
  if (platform === 'linux') return `: ss -ltnp 'sport = :${port}' shows it`;
  if (platform !== 'darwin') return '';
  const shown = `: lsof -nP -iTCP:${port} -sTCP:LISTEN shows it`;
  return port === AIRPLAY_PORT
    ? `${shown}. On macOS, it is often AirPlay Receiver, which System Settings, AirDrop & Handoff, switches off`
    : shown;
}

/**
 * Makes sure that no other process listens at an address that is going to be shared: the kernel would share it with that, too.
 * @returns what gives it up; until then, a name that only one process can have keeps others of this program away
 * @throws CommandError
 */
export async function claim(address: Omit<Address, 'isShared'>): Promise<() => Promise<void>> {
  const { host, port } = address;
  if (port === 0) return async () => {};
  const close = (server: Server) => new Promise<void>((resolve) => server.close(() => resolve()));
  const listenAt = (options: ListenOptions) => {
    const server = createServer();
    return new Promise<Server>((resolve, reject) => {
      server.once('error', (error) => reject(whyNotListening(error, address)));
      server.listen(options, () => resolve(server));
    });
  };
  // In Linux' abstract namespace, from which names go with their process: https://man7.org/linux/man-pages/man7/unix.7.html
  const name = await listenAt({ path: `\0ml-api ${host} ${port}` });
  try {
    await close(await listenAt({ host, port }));
  } catch (error) {
    await close(name);
    throw error;
  }
  return () => close(name);
}
