// The predictor that this page came from. Addresses are relative, so that the page works below a base path, too.

/**
 * @typedef {{ name: string, min?: number, max?: number, example?: number, unit?: string }} Feature
 * @typedef {{ name: string, version: string, task: string, description?: string, contractHash: string,
 *   features?: Feature[], labels?: string[], inputs: { name: string, shape: (number | string)[] }[] }} Model
 * @typedef {{ prediction: unknown[], labels?: string[], probabilities?: number[][] }} Prediction
 */

export const base = new URL('.', document.baseURI);

/**
 * Where this version is, and the others that the host serves.
 * The models are those of the same server, where it has several and lets the key in.
 * @returns {Promise<{ own: URL, others: { version: string, at: URL }[], models: { name: string, version: string, at: URL }[] }>}
 */
export async function getVersions(/** @type {string} */ key) {
  /** @type {{ path: string | null, others: { version: string, path: string }[],
   *   models: { name: string, version: string, path: string }[] }} */
  const { path, others, models } = await ask('playground/versions.json', key);
  return {
    own: path === null ? base : new URL(path, base),
    others: others.map((one) => ({ version: one.version, at: new URL(one.path, base) })),
    models: models.map((one) => ({ ...one, at: new URL(one.path, base) })),
  };
}

/** @returns {Promise<Model>} */
export function getModel(/** @type {string} */ key, at = base) {
  return ask('model', key, undefined, at);
}

/**
 * What a request may hold, and one that is right.
 * @returns {Promise<{ fields: string[], example: unknown }>}
 */
export async function getRequestForm() {
  const contract = await ask('openapi.json', '');
  const content = contract.paths['/predict'].post.requestBody.content['application/json'];
  return {
    fields: Object.keys(content.schema.properties),
    example: content.examples?.row?.value.inputs ?? zeros(content.schema.properties.inputs),
  };
}

/** A row of zeros for a model that takes rows of so many numbers and gives no example; undefined for any other. */
function zeros(/** @type {any} */ schema) {
  const { items, minItems, maxItems } = schema.anyOf?.[0] ?? schema;
  const isRow = ['number', 'integer'].includes(items?.type) && minItems === maxItems;
  return isRow ? Array(minItems).fill(0) : undefined;
}

/**
 * @param {object} request
 * @returns {Promise<{ answer: Prediction, milliseconds: number }>}
 */
export async function predict(request, /** @type {string} */ key, at = base) {
  const began = performance.now();
  const answer = await ask('predict', key, request, at);
  return { answer, milliseconds: performance.now() - began };
}

/** Throws an Error whose message is the server's own sentence. */
async function ask(
  /** @type {string} */ path,
  /** @type {string} */ key,
  /** @type {object | undefined} */ body = undefined,
  at = base,
) {
  /** @type {Record<string, string>} */
  const headers = { ...(key && { 'X-API-Key': key }) };
  if (body !== undefined) headers['Content-Type'] = 'application/json';
  const response = await fetch(new URL(path, at), {
    ...(body !== undefined && { method: 'POST', body: JSON.stringify(body) }),
    headers,
  }).catch((error) => {
    throw new Error(`The server cannot be reached: ${error.message}`);
  });
  const answer = await response.json();
  if (!response.ok) throw new Error(answer.detail ?? answer.title ?? `Status ${response.status}`);
  return answer;
}
