// The playground: made of what the server says of its model, whatever the model.
import { showAnswer, showBatch, showLatency } from './answer.js';
import { codeFor, enableCopying } from './code.js';
import { makeForm } from './inputs.js';
import { showModels } from './models.js';
import { getModel, getRequestForm, getVersions, predict } from './server.js';
import { showVersions } from './versions.js';

/** @import { Model } from './server.js' */

const byId = (/** @type {string} */ id) => {
  const element = document.getElementById(id);
  if (element === null) throw new Error(`the page has no #${id}`);
  return element;
};
const keyField = /** @type {HTMLInputElement} */ (byId('key'));
const rowsField = /** @type {HTMLTextAreaElement} */ (byId('rows'));
const problem = byId('problem');

enableCopying();
byId('key-form').addEventListener('submit', (event) => event.preventDefault());
await begin();
// A server with API keys tells its model only to who has one.
const hasBegun = () => byId('inputs').childElementCount > 0;
if (!hasBegun()) /** @type {HTMLDetailsElement} */ (byId('key-details')).open = true;
keyField.addEventListener('change', () => {
  if (!hasBegun()) begin();
});

async function begin() {
  /** @type {(() => Promise<void>) | undefined} */
  let update;
  await attempt(async () => {
    update = await start();
  });
  await update?.();
}

/** Makes the page. @returns what asks for the prediction of the inputs as they stand */
async function start() {
  const { own, others, models } = await getVersions(keyField.value);
  const [model, { fields, example }] = await Promise.all([
    getModel(keyField.value, own),
    getRequestForm(),
  ]);
  const showOthers = await showVersions(
    byId('answers'),
    byId('own'),
    model,
    others,
    keyField.value,
  );
  document.title = `${model.name} ${model.version}`;
  byId('name').textContent = `${model.name} ${model.version}`;
  showModels(byId('models'), model, models);
  byId('description').textContent = model.description ?? '';
  byId('contract').textContent = `${model.task}, contract ${model.contractHash.slice(0, 12)}`;

  /** Asks for all that the model can tell. */
  const requestFor = (/** @type {unknown} */ inputs) => ({
    inputs,
    ...(fields.includes('labels') && model.labels && { labels: true }),
    ...(fields.includes('probabilities') && { probabilities: true }),
  });

  let latest = 0;
  const update = () =>
    attempt(async () => {
      const turn = ++latest;
      const request = requestFor(readInputs());
      const { curl, sdk } = codeFor(request, keyField.value !== '');
      byId('curl').textContent = curl;
      byId('sdk').textContent = sdk;
      const { answer, milliseconds } = await predict(request, keyField.value, own);
      if (turn !== latest) return; // a later change has been answered already, or will be
      showAnswer(byId('answer'), model, answer);
      showLatency(byId('latency'), document.querySelector('#sparkline polyline'), milliseconds);
      await showOthers(request, keyField.value, answer);
    });
  const form = /** @type {HTMLFormElement} */ (byId('inputs'));
  const readInputs = makeForm(form, model, example, update);

  const isFlat = document.getElementById('feature-0') !== null;
  byId('batch').hidden = !isFlat;
  if (isFlat) rowsField.value = `${example}\n${typicalRow(model, example)}`;
  byId('run').addEventListener('click', () =>
    attempt(async () => {
      const rows = readRows(rowsField.value);
      const { answer } = await predict(requestFor(rows), keyField.value, own);
      showBatch(byId('table'), rows, answer);
    }),
  );
  return update;
}

/** The middle of each feature's range, where it has one: another row than the example. */
function typicalRow(/** @type {Model} */ { features }, /** @type {unknown} */ example) {
  if (!Array.isArray(example)) return example;
  return example.map((value, i) => {
    const { min, max } = features?.[i] ?? {};
    return min === undefined || max === undefined
      ? value
      : Number(((min + max) / 2).toPrecision(3));
  });
}

/** Shows why something failed, or that nothing did. */
async function attempt(/** @type {() => Promise<void>} */ work) {
  try {
    await work();
    problem.hidden = true;
  } catch (error) {
    problem.textContent = error instanceof Error ? error.message : String(error);
    problem.hidden = false;
  }
}

/** Rows of numbers out of a pasted CSV text; semicolons and tabs separate, too, as spreadsheets copy them. */
function readRows(/** @type {string} */ text) {
  const lines = text.split('\n').filter((line) => line.trim() !== '');
  const rows = lines.map((line) => line.split(/[,;\t]/).map((cell) => cell.trim()));
  const isHead = rows[0]?.every((cell) => cell === '' || Number.isNaN(Number(cell)));
  const numbers = isHead ? rows.slice(1) : rows;
  if (numbers.length === 0) throw new Error('There is no row in the batch.');
  return numbers.map((cells, i) =>
    cells.map((cell) => {
      if (cell === '' || Number.isNaN(Number(cell)))
        throw new Error(`Row ${i + 1} of the batch has "${cell}", which is no number.`);
      return Number(cell);
    }),
  );
}
