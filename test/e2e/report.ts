// What the suites measured, for people: Markdown and plots in .cache/e2e, or where E2E_REPORT says.
import { mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';

const folder = path.resolve(
  import.meta.dirname,
  '../..',
  process.env['E2E_REPORT'] || '.cache/e2e',
);

/** Writes a file of the report, and prints it where it is text for a terminal. */
export function writeReport(name: string, content: string): void {
  mkdirSync(folder, { recursive: true });
  writeFileSync(path.join(folder, name), content);
  if (name.endsWith('.md')) process.stdout.write(`\n${content}\n`);
}

/** A Markdown table, with aligned columns. */
export function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const widths = head.map((title, column) =>
    Math.max(title.length, ...rows.map((cells) => (cells[column] ?? '').length)),
  );
  const line = (cells: readonly string[]) =>
    `| ${cells.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join(' | ')} |`;
  return `${[line(head), line(widths.map((width) => '-'.repeat(width))), ...rows.map(line)].join('\n')}\n`;
}
