// The versions that the page compares: its own, and those that the host serves beside it.
import { byId, make, messageOf } from './dom.js';
import { readRow } from './prediction.js';
import { getVersion, predict } from './server.js';

/** How long the page waits for versions beside its own, in milliseconds. */
const OTHERS_PATIENCE_MS = 3000;

/**
 * Others that cannot be reached are left out, as behind a port-forward to one pod.
 * @param {URL} ownAt @param {URL[]} others
 * @returns in the order of their names, so that each keeps its colour
 */
export async function loadVersions(ownAt, others) {
  const [own, ...found] = await Promise.all([
    getVersion(ownAt),
    ...others.map((at) => getVersion(at, OTHERS_PATIENCE_MS).catch(() => undefined)),
  ]);
  const versions = [
    own,
    ...found.flatMap((one) => (one?.model.name === own.model.name ? one : [])),
  ];
  versions.sort((a, b) => a.model.version.localeCompare(b.model.version, 'en', { numeric: true }));
  return { own, versions };
}

/** Names the model, its versions and its task. @param {Version} own @param {Version[]} versions */
export function showHeading({ at, model }, versions) {
  const { name, task, labels, inputs, outputs } = model;
  document.title = `${name} ${listed(versions)}`;
  const chips = versions.map((one, i) => {
    const attributes = { class: versions.length > 1 ? `chip ${colour(i)}` : 'chip' };
    const { version } = one.model;
    return one.at === at
      ? make('span', attributes, version)
      : make('a', { ...attributes, href: one.at.href }, version);
  });
  byId('name').replaceChildren(name, ...chips.flatMap((chip) => [' ', chip]));
  byId('description').textContent =
    versions.length > 1
      ? versions
          .flatMap((one) =>
            one.model.description ? `${one.model.version}: ${one.model.description}` : [],
          )
          .join('\n')
      : (model.description ?? '');
  byId('task').textContent = {
    classification: labels ? `Classification into ${labels.length} classes` : 'Classification',
    regression: 'Regression',
    tensor: `Tensors: ${inputs.length} in, ${outputs.length} out`,
  }[task];
}

export const colour = (/** @type {number} */ place) => `version-${place % 4}`;

/** "v1 and v2" */
export const listed = (/** @type {Version[]} */ versions) =>
  new Intl.ListFormat('en').format(versions.map(({ model }) => model.version));

/** Asks for all that the model can tell. @param {Version} version @param {unknown} inputs */
export const requestFor = ({ model, form: { fields } }, inputs) => ({
  inputs,
  ...(fields.includes('labels') && model.labels && { labels: true }),
  ...(fields.includes('probabilities') && { probabilities: true }),
  ...(model.task === 'tensor' && { outputs: true }),
});

/**
 * Asks every version for the same inputs.
 * @param {Version[]} versions @param {unknown} inputs @param {number} [count] of rows, where they are a batch
 * @param {boolean} [isShared] whether one that fails is one among others; of the only one, that is thrown
 * @returns {Promise<Outcome[]>}
 */
export const predictAll = (versions, inputs, count, isShared = versions.length > 1) =>
  Promise.all(
    versions.map(async (version) => {
      try {
        const { response, ...times } = await predict(requestFor(version, inputs), version.at);
        const rows = Array.from({ length: count ?? 1 }, (_, i) =>
          readRow(version.model, response, count && i),
        );
        return { version, rows, outputs: response.outputs, ...times };
      } catch (error) {
        if (!isShared) throw error;
        return { version, rows: [], problem: messageOf(error), error, milliseconds: 0 };
      }
    }),
  );
