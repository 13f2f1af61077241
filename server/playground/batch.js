// A batch: the rows of a CSV to every version, a table of what they predict, and the same as a file.
import { MOST_ROWS, readFile, readTable, withoutFormula, writeCsv } from './csv.js';
import { byId, make, messageOf, save } from './dom.js';
import { asRow, featuresOf } from './inputs.js';
import { distance, isSame, numberOf, percent, rounded, show } from './prediction.js';
import { listed, predictAll } from './versions.js';

/** @typedef {{ versions: Version[], table: Table, rows: Row[][], differ: boolean[], problems: string[] }} Result rows by version; what versions say that are not among them */

const SHOWN_ROWS = 100;
/** With more columns, those of a row are shown as one. */
const SHOWN_COLUMNS = 6;

const area = /** @type {HTMLTextAreaElement} */ (byId('rows'));
const run = byId('run');
const file = /** @type {HTMLInputElement} */ (byId('file'));
const filter = /** @type {HTMLInputElement} */ (byId('filter'));

/** @param {Version} own @param {Version[]} versions */
export function makeBatch(own, versions) {
  const example = asRow(own.form.example);
  const isBatched = example && versions.every(({ form }) => form.maxRows > 0);
  byId('batch').hidden = !isBatched;
  if (!isBatched) return;
  const features = featuresOf(own.model, example);
  const names = features.map(({ name }) => name);
  // Names that are there twice tell no columns apart.
  const areNamed = own.model.features !== undefined && new Set(names).size === names.length;
  // The middle of each range, where there is one, is another row than the example.
  const typical = features.map(({ min, max }, i) =>
    min === undefined || max === undefined ? example[i] : Number(((min + max) / 2).toPrecision(3)),
  );
  area.value = writeCsv([names, example, typical]);
  const order = `${names.slice(0, 8).join(', ')}${names.length > 8 ? ' and so on' : ''}`;
  byId('rows-help').textContent = `CSV, up to ${MOST_ROWS.toLocaleString('en')} rows and 5 MiB. ${
    areNamed
      ? 'With a header row, columns may be in any order, and extra columns are kept. Without one, the columns are'
      : 'A header row is skipped. The columns are'
  } ${order}.`;

  /** @type {Result | undefined} */
  let result;
  const predict = async (/** @type {IsLatest} */ isLatest) => {
    area.ariaInvalid = 'true'; // until it is read
    const table = readTable(area.value, names, areNamed);
    area.ariaInvalid = null;
    const found = await predictTable(versions, table, isLatest);
    if (!found) return;
    result = found;
    filter.checked = false;
    showSummary(result);
    showRows(result);
    showProblem(result.problems.join('\n'));
  };
  const open = (/** @type {File | undefined} */ chosen) =>
    chosen &&
    attempt(async (isLatest) => {
      const text = await readFile(chosen);
      if (!isLatest()) return;
      area.value = text;
      await predict(isLatest);
    });
  run.onclick = () => run.ariaDisabled !== 'true' && attempt(predict);
  file.onchange = async () => {
    await open(file.files?.[0]);
    file.value = ''; // so that the same file can be chosen again
  };
  // Without it, the browser would leave the page for the file.
  area.ondragover = (event) => event.preventDefault();
  area.ondrop = (event) => {
    if (event.dataTransfer?.files.length) event.preventDefault();
    open(event.dataTransfer?.files[0]);
  };
  filter.onchange = () => result && showRows(result);
  byId('download').onclick = () => result && download(result);
}

/** @typedef {() => boolean} IsLatest whether no other file was opened meanwhile, whose rows count then */
let attempts = 0;

async function attempt(/** @type {(isLatest: IsLatest) => Promise<void>} */ work) {
  const own = ++attempts;
  const isLatest = () => own === attempts;
  showProblem('');
  // A button that is disabled would lose the focus.
  run.setAttribute('aria-disabled', 'true');
  try {
    await work(isLatest);
  } catch (error) {
    if (!isLatest()) return;
    byId('result').hidden = true;
    showProblem(messageOf(error));
  }
  if (!isLatest()) return;
  run.removeAttribute('aria-disabled');
  run.textContent = 'Predict all rows';
}

function showProblem(/** @type {string} */ text) {
  const problem = byId('batch-problem');
  problem.textContent = text;
  problem.hidden = !text;
}

/**
 * Asks every version for all rows, in requests that each takes.
 * @param {Version[]} versions @param {Table} table @param {IsLatest} isLatest
 * @returns {Promise<Result | undefined>} of those that respond; nothing where other rows count by now
 * @throws {Error} where none does
 */
async function predictTable(versions, table, isLatest) {
  let left = versions;
  /** @type {string[]} */
  const problems = [];
  const longest = Math.max(...table.rows.map((row) => JSON.stringify(row).length + 1));
  const size = Math.min(
    ...versions.map(({ form }) => form.maxRows),
    // 100 bytes are for the other fields.
    ...versions.map(({ model }) =>
      Math.max(1, Math.floor((model.limits.maxBodyBytes - 100) / longest)),
    ),
  );
  /** @type {Map<Version, Row[]>} */
  const found = new Map(versions.map((one) => [one, []]));
  for (let start = 0; start < table.rows.length; start += size) {
    const part = table.rows.slice(start, start + size);
    if (start > 0) run.textContent = `${start} of ${table.rows.length} rows`;
    const outcomes = await predictAll(left, part, part.length, versions.length > 1);
    if (!isLatest()) return undefined;
    for (const { version, problem, rows } of outcomes) {
      if (problem) problems.push(`${version.model.version}: ${problem}`);
      // A thousand probabilities of each row would be kept for nothing.
      found.get(version)?.push(...rows.map((row) => ({ ...row, classes: [] })));
    }
    left = outcomes.flatMap(({ version, problem }) => (problem ? [] : version));
    if (left.length === 0) throw new Error(problems.join('\n'));
  }
  const rows = left.map((one) => found.get(one) ?? []);
  const differ = table.rows.map((_, j) => {
    const [first, ...others] = rowsAt(rows, j);
    return others.some((other) => first && !isSame(first, other));
  });
  return { versions: left, table, rows, differ, problems };
}

/** What the versions predict for a row. */
const rowsAt = (/** @type {Row[][]} */ rows, /** @type {number} */ j) =>
  rows.flatMap((one) => one[j] ?? []);

function showSummary(/** @type {Result} */ { versions, table, rows, differ, problems }) {
  const [count, all] = [differ.filter(Boolean).length, differ.length];
  const isCompared = versions.length > 1;
  const distances = differ.map((_, j) => distance(rowsAt(rows, j)) ?? 0);
  const most = distances.reduce((a, b) => Math.max(a, b), 0);
  const isNumber = versions[0]?.model.task === 'regression';
  const rowCount = all === 1 ? '1 row' : `${all} rows`;
  const on = count ? `disagree on ${count} of ${rowCount}` : `agree on ${rowCount}`;
  byId('summary').replaceChildren(
    make(
      'strong',
      {},
      isCompared
        ? `${listed(versions)} ${on}`
        : `${rowCount} predicted${problems.length ? ` by ${listed(versions)} alone` : ''}`,
    ),
    count ? ` (${percent(count / all)})` : '',
    count && isNumber ? `, by ${rounded(most)} at most, in row ${distances.indexOf(most) + 1}` : '',
    table.ignored.length ? `. Ignored columns, kept in the CSV: ${table.ignored.join(', ')}` : '',
  );
  byId('summary').className = isCompared ? `verdict ${count ? 'disagree' : ''}` : '';
  byId('filter-label').hidden = count === 0;
  byId('result').hidden = false;
}

function showRows(/** @type {Result} */ { versions, table, rows, differ }) {
  const areMany = table.header.length > SHOWN_COLUMNS;
  const chosen = [...differ.keys()].filter((j) => !filter.checked || differ[j]);
  const head = ['Row', ...(areMany ? ['Inputs'] : table.header), ...predictionHeads(versions)];
  const drawn = chosen.slice(0, SHOWN_ROWS).map((j) => {
    const cells = table.cells[j] ?? [];
    return make(
      'tr',
      { class: differ[j] ? 'differs' : '' },
      make('th', { scope: 'row' }, `${j + 1}${differ[j] ? ' ≠' : ''}`),
      ...(areMany ? [show(cells.join(', '))] : cells).map((cell) => make('td', {}, cell)),
      ...rowsAt(rows, j).map(({ text, winner }) =>
        make('td', {}, make('b', {}, text), winner ? ` ${percent(winner.probability)}` : ''),
      ),
    );
  });
  const notes = [
    ...(rows[0]?.[0]?.winner ? ['Percentages are the probability of the predicted class.'] : []),
    ...(differ.includes(true) ? ['≠ marks rows where the versions disagree.'] : []),
    ...(chosen.length > SHOWN_ROWS
      ? [`The first ${SHOWN_ROWS} of ${chosen.length} rows; the CSV has all.`]
      : []),
  ];
  byId('notes').textContent = notes.join(' ');
  byId('table').replaceChildren(
    make(
      'table',
      {},
      make('thead', {}, make('tr', {}, ...head.map((one) => make('th', { scope: 'col' }, one)))),
      make('tbody', {}, ...drawn),
    ),
  );
}

const predictionHeads = (/** @type {Version[]} */ versions) =>
  versions.length > 1 ? versions.map(({ model }) => `${model.version} predicts`) : ['Prediction'];

/** The rows as they were given, and what each version predicts for them. */
function download(/** @type {Result} */ { versions, table, rows, differ }) {
  const isCompared = versions.length > 1;
  const head = predictionHeads(versions).flatMap((one, i) =>
    rows[i]?.[0]?.winner ? [one, `${one}: probability`] : [one],
  );
  const lines = table.cells.map((cells, j) => [
    ...cells,
    ...rowsAt(rows, j).flatMap(({ label, value, winner }) => [
      label ?? numberOf(value) ?? value,
      ...(winner ? [winner.probability] : []),
    ]),
    ...(isCompared ? [!differ[j]] : []),
  ]);
  const all = [[...table.header, ...head, ...(isCompared ? ['agree'] : [])], ...lines];
  const text = writeCsv(all.map((cells) => cells.map(withoutFormula)));
  // Excel takes a file for UTF-8 by its mark.
  save(`${versions[0]?.model.name}-predictions.csv`, `\uFEFF${text}`);
}
