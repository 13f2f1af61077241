// What is made of a small file, and made anew when the file changes, as Kubernetes changes a mounted Secret or ConfigMap.
import { readFileSync, statSync } from 'node:fs';
import { CommandError } from './command-error.ts';
import { whyUnreadable } from './why-unreadable.ts';

export interface WatchedFile<Made> {
  /** Made of the last content that something could be made of. */
  readonly current: Made;
  /** That content. */
  readonly content: string;
  /** Whether the file holds something else by now, or cannot be read. */
  readonly isRefused: boolean;
  close(): void;
}

export interface WatchOptions<Made> {
  /** The environment variable that names the file, for errors. */
  readonly variable: string;
  readonly file: string;
  /** Throws where the content is no good. */
  make(content: string): Made;
  /** Told of what was made of a new content; what it throws refuses that, too. */
  onChange?(made: Made): void;
  /** Told why what was made before stays: of each reason once, until the file is good again or another comes. */
  onRefuse(error: unknown): void;
}

/** How often the file is looked at; a kubelet updates what it mounts about once a minute. */
const REFRESH_MS = 2000;

/** As large as a ConfigMap or a Secret can be: https://kubernetes.io/docs/concepts/configuration/configmap/#motivation */
const MAX_BYTES = 1024 * 1024;

/** @throws CommandError when the file cannot be read, and what `make` throws */
export function watchFile<Made>(options: WatchOptions<Made>): WatchedFile<Made> {
  let content = read(options);
  let current = options.make(content);
  let refused: string | undefined;

  const refuse = (error: unknown) => {
    const why = String(error);
    if (why !== refused) options.onRefuse(error);
    refused = why;
  };

  const look = () => {
    try {
      const found = read(options);
      if (found === content && refused === undefined) return;
      const made = options.make(found);
      if (found !== content) options.onChange?.(made);
      [content, current, refused] = [found, made, undefined];
    } catch (error) {
      refuse(error);
    }
  };

  const timer = setInterval(look, REFRESH_MS).unref();
  return {
    get current() {
      return current;
    },
    get content() {
      return content;
    },
    get isRefused() {
      return refused !== undefined;
    },
    close: () => clearInterval(timer),
  };
}

function read({ variable, file }: Pick<WatchOptions<unknown>, 'variable' | 'file'>): string {
  try {
    const found = statSync(file);
    if (!found.isFile()) throw new Error('it is not a file');
    if (found.size > MAX_BYTES)
      throw new Error(`it has ${found.size} bytes, expected at most ${MAX_BYTES}`);
    return readFileSync(file, 'utf8');
  } catch (error) {
    throw new CommandError(`${variable}: ${file} cannot be read: ${whyUnreadable(error)}`);
  }
}
