// The predictor that this page came from. Addresses are relative, so that the page works below a base path, too.

export const base = new URL('.', document.baseURI);
export const key = { value: '' };

/** The server wants an API key, or another one. */
export class KeyError extends Error {}

/** Where this version is, the others that the host serves, and the models of this server. */
export async function getAddresses() {
  /** @type {{ path: string | null, others: { path: string }[], models: { name: string, version: string, path: string }[] }} */
  const { path, others, models } = (await send('playground/versions.json')).body;
  return {
    own: new URL(path ?? '.', base),
    others: others.map((one) => new URL(one.path, base)),
    models: models.map((one) => ({ ...one, href: new URL(one.path, base).href })),
  };
}

/** @returns {Promise<Version>} */
export async function getVersion(/** @type {URL} */ at) {
  const [{ body: model }, { body: contract }] = await Promise.all([
    send('model', at),
    send('openapi.json', at),
  ]);
  const { requestBody, security } = contract.paths['/predict'].post;
  const { schema, examples } = requestBody.content['application/json'];
  return {
    at,
    model,
    form: {
      fields: Object.keys(schema.properties),
      example: examples?.row?.value.inputs ?? sample(schema.properties.inputs),
      isGuess: !examples?.row && !isFixed(schema.properties.inputs),
      needsKey: security.length > 0,
    },
  };
}

/** The smallest value that fits a schema: zeros, one of each size that is free. @returns {unknown} */
function sample(/** @type {any} */ { anyOf, type, properties, items, minItems = 1, minimum = 0 }) {
  if (anyOf) return sample(anyOf[0]);
  if (type === 'array') return Array.from({ length: minItems }, () => sample(items));
  if (type !== 'object')
    return { string: '', boolean: false }[String(type)] ?? Math.max(0, minimum);
  return Object.fromEntries(Object.entries(properties).map(([name, one]) => [name, sample(one)]));
}

/** @returns {Promise<{ response: Prediction, milliseconds: number, inference: number }>} */
export async function predict(/** @type {object} */ request, /** @type {URL} */ at) {
  const began = performance.now();
  const { body, headers } = await send('predict', at, request);
  const milliseconds = performance.now() - began;
  const [, inference] = /inference;dur=([\d.]+)/.exec(headers.get('Server-Timing') ?? '') ?? [];
  return { response: body, milliseconds, inference: Number(inference) };
}

/** Whether all sizes of a value are given. @returns {boolean} */
function isFixed(/** @type {any} */ { anyOf, type, properties, items, minItems, maxItems }) {
  if (anyOf) return isFixed(anyOf[0]);
  if (type === 'array') return minItems === maxItems && isFixed(items);
  return type !== 'object' || Object.values(properties).every(isFixed);
}

/**
 * @param {string} path @param {URL} at @param {object} [request]
 * @throws {Error} whose message is the server's own sentence
 */
async function send(path, at = base, request) {
  const response = await fetch(new URL(path, at), {
    ...(request && { method: 'POST', body: JSON.stringify(request) }),
    headers: {
      ...(key.value && { 'X-API-Key': key.value }),
      ...(request && { 'Content-Type': 'application/json' }),
    },
  }).catch((error) => {
    throw new Error(`The server cannot be reached: ${error.message}`);
  });
  const body = await response.json().catch(() => ({}));
  if (response.ok) return { body, headers: response.headers };
  const message = body.detail ?? body.title ?? `The server responded with ${response.status}.`;
  throw response.status === 401 ? new KeyError(message) : new Error(message);
}
