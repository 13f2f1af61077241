// Tensors by name: shape, figures, the first values, and a picture of what is as large as one.
import { make } from './dom.js';
import { rounded, show } from './prediction.js';

const SHOWN_CHARACTERS = 400;
/** A plane with sides of at least so many values is drawn. */
const PICTURE_SIDE = 8;

/** @param {Record<string, unknown>} outputs @param {TensorSpec[]} specs */
export const tensors = (outputs, specs) =>
  specs.flatMap(({ name, datatype }) => {
    const shape = shapeOf(outputs[name]);
    const flat = [outputs[name]].flat(shape.length);
    const text = flat.length === 1 ? show(flat[0]) : toText(outputs[name]);
    const head = make(
      'p',
      { class: 'tensor' },
      make('b', {}, name),
      ' ',
      make('small', {}, `${datatype} [${shape.join(', ')}]`),
    );
    const cut = text.length > SHOWN_CHARACTERS ? `${text.slice(0, SHOWN_CHARACTERS)} …` : text;
    const result = make('p', { class: flat.length === 1 ? 'result' : 'result values' }, cut);
    const numbers = flat.filter((one) => typeof one === 'number');
    if (numbers.length < 2) return [head, result];
    const [low, high] = numbers.reduce(
      ([a, b], one) => [Math.min(a, one), Math.max(b, one)],
      [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY],
    );
    const mean = numbers.reduce((sum, one) => sum + one, 0) / numbers.length;
    const figures = `min ${rounded(low)} · mean ${rounded(mean)} · max ${rounded(high)}`;
    const [height = 0, width = 0] = shape.slice(-2);
    const isPicture = Math.min(width, height) >= PICTURE_SIDE && numbers.length === flat.length;
    return [
      head,
      make('p', { class: 'soft' }, figures),
      ...(isPicture ? [draw(numbers.slice(0, width * height), width, low, high)] : []),
      result,
    ];
  });

const toText = (/** @type {unknown} */ value) =>
  JSON.stringify(value, (_, one) => (typeof one === 'number' ? rounded(one) : one));

/** Draws a plane in greys. @param {number[]} plane @param {number} width @param {number} low @param {number} high */
function draw(plane, width, low, high) {
  const height = plane.length / width;
  const label = 'Its first plane in greys, the largest value white';
  const size = { width: String(width), height: String(height) };
  const canvas = make('canvas', { ...size, role: 'img', 'aria-label': label });
  const pixels = plane.flatMap((one) => {
    const grey = (255 * (one - low)) / (high - low || 1);
    return [grey, grey, grey, 255];
  });
  canvas
    .getContext('2d')
    ?.putImageData(new ImageData(new Uint8ClampedArray(pixels), width, height), 0, 0);
  return canvas;
}

/** @returns {number[]} */
export const shapeOf = (/** @type {unknown} */ value) =>
  Array.isArray(value) ? [value.length, ...(value.length ? shapeOf(value[0]) : [])] : [];
