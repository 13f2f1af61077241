// What is asked of a server over HTTP.
import type { OpenAPIObject } from 'openapi3-ts/oas31';
import { checkGolden } from '../../model/check-golden.ts';
import { contractHash } from '../../model/contract/canonical-hash.ts';
import type { Golden } from '../../model/golden.ts';
import { type HttpResponse, patientRequest, type Target } from '../../net/patient-request.ts';
import { shown } from '../../net/shown-url.ts';
import { counted } from '../../util/counted.ts';
import { isRecord } from '../../util/is-record.ts';
import { parsedJson } from '../../util/parsed-json.ts';
import type { IndexEntry, Subject } from './subjects.ts';

/** @throws Error for an answer that is no index */
export async function indexOf(target: Target): Promise<IndexEntry[]> {
  const response = await patientRequest(target, 'POST', '/v2/repository/index');
  expectStatus(response, 200);
  const entries = parsedJson(response.body);
  if (!Array.isArray(entries) || entries.length === 0 || !entries.every(isIndexEntry))
    throw new Error(`expected an index of models, got ${excerpt(response)}`);
  return entries;
}

function isIndexEntry(value: unknown): value is IndexEntry {
  return (
    isRecord(value) &&
    ['name', 'version', 'state', 'reason'].every((field) => typeof value[field] === 'string')
  );
}

export async function checkContract(target: Target): Promise<string> {
  const response = await patientRequest(target, 'GET', '/openapi.json');
  expectStatus(response, 200);
  const header = response.headers['ml-contract-hash'];
  const served = hashOf(jsonObject(response));
  if (header !== served)
    throw new Error(
      `the header ML-Contract-Hash is ${header}, the served document's hash ${served}`,
    );
  return served;
}

export async function checkPredictions(
  target: Target,
  golden: Golden,
  version: string | undefined,
): Promise<string> {
  const rows = await checkGolden(golden, async (request) => {
    return jsonObject(await predict(target, JSON.stringify(request), version));
  });
  return `${counted(rows, 'row')} as expected`;
}

async function predict(
  target: Target,
  request: string,
  version: string | undefined,
): Promise<HttpResponse> {
  const response = await patientRequest(target, 'POST', '/predict', request);
  expectStatus(response, 200);
  const got = response.headers['ml-model-version'];
  if (version !== undefined && got !== version)
    throw new Error(`version ${got} answered; expected ${version}`);
  return response;
}

/** The first example of a request of `/predict` in the served contract; undefined where there is none. */
export async function readExample(target: Target): Promise<unknown> {
  const contract = await patientRequest(target, 'GET', '/openapi.json');
  expectStatus(contract, 200);
  return exampleOf(jsonObject(contract));
}

/** Sends an example, where nobody knows what is to be predicted. */
export async function checkExample(
  target: Target,
  { expected, goldenFile }: Pick<Subject, 'expected' | 'goldenFile'>,
  example: unknown,
): Promise<string> {
  const { prediction } = jsonObject(await predict(target, JSON.stringify(example), expected));
  if (!Array.isArray(prediction) || prediction.length === 0)
    throw new Error('expected "prediction" to be an array with the prediction of the example');
  return `it is predicted; only a ${goldenFile} can tell whether correctly`;
}

function exampleOf(contract: Readonly<Record<string, unknown>>): unknown {
  const path = ['paths', '/predict', 'post', 'requestBody', 'content', 'application/json'];
  let found: unknown = contract;
  for (const key of [...path, 'examples']) found = isRecord(found) ? found[key] : undefined;
  const [first] = isRecord(found) ? Object.values(found) : [];
  return isRecord(first) ? first['value'] : undefined;
}

export async function checkProbe(target: Target): Promise<string> {
  const { status } = await patientRequest(target, 'GET', '');
  if (status < 200 || status > 299)
    throw new Error(`${shown(new URL(target.url))} answered ${status}; expected a success`);
  return `${shown(new URL(target.url))} answers ${status}`;
}

export async function checkMetrics(target: Target, hashes: ReadonlySet<string>): Promise<string> {
  const response = await patientRequest(target, 'GET', '');
  expectStatus(response, 200);
  if (hashes.size === 0) {
    const samples = response.body
      .split('\n')
      .filter((line) => /^[a-zA-Z_:][\w:]*(\{.*\})? \S+/.test(line));
    if (samples.length === 0) throw new Error('there is no sample in Prometheus’ text format');
    return `${samples.length} samples`;
  }
  const infos = response.body.split('\n').filter((line) => line.startsWith('ml_api_model_info{'));
  if (infos.length === 0) throw new Error('there is no series ml_api_model_info');
  for (const hash of hashes)
    if (!infos.some((info) => info.includes(`contract_hash="${hash}"`)))
      throw new Error(`ml_api_model_info has another contract than ${hash}: ${infos.join(', ')}`);
  return `ml_api_model_info has the same ${hashes.size > 1 ? `${hashes.size} contracts` : 'contract'}`;
}

function expectStatus(response: HttpResponse, status: number): void {
  if (response.status !== status)
    throw new Error(
      `status ${response.status}; expected ${status}: ${response.body.slice(0, 300)}`,
    );
}

/** @throws Error with the start of a body that is something else */
function jsonObject(response: HttpResponse): Readonly<Record<string, unknown>> {
  const value = parsedJson(response.body);
  if (isRecord(value)) return value;
  throw new Error(`expected a JSON object, got ${excerpt(response)}`);
}

function excerpt({ body }: HttpResponse): string {
  return body === '' ? 'nothing' : body.slice(0, 100);
}

function hashOf(document: Readonly<Record<string, unknown>>): string {
  try {
    return contractHash(document as unknown as OpenAPIObject);
  } catch (error) {
    if (!(error instanceof RangeError)) throw error; // of the stack
    throw new Error('expected an OpenAPI document, got one that is nested too deeply to be hashed');
  }
}
