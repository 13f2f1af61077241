// What has come of a file that is being downloaded, in one part or in several at a time.
import type { FileHandle } from 'node:fs/promises';
import pLimit from 'p-limit';
import { release } from '../util/release.ts';
import { SumInOrder } from './sum-in-order.ts';

/** A write for each chunk of a socket, a few kilobytes, would take as long as the network. */
const WRITTEN_AT_ONCE = 256 * 1024;
/** What the system may still have to write when all has come, and then would make wait. */
const SYNCED_AT_ONCE = 64 * 1024 * 1024;

/** The file, and the SHA-256 of what it holds. */
export class Received {
  readonly #handle: FileHandle;
  readonly #progress: (bytes: number) => void;
  readonly #sum: SumInOrder;
  /** The system writes to a file one by one, and who waits for that holds a thread of the few that Node has, which reading needs. */
  readonly #oneByOne = pLimit(1);
  #bytes = 0;
  #unsynced = 0;
  #syncing = Promise.resolve();

  /**
   * @param handle that can be read, too
   * @param progress hears of bytes as they come, and by a negative number of those that were for nothing
   */
  constructor(handle: FileHandle, progress: (bytes: number) => void) {
    this.#handle = handle;
    this.#progress = progress;
    this.#sum = new SumInOrder(handle);
  }

  /** The bytes from this one on. */
  part(from: number): ReceivedPart {
    return new ReceivedPart(from, {
      came: (bytes) => {
        this.#bytes += bytes;
        this.#progress(bytes);
      },
      write: (bytes, at) => this.#oneByOne(() => this.#write(bytes, at)),
    });
  }

  /** Begins anew, when all parts have ended. */
  async reset(): Promise<void> {
    await this.#sum.reset();
    await this.#handle.truncate(0); // what comes now may be shorter
    this.#progress(-this.#bytes);
    this.#bytes = 0;
  }

  /** Returns the SHA-256, in hex, when all is on the disk. To be called once, when all parts have ended. */
  async finish(): Promise<string> {
    const synced = this.#syncing.then(() => this.#handle.sync());
    const [sha256] = await Promise.all([this.#sum.digest(), synced]);
    return sha256;
  }

  async #write(bytes: Uint8Array, at: number): Promise<void> {
    for (let done = 0; done < bytes.byteLength; ) {
      const left = bytes.byteLength - done;
      done += (await this.#handle.write(bytes, done, left, at + done)).bytesWritten;
    }
    this.#sum.add(at, at + bytes.byteLength);
    this.#unsynced += bytes.byteLength;
    if (this.#unsynced < SYNCED_AT_ONCE) return;
    this.#unsynced = 0;
    // While more comes, since nobody waits for it then.
    this.#syncing = this.#syncing.then(() => this.#handle.datasync());
    this.#syncing.catch(() => {}); // told by whoever waits for it
  }
}

interface File {
  came(bytes: number): void;
  write(bytes: Uint8Array, at: number): Promise<void>;
}

/** Bytes that come in their order, of which the last are on their way to the disk. */
export class ReceivedPart {
  readonly #from: number;
  readonly #file: File;
  /** Filled while the other one is written. */
  #filling = Buffer.allocUnsafeSlow(WRITTEN_AT_ONCE);
  #other = Buffer.allocUnsafeSlow(WRITTEN_AT_ONCE);
  #filled = 0;
  /** Where those begin that are filled in. */
  #at: number;
  #writing = Promise.resolve();

  constructor(from: number, file: File) {
    this.#from = from;
    this.#at = from;
    this.#file = file;
  }

  /** Where the next byte belongs in the file. */
  get end(): number {
    return this.#at + this.#filled;
  }

  /** Begins anew, once what was begun is written. */
  async reset(): Promise<void> {
    await this.#writing;
    this.#filled = 0;
    this.#at = this.#from;
  }

  /** Takes the chunk, which nobody may use any more. @throws what the disk fails with, for this one or those before */
  async add(chunk: Uint8Array): Promise<void> {
    this.#file.came(chunk.byteLength);
    for (let taken = 0; taken < chunk.byteLength; ) {
      const part = chunk.subarray(taken, taken + WRITTEN_AT_ONCE - this.#filled);
      this.#filling.set(part, this.#filled);
      this.#filled += part.byteLength;
      taken += part.byteLength;
      if (this.#filled === WRITTEN_AT_ONCE) await this.#write();
    }
    release(chunk);
  }

  /** Returns when all is written. To be called once. */
  async finish(): Promise<void> {
    if (this.#filled > 0) await this.#write();
    await this.#writing;
    release(this.#filling);
    release(this.#other);
  }

  /** What came last is for nothing: returns when nothing is being written any more. */
  async stop(): Promise<void> {
    await this.#writing.catch(() => {});
  }

  /** Begins to write what is filled in, once what was before it is written. */
  async #write(): Promise<void> {
    await this.#writing;
    const [bytes, at] = [this.#filling.subarray(0, this.#filled), this.#at];
    [this.#filling, this.#other] = [this.#other, this.#filling];
    this.#filled = 0;
    this.#at += bytes.byteLength;
    this.#writing = this.#file.write(bytes, at);
    this.#writing.catch(() => {}); // told by whoever waits for it
  }
}
