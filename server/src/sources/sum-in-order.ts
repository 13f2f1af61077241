// The SHA-256 of a file that is written in several places at a time: what is written is read back in the file's order, so that the sum is
// of what the file holds, not of what came.
import { createHash } from 'node:crypto';
import type { FileHandle } from 'node:fs/promises';

const READ_AT_ONCE = 256 * 1024;

export class SumInOrder {
  readonly #handle: FileHandle;
  readonly #buffer = Buffer.allocUnsafeSlow(READ_AT_ONCE);
  /** Where written blocks end, by where they begin, until they are read. */
  readonly #blocks = new Map<number, number>();
  #hash = createHash('sha256');
  #read = 0;
  #reading = Promise.resolve();

  /** @param handle that can be read */
  constructor(handle: FileHandle) {
    this.#handle = handle;
  }

  /** Is to be told of every block, once, when the file holds it; of none that is empty. */
  add(from: number, to: number): void {
    this.#blocks.set(from, to);
    this.#reading = this.#reading.then(() => this.#readOn());
    this.#reading.catch(() => {}); // told by whoever waits for it
  }

  /** Begins anew: nothing of what was written counts. */
  async reset(): Promise<void> {
    await this.#reading;
    this.#blocks.clear();
    this.#hash = createHash('sha256');
    this.#read = 0;
  }

  /** Returns the SHA-256, in hex, of all that was added. To be called once. @throws Error where a block is missing */
  async digest(): Promise<string> {
    await this.#reading;
    if (this.#blocks.size > 0) throw new Error(`the bytes from ${this.#read} on are missing`);
    return this.#hash.digest('hex');
  }

  /** As far as nothing is missing. */
  async #readOn(): Promise<void> {
    for (;;) {
      const to = this.#blocks.get(this.#read);
      if (to === undefined) return;
      this.#blocks.delete(this.#read);
      while (this.#read < to) {
        const length = Math.min(READ_AT_ONCE, to - this.#read);
        const { bytesRead } = await this.#handle.read(this.#buffer, 0, length, this.#read);
        if (bytesRead === 0) throw new Error('another process truncated the file');
        this.#hash.update(this.#buffer.subarray(0, bytesRead));
        this.#read += bytesRead;
      }
    }
  }
}
