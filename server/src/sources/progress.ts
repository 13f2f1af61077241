// How far a download is: a line that is written over at a terminal, and a line now and then in a log.
import type { Progress } from './transfer.ts';

const CLEAR = '\r\x1b[K';
const EVERY_MS = { terminal: 200, log: 5000 };

export interface ShownProgress {
  readonly add: Progress;
  /** Writes a line to the log, not into that of the progress. */
  readonly say: (line: string) => void;
  /** Ends the line that is written over. */
  readonly end: () => void;
}

/**
 * @param total bytes, where they are known
 * @param terminal where people watch; undefined where nobody does
 * @param say writes a line to the log
 */
export function createProgress(
  total: number | undefined,
  terminal: Pick<NodeJS.WriteStream, 'write'> | undefined,
  say: (line: string) => void,
): ShownProgress {
  const began = performance.now();
  let last = began;
  let bytes = 0;
  let isOpen = false;
  return {
    add(more) {
      bytes += more;
      const now = performance.now();
      const isDone = bytes === total;
      if (!isDone && now - last < (terminal ? EVERY_MS.terminal : EVERY_MS.log)) return;
      last = now;
      const speed = `${size((bytes / Math.max(now - began, 1)) * 1000)}/s`;
      const line = `${total === undefined ? size(bytes) : `${percent(bytes, total)}, ${size(bytes)} of ${size(total)}`}, ${speed}`;
      if (terminal) terminal.write(`${CLEAR}${line}`);
      else if (!isDone) say(line);
      isOpen = terminal !== undefined;
    },
    say(line) {
      if (isOpen) terminal?.write(CLEAR);
      isOpen = false;
      say(line);
    },
    end() {
      if (isOpen) terminal?.write('\n');
      isOpen = false;
    },
  };
}

function percent(bytes: number, total: number): string {
  return `${total === 0 ? 100 : Math.floor((bytes / total) * 100)} %`;
}

function size(bytes: number): string {
  const [unit, name] = bytes >= 1e9 ? [1e9, 'GB'] : bytes >= 1e6 ? [1e6, 'MB'] : [1e3, 'kB'];
  return `${(bytes / unit).toFixed(1)} ${name}`;
}
