// Lines of the latest values, as wide as their place. Of one value there is no line yet.

const KEPT = 60;
const SVG = 'http://www.w3.org/2000/svg';

/**
 * @param {HTMLElement} place @param {string} label for screen readers @param {number} [bottom] else the least value
 * @returns a function that adds a value to each line, and a text
 */
export function makeTrace(place, label, bottom) {
  const text = document.createElement('p');
  const svg = document.createElementNS(SVG, 'svg');
  const attributes = { viewBox: '0 0 240 40', preserveAspectRatio: 'none', role: 'img' };
  for (const [name, value] of Object.entries({ ...attributes, 'aria-label': label }))
    svg.setAttribute(name, value);
  /** @type {number[][]} */
  let lines = [];
  /** @param {number[]} values @param {(kept: number[]) => string} describe */
  return (values, describe) => {
    lines = values.map((value, i) => [...(lines[i] ?? []), value].slice(-KEPT));
    const all = lines.flat();
    const least = bottom ?? Math.min(...all);
    const range = Math.max(...all) - least || 1;
    const drawable = lines.filter((line) => line.length > 1);
    svg.replaceChildren(
      ...drawable.map((points, i) => {
        const drawn = document.createElementNS(SVG, 'polyline');
        drawn.setAttribute('class', `version-${i % 4}`);
        const place = (/** @type {number} */ value, /** @type {number} */ x) =>
          `${(240 * x) / (points.length - 1)},${(38 - (36 * (value - least)) / range).toFixed(1)}`;
        drawn.setAttribute('points', points.map(place).join(' '));
        return drawn;
      }),
    );
    text.textContent = describe(all);
    if (!place.hasChildNodes()) place.append(text, svg);
  };
}
