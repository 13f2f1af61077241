// What the benchmark pages have measured, for pages that quote them: [22,543](benchmark.md "ml-api, req/s, 64 conn.") has a row and
// a column of a table in its title, [1.1 %](benchmark.md "Metrics") how a paragraph begins.

export interface Quote {
  /** The benchmark page that is linked. */
  readonly of: string;
  readonly text: string;
  /** Where the figure is from; undefined where the quote does not say it. */
  readonly source: string | undefined;
}

/** The links of a page to benchmarks that are figures. */
export function quotesIn(page: string): Quote[] {
  const links = page.matchAll(
    /\[([^\]]*\d[^\]]*)\]\((?:[\w./]*\/)?(benchmark[\w-]*\.md)(?: "([^"]*)")?\)/g,
  );
  return Array.from(links, ([, text = '', of = '', source]) => ({ of, text, source }));
}

/** What is wrong with a quote, as a sentence; undefined when it is what the benchmark says. */
export function whyNotQuoted(benchmark: string, { text, source }: Quote): string | undefined {
  if (source === undefined)
    return `"${text}": name the row and column, or the paragraph, as the title of the link.`;
  const cell = cellsOf(benchmark).get(source);
  if (cell !== undefined)
    return cell === text ? undefined : `"${text}": the benchmark has ${cell} for "${source}".`;
  const paragraph = benchmark.split('\n\n').find((one) => one.startsWith(source));
  if (paragraph === undefined) return `"${text}": the benchmark has no "${source}".`;
  const figures: readonly string[] = paragraph.match(/\d[\d,.]*\d(?: [×%]| µs| ms)?|\d/g) ?? [];
  return figures.includes(text)
    ? undefined
    : `"${text}": "${source} …" of the benchmark has ${figures.join('; ')}.`;
}

/** The cells of all tables, by `ROW, COLUMN`. */
function cellsOf(benchmark: string): ReadonlyMap<string, string> {
  const cells = new Map<string, string>();
  let columns: readonly string[] | undefined;
  for (const line of benchmark.split('\n')) {
    const [row, ...values] = line.startsWith('|') ? line.split('|').slice(1, -1).map(trim) : [];
    if (row === undefined) columns = undefined;
    else if (columns === undefined) columns = values;
    else for (const [i, value] of values.entries()) cells.set(`${row}, ${columns[i]}`, value);
  }
  return cells;
}

function trim(text: string): string {
  return text.trim();
}
