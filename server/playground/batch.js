// A batch: the rows of a CSV to every version, a table of what they predict, and the same as a file.
import { MOST_ROWS, readFile, readTable, writeCsv } from './csv.js';
import { byId, make, messageOf, save } from './dom.js';
import { asRow, featuresOf } from './inputs.js';
import { distance, isSame, numberOf, percent, rounded, show } from './prediction.js';
import { listed, predictAll } from './versions.js';

/** @typedef {{ versions: Version[], table: Table, rows: Row[][], differ: boolean[] }} Result rows by version */

const SHOWN_ROWS = 100;
/** With more columns, those of a row are shown as one. */
const SHOWN_COLUMNS = 6;

const area = /** @type {HTMLTextAreaElement} */ (byId('rows'));
const run = /** @type {HTMLButtonElement} */ (byId('run'));
const file = /** @type {HTMLInputElement} */ (byId('file'));
const filter = /** @type {HTMLInputElement} */ (byId('filter'));

/** @param {Version} own @param {Version[]} versions */
export function makeBatch(own, versions) {
  const example = asRow(own.form.example);
  byId('batch').hidden = !example;
  if (!example) return;
  const features = featuresOf(own.model, example);
  const names = features.map(({ name }) => name);
  // The middle of each range, where there is one, is another row than the example.
  const typical = features.map(({ min, max }, i) =>
    min === undefined || max === undefined ? example[i] : Number(((min + max) / 2).toPrecision(3)),
  );
  area.value = writeCsv([names, example, typical]);
  const order = `${names.slice(0, 8).join(', ')}${names.length > 8 ? ' and so on' : ''}`;
  byId('rows-help').textContent = `CSV, up to ${MOST_ROWS.toLocaleString('en')} rows and 5 MiB. ${
    own.model.features
      ? 'Below a header, columns may be in any order, and others are kept. Without one, they are'
      : 'A header is skipped. The columns are'
  } ${order}.`;

  /** @type {Result | undefined} */
  let result;
  const predict = () =>
    attempt(async () => {
      const table = readTable(area.value, names, own.model.features !== undefined);
      result = await predictTable(versions, table);
      filter.checked = false;
      showSummary(result);
      showRows(result);
    });
  const open = (/** @type {File | undefined} */ chosen) =>
    attempt(async () => {
      if (!chosen) return;
      area.value = await readFile(chosen);
      await predict();
    });
  run.onclick = predict;
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

async function attempt(/** @type {() => Promise<void>} */ work) {
  const problem = byId('batch-problem');
  run.disabled = true;
  problem.hidden = true;
  try {
    await work();
  } catch (error) {
    byId('result').hidden = true;
    problem.textContent = messageOf(error);
    problem.hidden = false;
  }
  run.disabled = false;
}

/**
 * Asks every version for all rows, in requests that each takes.
 * @param {Version[]} versions @param {Table} table @returns {Promise<Result>}
 */
async function predictTable(versions, table) {
  const limits = versions.map(({ model }) => model.limits);
  const longest = Math.max(...table.rows.map((row) => JSON.stringify(row).length + 1));
  const size = Math.min(
    ...limits.map(({ maxRows }) => maxRows),
    // 100 bytes are for the other fields.
    ...limits.map(({ maxBodyBytes }) => Math.max(1, Math.floor((maxBodyBytes - 100) / longest))),
  );
  /** @type {Row[][]} */
  const rows = versions.map(() => []);
  for (let start = 0; start < table.rows.length; start += size) {
    const part = table.rows.slice(start, start + size);
    for (const [i, outcome] of (await predictAll(versions, part, part.length)).entries()) {
      if (outcome.problem) throw new Error(`${outcome.version.model.version}: ${outcome.problem}`);
      // A thousand probabilities of each row would be kept for nothing.
      rows[i]?.push(...outcome.rows.map((row) => ({ ...row, classes: [] })));
    }
  }
  const differ = table.rows.map((_, j) => {
    const [first, ...others] = rowsAt(rows, j);
    return others.some((other) => first && !isSame(first, other));
  });
  return { versions, table, rows, differ };
}

/** What the versions predict for a row. */
const rowsAt = (/** @type {Row[][]} */ rows, /** @type {number} */ j) =>
  rows.flatMap((one) => one[j] ?? []);

function showSummary(/** @type {Result} */ { versions, table, rows, differ }) {
  const [count, all] = [differ.filter(Boolean).length, differ.length];
  const isCompared = versions.length > 1;
  const distances = differ.map((_, j) => distance(rowsAt(rows, j)) ?? 0);
  const most = distances.reduce((a, b) => Math.max(a, b), 0);
  const isNumber = versions[0]?.model.task === 'regression';
  const on = count ? `disagree on ${count} of ${all}` : `agree on all ${all}`;
  byId('summary').replaceChildren(
    make('strong', {}, isCompared ? `${listed(versions)} ${on} rows` : `${all} rows predicted`),
    count ? ` (${percent(count / all)})` : '',
    count && isNumber ? `, by ${rounded(most)} at most, in row ${distances.indexOf(most) + 1}` : '',
    table.ignored.length ? `. Not features, but kept: ${table.ignored.join(', ')}` : '',
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
    ...(rows[0]?.[0]?.winner ? ['Beside each predicted class is its probability.'] : []),
    ...(differ.includes(true) ? ['≠ marks the rows that versions disagree on.'] : []),
    ...(chosen.length > SHOWN_ROWS
      ? [`${SHOWN_ROWS} of ${chosen.length} rows; the CSV has all.`]
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
  const text = writeCsv([[...table.header, ...head, ...(isCompared ? ['agree'] : [])], ...lines]);
  // Excel takes a file for UTF-8 by its mark.
  save(`${versions[0]?.model.name}-predictions.csv`, `\uFEFF${text}`);
}
