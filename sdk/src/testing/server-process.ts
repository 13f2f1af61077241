// The process of a server, from its start to its end.
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { Socket } from 'node:net';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { Output } from './output.ts';
import { StartServerError } from './start-server-error.ts';

/** What the server tells the process that has started it, when it is ready. */
export interface Ready {
  readonly port: number;
  readonly grpcPort?: number;
}

interface Ended {
  readonly failed: boolean;
  readonly signal?: NodeJS.Signals;
  /** For a sentence, such as ` (exit status 1)`. */
  readonly how: string;
}

/** How long a server may take to end, in milliseconds, before it is killed. */
const STOP_MS = 10_000;

/** Ends the server with this process. Beside this file, compiled or not. */
const WITH_PARENT = new URL(
  `./with-parent${path.extname(fileURLToPath(import.meta.url))}`,
  import.meta.url,
);

export class ServerProcess {
  readonly #child: ChildProcess;
  readonly #output: Output;
  readonly #ended: Promise<Ended>;

  /** @param program of the server, with its arguments */
  constructor(program: readonly string[], env: Readonly<Record<string, string | undefined>>) {
    const child = spawn(process.execPath, [`--import=${WITH_PARENT.href}`, ...program], {
      env,
      stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
      windowsHide: true,
    });
    this.#child = child;
    this.#output = new Output(child.stdout, child.stderr);
    // The event `close` comes when all of its output has, which says why it has ended.
    this.#ended = once(child, 'close').then(
      ([code, signal]) => ({
        failed: code !== 0,
        signal: signal ?? undefined,
        how: signal === null ? ` (exit status ${code})` : ` (${signal})`,
      }),
      (error: Error) => ({ failed: true, how: ` (${error.message})` }),
    );
  }

  get pid(): number | undefined {
    return this.#child.pid;
  }

  get output(): string {
    return this.#output.text;
  }

  /**
   * @throws StartServerError when it ends first, or takes too long; what the signal aborts with; the server is gone then
   */
  async ready(timeoutMs: number, signal: AbortSignal | undefined): Promise<Ready> {
    const given = new AbortController();
    const until = { signal: given.signal };
    let timer: NodeJS.Timeout | undefined;
    try {
      const ready = await new Promise<Ready>((resolve, reject) => {
        this.#child.on('message', (message) => {
          if (isReady(message)) resolve(message.ready);
        });
        void this.#ended.then(({ how }) =>
          reject(this.#error(`The server ended before it was ready${how}.`)),
        );
        timer = setTimeout(
          () =>
            reject(
              this.#error(
                `The server was not ready within ${timeoutMs} ms. Raise the option timeout where its model takes long to download or to load.`,
              ),
            ),
          timeoutMs,
        );
        signal?.addEventListener('abort', () => reject(signal.reason), until);
      });
      this.#keepRunning(false);
      return ready;
    } catch (error) {
      this.#child.kill('SIGKILL');
      await this.#ended;
      throw error;
    } finally {
      clearTimeout(timer);
      given.abort(); // takes the listener away
      this.#child.removeAllListeners('message');
    }
  }

  /** @throws StartServerError when it has failed */
  async stop(): Promise<void> {
    this.#keepRunning(true); // until the server has gone: whoever awaits that alone would else end first
    const sent = new Set<NodeJS.Signals>();
    const send = (signal: NodeJS.Signals) => {
      sent.add(signal);
      this.#child.kill(signal);
    };
    send('SIGTERM');
    const late = setTimeout(() => send('SIGKILL'), STOP_MS);
    const { failed, signal, how } = await this.#ended;
    clearTimeout(late);
    // Windows has no SIGTERM that a process hears.
    const asAsked = signal !== undefined && sent.has(signal);
    if (failed && !asAsked) throw this.#error(`The server failed${how}.`);
  }

  /** While the server runs, it keeps nothing running: whoever forgets to stop it ends all the same, and the server then. */
  #keepRunning(is: boolean): void {
    const { stdout, stderr, channel } = this.#child;
    const what = is ? 'ref' : 'unref';
    this.#child[what]();
    channel?.[what]();
    for (const stream of [stdout, stderr]) if (stream instanceof Socket) stream[what]();
  }

  #error(message: string): StartServerError {
    const { reason, text } = this.#output;
    return new StartServerError(reason === '' ? message : `${message} It said:\n${reason}`, text);
  }
}

function isReady(message: unknown): message is { readonly ready: Ready } {
  return typeof message === 'object' && message !== null && 'ready' in message;
}
