import type { Readable } from 'node:stream';

/** Characters that are kept of each stream. */
const LONGEST = 16 * 1024;

/** The end of what a process prints. */
export class Output {
  #out = '';
  #err = '';

  constructor(stdout: Readable | null, stderr: Readable | null) {
    // Read to the end, whoever looks: a full pipe would stop the process.
    stdout?.setEncoding('utf8').on('data', (text: string) => {
      this.#out = (this.#out + text).slice(-LONGEST);
    });
    stderr?.setEncoding('utf8').on('data', (text: string) => {
      this.#err = (this.#err + text).slice(-LONGEST);
    });
  }

  get text(): string {
    return [this.#out, this.#err].filter(Boolean).join('');
  }

  /** Why it has ended, as far as it said: what it prints for people, else the last line of its log. */
  get reason(): string {
    const lastLine = this.#out.trimEnd().split('\n').at(-1) ?? '';
    return this.#err.trim() || lastLine;
  }
}
