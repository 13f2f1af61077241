// The form: a slider and a number for each feature of a row; for any other model, each tensor as JSON.
import { byId, make, messageOf } from './dom.js';
import { rounded } from './prediction.js';
import { pointOut } from './problems.js';
import { InputError } from './server.js';
import { shapeOf } from './tensors.js';

const MOST_FIELDS = 64;

/** The row of numbers that inputs are, or undefined. @returns {number[] | undefined} */
export const asRow = (/** @type {unknown} */ inputs) =>
  Array.isArray(inputs) && inputs.every((one) => typeof one === 'number') ? inputs : undefined;

/** The features of a row, also of a model that names none. @param {Model} model @param {number[]} row */
export const featuresOf = ({ features }, row) =>
  row.map((_, i) => features?.[i] ?? { name: `feature ${i + 1}` });

/**
 * Fills the form.
 * @param {Version} version @param {() => void} changed is called at every change
 * @returns {{ fields: Field[], read: () => unknown }} read gives the inputs as they stand, or throws an InputError
 */
export function makeForm({ model, form: { example } }, changed) {
  const row = asRow(example);
  const isShort = row !== undefined && row.length <= MOST_FIELDS;
  const isNamed = model.inputs.length > 1;
  const values = Object(isNamed ? example : [example]);
  const fields = isShort
    ? featuresOf(model, row).map((one, i) => makeFeature(one, row[i] ?? 0, i, model, changed))
    : model.inputs.map((one, i) =>
        makeTensor(one, values[isNamed ? one.name : i], i, isNamed, changed),
      );
  pointOut(fields); // else what stands in a former field would go with it
  byId('inputs').replaceChildren(...fields.map(({ element }) => element));
  byId('inputs').classList.toggle('many', isShort && row.length > 8);
  byId('reset').onclick = () => {
    for (const { reset } of fields) reset();
    changed();
  };
  const read = () => {
    const values = fields.map((field) => field.read());
    if (isShort) return values;
    return isNamed
      ? Object.fromEntries(model.inputs.map(({ name }, i) => [name, values[i]]))
      : values[0];
  };
  return { fields, read };
}

/** @param {Feature} feature @param {number} value @param {number} index @param {Model} model @param {() => void} changed @returns {Field} */
function makeFeature(feature, value, index, model, changed) {
  const { name, unit } = feature;
  const reach = Math.max(1, 2 * Math.abs(value));
  const { min = value - reach, max = Math.max(value + reach, min + 1) } = feature;
  const id = `feature-${index}`;
  const pointer = `/inputs/${index}`;
  const text = String(value);
  const number = make('input', { type: 'number', step: 'any', id, value: text });
  const isWhole = !model.inputs[0]?.datatype.startsWith('float');
  const step = String(
    10 ** Math.floor(Math.log10(Math.max(isWhole ? 1 : 0, (max - min) / 50) || 1)),
  );
  const slider = make('input', { type: 'range', min: String(min), max: String(max), step });
  slider.setAttribute('aria-label', `${name}, slider`);
  slider.value = text;
  const note = make('p', { id: `${id}-note` });
  const update = () => {
    const one = number.valueAsNumber;
    const isOutside = one < Number(feature.min) || one > Number(feature.max);
    note.textContent = isOutside ? `Outside the training range, ${min} to ${max}` : '';
    changed();
  };
  slider.oninput = () => {
    number.value = slider.value;
    update();
  };
  number.oninput = () => {
    slider.value = number.value;
    update();
  };
  const ends = [min, max].map((end) => make('span', {}, String(rounded(end))));
  const element = make(
    'div',
    { class: 'field' },
    make('label', { for: id }, name, make('span', { class: 'soft' }, unit ? ` ${unit}` : '')),
    make('div', {}, slider, make('div', { class: 'ends soft', 'aria-hidden': 'true' }, ...ends)),
    number,
    note,
  );
  const read = () => {
    if (Number.isNaN(number.valueAsNumber))
      throw new InputError(
        `${name}: ${number.validity.badInput ? `expected a whole entry such as 1.5 or 2e3, at most ${Number.MAX_VALUE.toPrecision(2)}; it is too large, or no number` : 'a number is missing'}.`,
        pointer,
      );
    return number.valueAsNumber;
  };
  const reset = () => {
    number.value = slider.value = text;
    note.textContent = '';
  };
  return { element, control: number, pointer, note, read, reset };
}

/** @param {TensorSpec} spec @param {unknown} example @param {number} index @param {boolean} isNamed in the request @param {() => void} changed @returns {Field} */
function makeTensor({ name, datatype, shape }, example, index, isNamed, changed) {
  const id = `tensor-${index}`;
  const pointer = `/inputs${isNamed ? `/${name.replaceAll('~', '~0').replaceAll('/', '~1')}` : ''}`;
  const area = make('textarea', { id, spellcheck: 'false' });
  const write = (/** @type {unknown} */ value) => {
    area.value = toLines(value);
    area.rows = Math.min(10, area.value.split('\n').length + 1);
  };
  write(example);
  area.oninput = changed;
  const read = () => {
    try {
      return JSON.parse(area.value);
    } catch (error) {
      throw new InputError(`${name} is not JSON: ${messageOf(error)}`, pointer);
    }
  };
  const random = make('button', { type: 'button' }, 'Random values');
  random.append(make('span', { class: 'hidden' }, ` for ${name}`));
  random.hidden = datatype === 'string' || datatype === 'bool';
  random.onclick = () => {
    // Keeps the current shape, which the visitor may have chosen where sizes are free.
    let value = example;
    try {
      value = read();
    } catch {}
    const scale = datatype.startsWith('float') ? 0.01 : 1;
    write(mapNumbers(value, () => rounded(scale * Math.floor(100 * Math.random()))));
    changed();
  };
  const kind = make('small', { class: 'soft' }, ` ${datatype} [${shape.join(', ')}], as JSON`);
  const label = make('label', { for: id }, name, kind);
  const element = make('div', {}, make('div', { class: 'head' }, label, random), area);
  return { element, control: area, pointer, read, reset: () => write(example) };
}

/** JSON with a line for each innermost array. @returns {string} */
function toLines(/** @type {unknown} */ value, indent = '') {
  if (!Array.isArray(value) || shapeOf(value).length < 2) return JSON.stringify(value);
  const lines = value.map((one) => `${indent} ${toLines(one, `${indent} `)}`);
  return `[\n${lines.join(',\n')}\n${indent}]`;
}

/** @param {unknown} value @param {() => number} map @returns {unknown} */
const mapNumbers = (value, map) =>
  Array.isArray(value) ? value.map((one) => mapNumbers(one, map)) : map();
