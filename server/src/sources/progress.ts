// How far a download is: a line that is written over at a terminal, and a line now and then in a log.
import type { Progress } from './transfer.ts';

const EVERY_MS = { terminal: 200, log: 5000 };

/**
 * @param total bytes, where they are known
 * @param terminal where people watch; undefined where nobody does
 * @param say writes a line to the log
 */
export function createProgress(
  total: number | undefined,
  terminal: NodeJS.WriteStream | undefined,
  say: (line: string) => void,
): Progress {
  const began = performance.now();
  let last = began;
  let bytes = 0;
  return (more) => {
    bytes += more;
    const now = performance.now();
    const isDone = bytes === total;
    if (!isDone && now - last < (terminal ? EVERY_MS.terminal : EVERY_MS.log)) return;
    last = now;
    const speed = `${size((bytes / Math.max(now - began, 1)) * 1000)}/s`;
    const line = `${total === undefined ? size(bytes) : `${percent(bytes, total)}, ${size(bytes)} of ${size(total)}`}, ${speed}`;
    if (terminal) terminal.write(`\r\x1b[K${line}${isDone ? '\n' : ''}`);
    else if (!isDone) say(line);
  };
}

function percent(bytes: number, total: number): string {
  return `${total === 0 ? 100 : Math.floor((bytes / total) * 100)} %`;
}

function size(bytes: number): string {
  const [unit, name] = bytes >= 1e9 ? [1e9, 'GB'] : bytes >= 1e6 ? [1e6, 'MB'] : [1e3, 'kB'];
  return `${(bytes / unit).toFixed(1)} ${name}`;
}
