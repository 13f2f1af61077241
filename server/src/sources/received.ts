// What has come of a file that is being downloaded.
import { createHash } from 'node:crypto';
import type { FileHandle } from 'node:fs/promises';
import { release } from '../util/release.ts';

/** A write for each chunk of a socket, a few kilobytes, would take as long as the network. */
const WRITTEN_AT_ONCE = 256 * 1024;
/** What the system may still have to write when all has come, and then would make wait. */
const SYNCED_AT_ONCE = 64 * 1024 * 1024;

/** Bytes in their order, of which the last are on their way to the disk, and the SHA-256 of what the file holds. */
export class Received {
  readonly #handle: FileHandle;
  readonly #progress: (bytes: number) => void;
  /** Filled while the other one is written. */
  #filling = Buffer.allocUnsafeSlow(WRITTEN_AT_ONCE);
  #other = Buffer.allocUnsafeSlow(WRITTEN_AT_ONCE);
  readonly #readBack = Buffer.allocUnsafeSlow(WRITTEN_AT_ONCE);
  #hash = createHash('sha256');
  #filled = 0;
  /** Bytes before those that are filled in. */
  #written = 0;
  #unsynced = 0;
  #writing = Promise.resolve();
  #syncing = Promise.resolve();

  /**
   * @param handle that can be read, too
   * @param progress hears of bytes as they come, and by a negative number of those that were for nothing
   */
  constructor(handle: FileHandle, progress: (bytes: number) => void) {
    this.#handle = handle;
    this.#progress = progress;
  }

  get size(): number {
    return this.#written + this.#filled;
  }

  /** Begins anew, for a store that cannot go on where it was cut. */
  async beginAt(from: number): Promise<void> {
    if (from !== 0)
      throw new Error(`it was sent from the byte ${from} on, not from ${this.size} on`);
    await this.#writing;
    await this.#handle.truncate(0); // what comes now may be shorter
    this.#progress(-this.size);
    this.#hash = createHash('sha256');
    this.#filled = 0;
    this.#written = 0;
  }

  /** Takes the chunk, which nobody may use any more. @throws what the disk fails with, for this one or those before */
  async add(chunk: Uint8Array): Promise<void> {
    this.#progress(chunk.byteLength);
    for (let taken = 0; taken < chunk.byteLength; ) {
      const part = chunk.subarray(taken, taken + WRITTEN_AT_ONCE - this.#filled);
      this.#filling.set(part, this.#filled);
      this.#filled += part.byteLength;
      taken += part.byteLength;
      if (this.#filled === WRITTEN_AT_ONCE) await this.#write();
    }
    release(chunk);
  }

  /** Returns the SHA-256, in hex, when all is on the disk. To be called once. */
  async finish(): Promise<string> {
    await this.#write();
    await this.#writing;
    await this.#syncing;
    await this.#handle.sync();
    return this.#hash.digest('hex');
  }

  /** Begins to write what is filled in, once what was before it is written. */
  async #write(): Promise<void> {
    await this.#writing;
    const [bytes, at] = [this.#filling.subarray(0, this.#filled), this.#written];
    [this.#filling, this.#other] = [this.#other, this.#filling];
    this.#filled = 0;
    this.#written += bytes.byteLength;
    this.#writing = this.#writeAll(bytes, at);
    this.#writing.catch(() => {}); // told by whoever waits for it
  }

  async #writeAll(bytes: Uint8Array, at: number): Promise<void> {
    for (let done = 0; done < bytes.byteLength; ) {
      const left = bytes.byteLength - done;
      done += (await this.#handle.write(bytes, done, left, at + done)).bytesWritten;
    }
    // What the file holds, not what came; while more comes, since nobody waits for it then.
    for (let done = 0; done < bytes.byteLength; ) {
      const left = bytes.byteLength - done;
      const { bytesRead } = await this.#handle.read(this.#readBack, 0, left, at + done);
      if (bytesRead === 0) throw new Error('the file was cut short by somebody else');
      this.#hash.update(this.#readBack.subarray(0, bytesRead));
      done += bytesRead;
    }
    this.#unsynced += bytes.byteLength;
    if (this.#unsynced < SYNCED_AT_ONCE) return;
    await this.#syncing;
    this.#unsynced = 0;
    this.#syncing = this.#handle.datasync();
    this.#syncing.catch(() => {}); // told by whoever waits for it
  }
}
