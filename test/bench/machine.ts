// What a page of figures says of where they are from.
import { cpus, release } from 'node:os';

/** @param command that writes the page */
export function writtenHere(command: string): string {
  return `\`${command}\` wrote this page on ${new Date().toISOString().slice(0, 10)}: ${cpus()[0]?.model.trim()}, ${cpus().length} cores shared with other
machines, Linux ${release()}, Node ${process.version}. Trust the ratios, not the absolute numbers.`;
}
