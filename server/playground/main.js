// The playground: made of what the server says of its model, whatever the model.
import { makeAnswer } from './answer.js';
import { makeBatch } from './batch.js';
import { enableCopying, showCode } from './code.js';
import { byId, messageOf } from './dom.js';
import { makeForm } from './inputs.js';
import { showModels } from './models.js';
import { getAddresses, KeyError, key } from './server.js';
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
    const update = oneAtATime(async () => {
      const inputs = readInputs();
      showCode(requestFor(own, inputs), own.form.needsKey);
      showAnswer(await predictAll(versions, inputs));
    });
    const readInputs = makeForm(own, update);
    makeBatch(own, versions);
    report('problem');
    showCode(requestFor(own, readInputs()), own.form.needsKey);
    if (!own.form.isGuess) return await update();
    byId('tiles').textContent =
      'The model leaves sizes free: set the inputs, and the prediction is here.';
  } catch (error) {
    byId('main').hidden = true;
    report('problem', error);
  }
}

/**
 * While one runs, of all that is asked for only the latest follows: a slider asks faster than a model predicts.
 * @param {() => Promise<void>} work
 */
function oneAtATime(work) {
  let [isRunning, isWanted] = [false, false];
  return async () => {
    isWanted = true;
    if (isRunning) return;
    isRunning = true;
    while (isWanted) {
      isWanted = false;
      await work().then(
        () => report('input-problem'),
        (error) => report('input-problem', error),
      );
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
