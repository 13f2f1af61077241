// What a response says of a row, and when two versions say the same.

/** As the server's SHADOW_TOLERANCE is by default. */
const TOLERANCE = 1e-5;

/** @param {Model} model @param {Prediction} response @param {number} [i] the row, of a batch @returns {Row} */
export function readRow(model, { prediction, labels, probabilities }, i) {
  // A model without a dimension of rows responds with its whole output.
  const value = i === undefined && prediction.length !== 1 ? prediction : prediction[i ?? 0];
  const label = labels?.[i ?? 0];
  const classes = (probabilities?.[i ?? 0] ?? []).map((probability, place) => ({
    name: model.labels?.[place] ?? String(place),
    probability,
  }));
  const winner = classes[Number(value)] ?? classes.find(({ name }) => name === (label ?? value));
  return { value, label, text: label ?? show(value), classes, winner };
}

/** Whether two versions predict the same class, or numbers that only rounding sets apart. */
export const isSame = (/** @type {Row} */ one, /** @type {Row} */ other) =>
  one.label !== undefined && other.label !== undefined
    ? one.label === other.label
    : isClose(one.value, other.value);

/** @param {unknown} one @param {unknown} other @returns {boolean} */
function isClose(one, other) {
  if (Array.isArray(one) && Array.isArray(other))
    return one.length === other.length && one.every((value, i) => isClose(value, other[i]));
  if (typeof one === 'number' && typeof other === 'number')
    return Math.abs(one - other) <= TOLERANCE * Math.max(1, Math.abs(one));
  return one === other;
}

/** How far versions are apart that predict a number each; else undefined. */
export function distance(/** @type {Row[]} */ rows) {
  const numbers = rows.flatMap(({ value }) => numberOf(value) ?? []);
  return numbers.length < rows.length ? undefined : Math.max(...numbers) - Math.min(...numbers);
}

/** The number that a value is, or the only one in it. @returns {number | undefined} */
export function numberOf(/** @type {unknown} */ value) {
  if (Array.isArray(value) && value.length === 1) return numberOf(value[0]);
  return typeof value === 'number' ? value : undefined;
}

/** @returns {string} a value for people */
export function show(/** @type {unknown} */ value) {
  const number = numberOf(value);
  if (number !== undefined) return String(rounded(number));
  const text = typeof value === 'string' ? value : (JSON.stringify(value) ?? '–');
  return text.length > 120 ? `${text.slice(0, 119)}…` : text;
}

export const rounded = (/** @type {number} */ number) =>
  Number.isInteger(number) ? number : Number(number.toPrecision(6));

export const percent = (/** @type {number} */ share) =>
  share > 0 && share < 0.0005 ? '<\u00a00.1\u00a0%' : `${(100 * share).toFixed(1)}\u00a0%`;
