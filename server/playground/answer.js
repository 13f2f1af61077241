// What the model answered: the prediction, a bar for the probability of every class, the latency.

/** @import { Model, Prediction } from './server.js' */

const SHOWN_CLASSES = 10;
const KEPT_LATENCIES = 60;

/**
 * @param {HTMLElement} place
 * @param {Model} model
 * @param {Prediction} answer of one row
 */
export function showAnswer(place, model, { prediction, labels, probabilities }) {
  const result = document.createElement('p');
  result.className = 'result';
  result.textContent = labels?.[0] ?? shorten(prediction.length === 1 ? prediction[0] : prediction);
  const classes = (probabilities?.[0] ?? []).map((probability, i) => ({
    name: model.labels?.[i] ?? String(i),
    probability,
  }));
  // Many classes: the likeliest. Few: always in the same order, so that bars move and do not jump.
  const shown =
    classes.length > SHOWN_CLASSES
      ? classes.toSorted((a, b) => b.probability - a.probability).slice(0, SHOWN_CLASSES)
      : classes;
  place.replaceChildren(result, ...shown.map(bar));
}

function bar(/** @type {{ name: string, probability: number }} */ { name, probability }) {
  const row = document.createElement('div');
  row.className = 'class';
  const [label, track, value] = ['span', 'div', 'span'].map((tag) => document.createElement(tag));
  const fill = document.createElement('div');
  fill.className = 'bar';
  fill.style.width = `${100 * probability}%`;
  track?.append(fill);
  if (label) label.textContent = name;
  if (value) value.textContent = `${(100 * probability).toFixed(1)} %`;
  row.append(...[label, track, value].filter((part) => part !== undefined));
  return row;
}

/** @type {number[]} */
const latencies = [];

/** Adds a latency in milliseconds to the line. */
export function showLatency(
  /** @type {HTMLElement} */ text,
  /** @type {Element | null} */ line,
  /** @type {number} */ milliseconds,
) {
  latencies.push(milliseconds);
  if (latencies.length > KEPT_LATENCIES) latencies.shift();
  const median = latencies.toSorted((a, b) => a - b)[Math.floor(latencies.length / 2)] ?? 0;
  text.textContent = `${milliseconds.toFixed(1)} ms to the server and back, ${median.toFixed(1)} ms the median of ${latencies.length}`;
  const most = Math.max(...latencies);
  const points = latencies.map(
    (one, i) =>
      `${(240 * i) / Math.max(1, KEPT_LATENCIES - 1)},${(38 - (36 * one) / most).toFixed(1)}`,
  );
  line?.setAttribute('points', points.join(' '));
}

/** A table of the answers to a batch. */
export function showBatch(
  /** @type {HTMLElement} */ place,
  /** @type {number[][]} */ rows,
  /** @type {Prediction} */ { prediction, labels, probabilities },
) {
  const table = document.createElement('table');
  const head = table.createTHead().insertRow();
  for (const title of ['row', 'inputs', 'prediction', ...(probabilities ? ['probability'] : [])]) {
    const cell = document.createElement('th');
    cell.scope = 'col';
    cell.textContent = title;
    head.append(cell);
  }
  const body = table.createTBody();
  for (const [i, row] of rows.entries()) {
    const cells = [String(i + 1), shorten(row), labels?.[i] ?? shorten(prediction[i])];
    if (probabilities) cells.push(`${(100 * Math.max(...(probabilities[i] ?? []))).toFixed(1)} %`);
    const line = body.insertRow();
    for (const text of cells) line.insertCell().textContent = text;
  }
  place.replaceChildren(table);
}

function shorten(/** @type {unknown} */ value) {
  const text = typeof value === 'string' ? value : JSON.stringify(value);
  return text.length > 120 ? `${text.slice(0, 119)}…` : text;
}
