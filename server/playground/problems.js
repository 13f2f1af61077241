// Where the page says what is wrong with the inputs: at the field that it is about, else below all of them.
import { byId } from './dom.js';
import { InputError } from './server.js';

/** @param {Field[]} fields @param {unknown} [error] undefined where nothing is wrong */
export function pointOut(fields, error) {
  const at = error instanceof InputError ? error.pointer : undefined;
  const wrong = fields.find(({ pointer }) => at === pointer || at?.startsWith(`${pointer}/`));
  const problem = byId('input-problem');
  const place = wrong?.element ?? byId('inputs').parentElement;
  // An alert that moves is read out once more.
  if (problem.parentElement !== place) place?.append(problem);
  for (const { control, note } of fields) {
    const isWrong = control === wrong?.control;
    control.ariaInvalid = isWrong ? 'true' : null;
    const described = [...(isWrong ? [problem.id] : []), ...(note ? [note.id] : [])];
    if (described.length) control.setAttribute('aria-describedby', described.join(' '));
    else control.removeAttribute('aria-describedby');
  }
}
