// CSV: rows of numbers out of it, and predictions into it.

export const MOST_ROWS = 10_000;
const MOST_MIB = 5;
const SHOWN_PROBLEMS = 5;
const NUMBER = /^[-+]?(\d+\.?\d*|\.\d+)(e[-+]?\d+)?$/i;
/** What is no number, and no name either. */
const NO_NUMBER = /^([-+]?(nan|inf|infinity))?$/i;
/** What a spreadsheet would take for a formula. */
const FORMULA = /^[=+\-@\t]/;

/**
 * @param {string} text @param {string[]} names of the features
 * @param {boolean} areNamed whether these are the model's own, by which a header may order its columns
 * @returns {Table}
 * @throws {Error} whose message has a line for each problem, with its row and column
 */
export function readTable(text, names, areNamed) {
  // Excel's own line, which says how columns are separated; others show it as it is.
  const [told = '', named] = /^\s*sep=([,;|\t])\s*?(?:\r\n?|\n|$)/i.exec(text) ?? [];
  const [firstLine = ''] = text
    .slice(told.length)
    .replaceAll(/"([^"]|"")*"/g, '')
    .trimStart()
    .split('\n', 1);
  const delimiter = named ?? ['\t', ';'].find((one) => firstLine.includes(one)) ?? ',';
  // Where a comma does not separate, it may be a decimal one.
  const plain = (/** @type {string} */ cell) => (delimiter === ',' ? cell : cell.replace(',', '.'));
  const skipped = told.split(/\r\n?|\n/).length;
  const lines = parse(text.slice(told.length), delimiter, skipped).filter(
    ({ cells }) => cells.length > 1 || cells[0],
  );
  while (lines.at(-1)?.cells.every((cell) => !cell)) lines.pop(); // as spreadsheets leave them at the end
  const first = lines[0]?.cells ?? [];
  const isHeader =
    (areNamed && names.every((name) => first.some((cell) => simple(cell) === simple(name)))) ||
    first.every((cell) => !NUMBER.test(plain(cell)) && !NO_NUMBER.test(cell));
  const header = isHeader ? lines.shift()?.cells : undefined;
  if (lines.length === 0) throw new Error('The batch has no rows.');
  if (lines.length > MOST_ROWS)
    throw new Error(`The batch has ${lines.length} rows; expected at most ${MOST_ROWS}.`);
  const places = header && areNamed ? placesOf(header, names) : names.map((_, i) => i);
  const width = header?.length ?? names.length;
  /** @type {string[]} */
  const problems = [];
  const rows = lines.map(({ cells, line }, i) => {
    const row = `Row ${i + 1}${line === i + 1 ? '' : ` (line ${line})`}`;
    if (cells.length !== width)
      problems.push(
        `${row}: expected ${width} values (${(header ?? names).join(', ')}), got ${cells.length}.`,
      );
    else
      return places.map((place, feature) => {
        const cell = cells[place] ?? '';
        const number = NUMBER.test(plain(cell)) ? Number(plain(cell)) : Number.NaN;
        const isExact = Math.abs(number) <= Number.MAX_SAFE_INTEGER || !/^[-+]?\d+$/.test(cell);
        if (!Number.isFinite(number) || !isExact)
          problems.push(
            `${row}, column “${names[feature]}”: expected a number${tooLarge(number, isExact)}, got ${cell ? `“${cell.slice(0, 40)}”` : 'nothing'}.`,
          );
        return number;
      });
    return [];
  });
  const more = problems.length - SHOWN_PROBLEMS;
  if (more > 0) problems.splice(SHOWN_PROBLEMS, more, `And ${more} more.`);
  if (problems.length > 0) throw new Error(problems.join('\n'));
  const ignored = (header ?? []).filter((_, i) => !places.includes(i));
  return { header: header ?? names, cells: lines.map(({ cells }) => cells), rows, ignored };
}

/** Where each feature is in a header. @param {string[]} header @param {string[]} names */
function placesOf(header, names) {
  return names.map((name) => {
    const found = [...header.keys()].filter((i) => simple(header[i] ?? '') === simple(name));
    const place = found.find((i) => header[i] === name) ?? found[0];
    if (place !== undefined && found.filter((i) => header[i] === header[place]).length === 1)
      return place;
    const what = found.length ? 'more than one column' : 'no column';
    throw new Error(
      `The header has ${what} “${name}”. Expected ${names.join(', ')}, in any order.`,
    );
  });
}

/** Of "Sepal_Length (cm)", "sepal length". The apostrophe before a formula is the one of a download. */
const simple = (/** @type {string} */ name) =>
  name
    .replace(/^'(?=[=+\-@\t])/, '')
    .toLowerCase()
    .replace(/\([^()]*\)$/, '')
    .replaceAll(/[\s_-]+/g, ' ')
    .trim();

/**
 * Quoted cells may hold delimiters, line ends and doubled quotes (RFC 4180).
 * @param {string} text @param {string} delimiter @param {number} first the number of its first line
 */
function parse(text, delimiter, first) {
  const pattern = new RegExp(`(?:"((?:[^"]|"")*)"|([^${delimiter}\n]*))([${delimiter}\n]|$)`, 'g');
  /** @type {{ cells: string[], line: number }[]} */
  const rows = [];
  let [line, next] = [first, first];
  /** @type {string[]} */
  let cells = [];
  for (const [whole, quoted, plain = '', end] of text
    .replaceAll(/\r\n?/g, '\n')
    .matchAll(pattern)) {
    cells.push(quoted?.replaceAll('""', '"') ?? plain.trim());
    next += whole.split('\n').length - 1;
    if (end === delimiter) continue;
    rows.push({ cells, line });
    [cells, line] = [[], next];
  }
  return rows;
}

/** What a number must be that is too large; nothing for what is no number. @param {number} number @param {boolean} isExact */
function tooLarge(number, isExact) {
  if (Number.isNaN(number)) return '';
  if (!isExact) return ` that JavaScript holds exactly, up to ${Number.MAX_SAFE_INTEGER}`;
  return ` of at most ${Number.MAX_VALUE.toPrecision(2)}`;
}

/** The text of a file. @param {File} file @throws {Error} where it is too large, or not UTF-8 */
export async function readFile(file) {
  if (file.size > MOST_MIB * 2 ** 20)
    throw new Error(`${file.name} is larger than ${MOST_MIB} MiB.`);
  const decoder = new TextDecoder('utf-8', { fatal: true });
  try {
    return decoder.decode(await file.arrayBuffer());
  } catch {
    throw new Error(`${file.name} is not UTF-8 text. Save it as “CSV UTF-8”.`);
  }
}

/** @param {unknown[][]} rows */
export function writeCsv(rows) {
  const cell = (/** @type {unknown} */ value) => {
    const text = typeof value === 'string' ? value : (JSON.stringify(value) ?? '');
    return /[",;\n\t]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
  };
  return rows.map((row) => `${row.map(cell).join(',')}\n`).join('');
}

/** A text that a spreadsheet would take for a formula is led by an apostrophe. @param {unknown} value */
export const withoutFormula = (value) =>
  typeof value === 'string' && FORMULA.test(value) && !NUMBER.test(value) ? `'${value}` : value;
