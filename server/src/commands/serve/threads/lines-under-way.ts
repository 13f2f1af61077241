// Lines of the log on their way from a serving thread to the main one, which may be too busy to write them as fast as they come.

/** Characters of lines that were posted and not received, in memory that the threads share. */
export type UnderWay = Int32Array;

/** Of all threads together; as the log itself, which drops what comes while as much waits for standard output. */
const MAX_UNDER_WAY = 4 * 1024 * 1024;

/**
 * Collects the lines of one turn of the event loop, so that all before it are with the main thread, whatever becomes of this one.
 * @param post sends them; who receives them calls `received`
 */
export function collectLines(post: (lines: string) => void, underWay: UnderWay) {
  let lines = '';
  const flush = () => {
    if (lines === '') return;
    Atomics.add(underWay, 0, lines.length);
    post(lines);
    lines = '';
  };
  return {
    write(line: string): void {
      if (Atomics.load(underWay, 0) + lines.length + line.length > MAX_UNDER_WAY) return;
      if (lines === '') setImmediate(flush);
      lines += line;
    },
    flush,
  };
}

/** To be called for all that was posted. */
export function received(lines: string, underWay: UnderWay): void {
  Atomics.sub(underWay, 0, lines.length);
}
