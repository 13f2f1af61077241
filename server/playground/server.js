// The predictor that this page came from. Addresses are relative, so that the page works below a base path, too.

export const base = new URL('.', document.baseURI);
export const key = { value: '' };

/** Longer than a request waits at the server itself, by default. */
const PATIENCE_MS = 60_000;

/** The server wants an API key, or another one. */
export class KeyError extends Error {}

/** The value at a JSON Pointer in the request is wrong. */
export class InputError extends Error {
  /** @param {string} message @param {string} pointer */
  constructor(message, pointer) {
    super(message);
    this.pointer = pointer;
  }
}

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

/** @param {URL} at @param {number} [patience] in milliseconds @returns {Promise<Version>} */
export async function getVersion(at, patience) {
  const [{ body: model }, { body: contract }] = await Promise.all([
    send('model', at, undefined, patience),
    send('openapi.json', at, undefined, patience),
  ]);
  const { requestBody, security } = contract.paths['/predict'].post;
  const { schema, examples } = requestBody.content['application/json'];
  return {
    at,
    model,
    form: {
      fields: Object.keys(schema.properties),
      example: examples?.row?.value.inputs ?? sample(schema.properties.inputs),
      maxRows: schema.properties.inputs.anyOf?.[1].maxItems ?? 0,
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
 * @param {string} path @param {URL} at @param {object} [request] @param {number} [patience] in milliseconds
 * @throws {Error} whose message is the server's own sentence
 */
async function send(path, at = base, request, patience = PATIENCE_MS) {
  if (/[^\x20-\x7e]/.test(key.value))
    throw new KeyError('The API key has characters that no request can carry.');
  const response = await fetch(new URL(path, at), {
    signal: AbortSignal.timeout(patience),
    ...(request && { method: 'POST', body: JSON.stringify(request) }),
    headers: {
      ...(key.value && { 'X-API-Key': key.value }),
      ...(request && { 'Content-Type': 'application/json' }),
    },
  }).catch((error) => {
    throw new Error(
      error.name === 'TimeoutError'
        ? `The server did not respond within ${patience / 1000} s.`
        : `The server cannot be reached: ${error.message}`,
    );
  });
  const body = await response.json().catch(() => undefined);
  if (response.ok && body) return { body, headers: response.headers };
  const message =
    body?.detail ??
    body?.title ??
    (response.ok
      ? 'The response is not of this server: expected JSON. A proxy or a login page may have answered.'
      : `The server responded with ${response.status}.`);
  if (response.status === 401) throw new KeyError(message);
  const [wrong] = body?.errors ?? [];
  throw wrong ? new InputError(message, wrong.pointer) : new Error(message);
}
