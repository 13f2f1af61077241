// The form: a slider and a number for each feature of a row; for any other model, its inputs as JSON.

/** @import { Feature, Model } from './server.js' */

/**
 * Fills the form.
 * @param {HTMLFormElement} form
 * @param {Model} model
 * @param {unknown} example inputs that are right
 * @param {() => void} changed is called at every change
 * @returns {() => unknown} gives the inputs as they stand; throws an Error that says what is wrong
 */
export function makeForm(form, model, example, changed) {
  form.addEventListener('submit', (event) => event.preventDefault());
  const row =
    Array.isArray(example) && example.every((one) => typeof one === 'number') ? example : [];
  if (row.length === 0 || row.length > 64) return makeJson(form, example, changed);
  const fields = row.map((value, i) =>
    makeFeature(model.features?.[i] ?? { name: `feature ${i + 1}` }, value, i, changed),
  );
  form.append(...fields.map(({ element }) => element));
  return () => fields.map(({ read }) => read());
}

/** @param {Feature} feature */
function makeFeature(
  feature,
  /** @type {number} */ value,
  /** @type {number} */ index,
  /** @type {() => void} */ changed,
) {
  const { name, unit } = feature;
  const { min, max } = rangeOf(feature, value);
  const element = document.createElement('div');
  element.className = 'field';
  const label = document.createElement('label');
  label.htmlFor = `feature-${index}`;
  label.textContent = name;
  if (unit) {
    const note = document.createElement('span');
    note.className = 'unit';
    note.textContent = ` (${unit})`;
    label.append(note);
  }
  const slider = Object.assign(document.createElement('input'), {
    type: 'range',
    min: String(min),
    max: String(max),
    step: String(10 ** Math.floor(Math.log10((max - min) / 50 || 1))),
    value: String(value),
    ariaLabel: `${name}, slider`,
  });
  const number = Object.assign(document.createElement('input'), {
    type: 'number',
    step: 'any',
    id: `feature-${index}`,
    value: String(value),
  });
  slider.addEventListener('input', () => {
    number.value = slider.value;
    changed();
  });
  number.addEventListener('input', () => {
    slider.value = number.value;
    changed();
  });
  element.append(label, slider, number);
  const read = () => {
    if (Number.isNaN(number.valueAsNumber)) throw new Error(`${name}: a number is missing.`);
    return number.valueAsNumber;
  };
  return { element, read };
}

/** The feature's own range, a little wider; around its example where it has none. */
function rangeOf(/** @type {Feature} */ { min, max }, /** @type {number} */ value) {
  if (min !== undefined && max !== undefined && min < max) return { min, max };
  const reach = Math.max(1, Math.abs(value) * 2);
  return { min: min ?? value - reach, max: max ?? value + reach };
}

function makeJson(
  /** @type {HTMLFormElement} */ form,
  /** @type {unknown} */ example,
  /** @type {() => void} */ changed,
) {
  const label = document.createElement('label');
  label.htmlFor = 'json';
  label.textContent = 'inputs, as JSON';
  const area = Object.assign(document.createElement('textarea'), {
    id: 'json',
    rows: 12,
    spellcheck: false,
    value: example === undefined ? '[]' : JSON.stringify(example, null, 1),
  });
  area.addEventListener('input', changed);
  form.append(label, area);
  return () => {
    try {
      return JSON.parse(area.value);
    } catch (error) {
      throw new Error(`The inputs are not JSON: ${error instanceof Error ? error.message : error}`);
    }
  };
}
