// Whether a success of ml-api is what its contract says, as far as this package and its types rely on it: null, {} or another
// service's JSON must not pass for a prediction.

type Check = (field: unknown) => boolean;

/** What responses must have, and what they may have, by the last part of the path. */
const checks: Readonly<Record<string, Readonly<Record<string, Check>>>> = {
  predict: {
    prediction: isTensor,
    labels: (field) => field === undefined || isListOf('string', field),
    probabilities: (field) => field === undefined || isTensor(field),
    outputs: (field) =>
      field === undefined || (isObject(field) && Object.values(field).every(isScalarOrTensor)),
  },
  model: {
    name: (field) => typeof field === 'string',
    version: (field) => typeof field === 'string',
    inputs: (field) => isListOf('object', field),
    outputs: (field) => isListOf('object', field),
    features: (field) => field === undefined || isListOf('object', field),
    labels: (field) => field === undefined || isListOf('string', field),
  },
};

/** What is wrong with the body of a response, to stand after the address; undefined where nothing is. */
export function problemIn(url: string, body: unknown): string | undefined {
  if (!isObject(body)) return 'which is not an object as an ml-api server sends it';
  const operation = url.slice(url.lastIndexOf('/') + 1);
  for (const [name, check] of Object.entries(checks[operation] ?? {}))
    if (!check(body[name])) return `whose "${name}" is not as the contract says`;
  return undefined;
}

/** More dimensions than a tensor has in any library. */
const MAX_RANK = 64;

/** Nested lists of numbers, texts and booleans. A dimension at a time: recursion would overflow on what is nested deeply. */
function isTensor(value: unknown): boolean {
  let elements: unknown = value;
  for (let rank = 0; rank < MAX_RANK; rank++) {
    if (!Array.isArray(elements) || !elements.every(isElement)) return false;
    const lists = elements.filter(Array.isArray);
    if (lists.length === 0) return true;
    elements = lists.flat();
  }
  return false;
}

function isElement(value: unknown): boolean {
  return Array.isArray(value) || /number|string|boolean/.test(typeof value);
}

function isScalarOrTensor(value: unknown): boolean {
  return isTensor([value]);
}

export function isListOf(type: string, value: unknown): boolean {
  return Array.isArray(value) && value.every((item) => typeof item === type && item !== null);
}

export function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
