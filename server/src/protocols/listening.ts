import { CommandError } from '../util/command-error.ts';

export interface Address {
  readonly host: string;
  readonly port: number;
  /** The variable that sets the port. */
  readonly variable: string;
}

/** Why an address cannot be listened on, in words that say what to do. */
export function whyNotListening(
  error: NodeJS.ErrnoException,
  { host, port, variable }: Address,
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
