// A bar for the probability of each class; with several versions, one of each below the other.
import { make } from './dom.js';
import { percent } from './prediction.js';
import { colour } from './versions.js';

const SHOWN_CLASSES = 10;
let drawn = '';

/** @param {HTMLElement} list @param {Outcome[]} outcomes */
export function showClasses(list, outcomes) {
  const { names, more } = chooseClasses(outcomes.flatMap(({ rows }) => rows));
  // The same bars move; others are made.
  const key = JSON.stringify([names, outcomes.map(({ rows }) => rows.length)]);
  if (drawn !== key) list.replaceChildren(...names.map((name) => entry(name, outcomes)));
  drawn = key;
  const maps = outcomes.map(({ rows }) => new Map(rows[0]?.classes.map((one) => [one.name, one])));
  for (const [i, name] of names.entries())
    for (const [j, line] of [...(list.children[i]?.querySelectorAll('.line') ?? [])].entries()) {
      const one = maps[j]?.get(name);
      update(line, one?.probability, one !== undefined && one === outcomes[j]?.rows[0]?.winner);
    }
  if (more > 0) list.querySelector('.more')?.remove();
  if (more > 0)
    list.append(make('li', { class: 'more soft' }, `${more} more classes are less likely`));
}

/** All classes in their order where they are few; else the predicted ones, then the likeliest. */
function chooseClasses(/** @type {Row[]} */ rows) {
  /** @type {Map<string, number>} */
  const ranks = new Map();
  for (const { classes, winner } of rows)
    for (const one of classes)
      ranks.set(one.name, Math.max(ranks.get(one.name) ?? 0, one === winner ? 2 : one.probability));
  const names = [...ranks.keys()];
  const more = names.length - SHOWN_CLASSES;
  if (more <= 0) return { names, more };
  names.sort((a, b) => (ranks.get(b) ?? 0) - (ranks.get(a) ?? 0));
  return { names: names.slice(0, SHOWN_CLASSES), more };
}

/** @param {string} name @param {Outcome[]} outcomes */
function entry(name, outcomes) {
  const lines = outcomes.map(({ version }, i) =>
    make(
      'div',
      { class: `line ${colour(i)}` },
      ...(outcomes.length > 1 ? [make('span', { class: 'whose' }, version.model.version)] : []),
      make('span', { class: 'track' }, make('span', { class: 'fill' })),
      make('span', { class: 'share' }),
      make('span', { class: 'mark' }),
    ),
  );
  return make('li', { class: 'class' }, make('span', {}, name), make('div', {}, ...lines));
}

/** @param {Element} line @param {number | undefined} probability @param {boolean} isPredicted */
function update(line, probability, isPredicted) {
  const [fill, share, mark] = ['.fill', '.share', '.mark'].map((one) => line.querySelector(one));
  if (fill instanceof HTMLElement)
    fill.style.width = `${100 * Math.min(1, Math.max(0, probability ?? 0))}%`;
  share?.replaceChildren(probability === undefined ? '–' : percent(probability));
  line.toggleAttribute('aria-current', isPredicted);
  if (isPredicted) line.setAttribute('aria-current', 'true');
  mark?.replaceChildren(
    ...(isPredicted ? ['✓', make('span', { class: 'hidden' }, ' predicted')] : []),
  );
}
