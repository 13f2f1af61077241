// The playground: made of what the server says of its model, whatever the model.
import { makeAnswer } from './answer.js';
import { makeBatch } from './batch.js';
import { enableCopying, showCode } from './code.js';
import { byId, messageOf } from './dom.js';
import { makeForm } from './inputs.js';
import { showModels } from './models.js';
import { pointOut } from './problems.js';
import { getAddresses, InputError, KeyError, key } from './server.js';
import { loadVersions, predictAll, requestFor, showHeading } from './versions.js';

const keyField = /** @type {HTMLInputElement} */ (byId('key'));

enableCopying();
byId('inputs').onsubmit = (event) => event.preventDefault();
byId('key-form').onsubmit = (event) => {
  event.preventDefault();
  key.value = keyField.value;
  begin();
};
await begin();

/** Makes the page. */
async function begin() {
  try {
    const { own: at, others, models } = await getAddresses();
    const { own, versions } = await loadVersions(at, others);
    byId('key-form').hidden = !own.form.needsKey;
    byId('main').hidden = false;
    showHeading(own, versions);
    showModels(own.model, models);
    const showAnswer = makeAnswer();
    const update = oneAtATime(
      async () => {
        const inputs = form.read();
        showCode(requestFor(own, inputs), own.form.needsKey);
        const outcomes = await predictAll(versions, inputs);
        // What every version refuses is a fault of the inputs, and is said at their field.
        const [first] = outcomes;
        if (outcomes.every(({ error }) => error instanceof InputError)) throw first?.error;
        showAnswer(outcomes);
      },
      (error) => {
        pointOut(form.fields, error);
        report('input-problem', error);
      },
    );
    const form = makeForm(own, update);
    makeBatch(own, versions);
    report('problem');
    showCode(requestFor(own, form.read()), own.form.needsKey);
    if (!own.form.isGuess) return await update();
    byId('tiles').textContent =
      'This model has inputs of free size. Enter values, and its prediction appears here.';
  } catch (error) {
    byId('main').hidden = true;
    report('problem', error);
  }
}

/**
 * Runs one at a time, and after it only the latest of those that came meanwhile: a slider is faster than a model.
 * @param {() => Promise<void>} work @param {(error?: unknown) => void} done is called after each
 */
function oneAtATime(work, done) {
  let [isRunning, isWanted] = [false, false];
  return async () => {
    isWanted = true;
    if (isRunning) return;
    isRunning = true;
    while (isWanted) {
      isWanted = false;
      await work().then(() => done(), done);
    }
    isRunning = false;
  };
}

/** Shows why something failed, or that nothing did. @param {string} id of the place @param {unknown} [error] */
function report(id, error) {
  const problem = byId(id);
  problem.hidden = error === undefined;
  problem.textContent = error === undefined ? '' : messageOf(error);
  byId('prediction').classList.toggle('stale', error !== undefined);
  if (!(error instanceof KeyError)) return;
  byId('key-form').hidden = false;
  keyField.focus();
}
