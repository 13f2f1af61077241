// The other versions beside this one: what each predicts for the same inputs.
import { showAnswer } from './answer.js';
import { getModel, predict } from './server.js';

/** @import { Model, Prediction } from './server.js' */

/**
 * Makes a column for every other version that can be reached from here, and heads this version's own.
 * @param {HTMLElement} place where the columns go, after this version's
 * @param {HTMLElement} ownHead
 * @param {Model} own
 * @param {{ version: string, at: URL }[]} others
 * @returns {Promise<(request: object, key: string, answer: Prediction) => Promise<void>>} what shows their answers
 */
export async function showVersions(place, ownHead, own, others, /** @type {string} */ key) {
  // Behind a port-forward to one pod there are no other versions.
  const found = await Promise.allSettled(
    others.map(async ({ at }) => ({ at, model: await getModel(key, at) })),
  );
  for (const old of place.querySelectorAll('.other')) old.remove();
  const columns = found.flatMap((one) =>
    one.status === 'fulfilled' && one.value.model.name === own.name
      ? [{ ...one.value, ...column(place, one.value.model.version) }]
      : [],
  );
  ownHead.textContent = own.version;
  ownHead.hidden = columns.length === 0;
  return async (request, key, ownAnswer) => {
    await Promise.all(
      columns.map(async ({ at, model, answer, note }) => {
        try {
          const theirs = await predict(request, key, at);
          showAnswer(answer, model, theirs.answer);
          note.textContent = isSame(ownAnswer, theirs.answer) ? '' : `differs from ${own.version}`;
        } catch (error) {
          answer.replaceChildren();
          note.textContent = error instanceof Error ? error.message : String(error);
        }
      }),
    );
  };
}

function column(/** @type {HTMLElement} */ place, /** @type {string} */ version) {
  const [box, head, answer, note] = ['div', 'h3', 'div', 'p'].map((tag) =>
    document.createElement(tag),
  );
  if (!box || !head || !answer || !note) throw new Error('four elements were to be made');
  box.className = 'other';
  head.textContent = version;
  note.className = 'note';
  box.append(head, answer, note);
  place.append(box);
  return { answer, note };
}

function isSame(/** @type {Prediction} */ one, /** @type {Prediction} */ other) {
  return JSON.stringify(one.prediction) === JSON.stringify(other.prediction);
}
