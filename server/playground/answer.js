// What the versions predict for the inputs as they stand, and whether they agree.
import { showClasses } from './classes.js';
import { byId, make } from './dom.js';
import { distance, isSame, numberOf, percent, rounded, show } from './prediction.js';
import { tensors } from './tensors.js';
import { makeTrace } from './trace.js';
import { colour, listed } from './versions.js';

/** @returns what shows the outcomes of one request */
export function makeAnswer() {
  byId('history').replaceChildren();
  byId('latency').replaceChildren();
  const addNumbers = makeTrace(byId('history'), 'Latest predictions');
  const addTimes = makeTrace(byId('latency'), 'Round trips of the latest requests', 0);
  return (/** @type {Outcome[]} */ outcomes) => {
    const isCompared = outcomes.length > 1;
    byId('tiles').replaceChildren(...outcomes.map((one, i) => tile(one, isCompared && i)));
    showClasses(byId('classes'), outcomes);
    const verdict = byId('verdict');
    verdict.hidden = outcomes.filter(({ rows }) => rows.length).length < 2;
    const { text, detail, agree } = judge(outcomes.filter(({ rows }) => rows.length));
    verdict.classList.toggle('disagree', !agree);
    verdict.replaceChildren(make('strong', {}, text), detail && ` · ${detail}`);
    byId('spoken').textContent = [
      ...outcomes.map(
        ({ rows, version, problem }) =>
          `${isCompared ? version.model.version : ''} ${rows[0]?.text ?? problem}`,
      ),
      ...(verdict.hidden ? [] : [text]),
    ].join('. ');

    const numbers = outcomes.flatMap(({ rows }) => numberOf(rows[0]?.value) ?? []);
    if (outcomes[0]?.version.model.task === 'regression' && numbers.length === outcomes.length)
      addNumbers(
        numbers,
        (kept) =>
          `Latest predictions, from ${show(Math.min(...kept))} to ${show(Math.max(...kept))}`,
      );
    if (outcomes.some(({ problem }) => problem)) return;
    addTimes(
      outcomes.map(({ milliseconds }) => milliseconds),
      (kept) => (isCompared ? times(outcomes) : time(outcomes[0], kept)),
    );
  };
}

const times = (/** @type {Outcome[]} */ outcomes) =>
  `Round trip: ${outcomes.map((one) => `${one.version.model.version} ${ms(one.milliseconds)}`).join(', ')}`;

/** @param {Pick<Outcome, 'milliseconds' | 'inference'> | undefined} outcome @param {number[]} kept */
function time({ milliseconds, inference } = { milliseconds: 0 }, kept) {
  const inModel = inference ? `, ${ms(inference)} of it in the model` : '';
  const median = kept.toSorted((a, b) => a - b)[kept.length >> 1] ?? 0;
  const ofAll = kept.length > 1 ? ` · median of ${kept.length}: ${ms(median)}` : '';
  return `Round trip ${ms(milliseconds)}${inModel}${ofAll}`;
}

const ms = (/** @type {number} */ milliseconds) => `${milliseconds.toFixed(1)}\u00a0ms`;

/** The prediction of one version, large. @param {Outcome} outcome @param {number | false} place */
function tile({ version: { model }, rows: [row], problem, outputs }, place) {
  const box = make('div', { class: `tile ${place === false ? '' : colour(place)}` });
  if (place !== false) box.append(make('h3', {}, model.version));
  if (problem) box.append(make('p', { class: 'problem' }, problem));
  if (outputs) box.append(...tensors(outputs, model.outputs));
  else if (row) {
    box.append(make('p', { class: 'result' }, row.text));
    // Shown on narrow screens only, where the bars, which say the same, are often out of sight.
    if (row.winner) box.append(make('p', { class: 'odds' }, percent(row.winner.probability)));
  }
  return box;
}

/** Whether versions agree, in words. */
function judge(/** @type {Outcome[]} */ outcomes) {
  const rows = outcomes.flatMap((one) => one.rows);
  const agree = rows.every((row) => rows[0] && isSame(rows[0], row));
  const text = `${listed(outcomes.map(({ version }) => version))} ${agree ? 'agree' : 'disagree'}`;
  const apart = distance(rows);
  let detail = '';
  if (rows[0]?.winner) detail = farthestClass(rows);
  else if (!agree && apart !== undefined) detail = `by ${rounded(apart)}`;
  return { text, detail, agree };
}

/** Of which class the probabilities are the farthest apart. */
function farthestClass(/** @type {Row[]} */ rows) {
  const [first, ...others] = rows.map(
    ({ classes }) => new Map(classes.map(({ name, probability }) => [name, probability])),
  );
  let [most, name] = [0, ''];
  for (const [one, probability] of first ?? []) {
    const all = [probability, ...others.map((other) => other.get(one) ?? Number.NaN)];
    const apart = Math.max(...all) - Math.min(...all);
    if (apart > most) [most, name] = [apart, one];
  }
  return most < 0.0005
    ? 'equal probabilities'
    : `probabilities up to ${(100 * most).toFixed(1)} points apart (${name})`;
}
