/** Names with what they are, for `--help`: the second column beside the names, below those that are longer than `widest`. */
export function columns(
  rows: readonly (readonly [name: string, text: string])[],
  widest = Number.POSITIVE_INFINITY,
): string {
  const widths = rows.map(([name]) => name.length).filter((width) => width <= widest);
  const width = Math.max(0, ...widths) + 2;
  const indent = `\n${' '.repeat(width + 2)}`;
  return rows
    .map(([name, text]) => {
      const below = text.replaceAll('\n', indent);
      return name.length <= widest
        ? `  ${name.padEnd(width)}${below}`
        : `  ${name}${indent}${below}`;
    })
    .join('\n');
}
