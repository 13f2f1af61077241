// The command `verify`: replays golden predictions against running servers, as `helm test` does.
import type { OpenAPIObject } from 'openapi3-ts/oas31';
import { checkGolden } from '../../model/check-golden.ts';
import { contractHash } from '../../model/contract/canonical-hash.ts';
import type { Golden } from '../../model/golden.ts';
import { type HttpResponse, patientRequest, type Target } from '../../net/patient-request.ts';
import { shown } from '../../net/shown-url.ts';
import { CommandError } from '../../util/command-error.ts';
import { readVerifyArguments } from './arguments.ts';
import type { GrpcFiles } from './grpc.ts';

/** @throws CommandError when anything is not as expected; the report says what */
export async function verify(args: readonly string[], files: GrpcFiles): Promise<void> {
  const options = await readVerifyArguments(args);
  const { targets, grpc, probes, metrics, golden, version } = options;
  let failures = 0;
  const check = async (name: string, run: () => Promise<string>) => {
    try {
      report('ok', name, await run());
    } catch (error) {
      failures++;
      report('FAILED', name, error instanceof Error ? error.message : String(error));
    }
  };
  let hash: string | undefined;
  for (const target of targets) {
    await check(`${target.name}: contract`, async () => {
      hash = await checkContract(target);
      return `hash ${hash.slice(0, 12)} is that of the served document`;
    });
    if (golden)
      await check(`${target.name}: predictions`, () => checkPredictions(target, golden, version));
  }
  if (golden && grpc.length > 0) {
    const { checkGrpcPredictions } = await import('./grpc.ts'); // the library only where it is used
    for (const target of grpc)
      await check(`${target.name}: predictions over gRPC`, () =>
        checkGrpcPredictions(target, golden, options, files),
      );
  }
  for (const probe of probes) await check(probe.name, () => checkProbe(probe));
  if (metrics !== undefined) await check('metrics', () => checkMetrics(metrics, hash));
  if (failures > 0) throw new CommandError(`\n${failures} check${failures > 1 ? 's' : ''} failed.`);
  process.stdout.write('\nAll checks passed.\n');
}

async function checkContract(target: Target): Promise<string> {
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

async function checkPredictions(
  target: Target,
  golden: Golden,
  version: string | undefined,
): Promise<string> {
  const rows = await checkGolden(golden, async (request) => {
    const response = await patientRequest(target, 'POST', '/predict', JSON.stringify(request));
    expectStatus(response, 200);
    const got = response.headers['ml-model-version'];
    if (version !== undefined && got !== version)
      throw new Error(`version ${got} answered; expected ${version}`);
    return jsonObject(response);
  });
  return `${rows} rows as expected`;
}

async function checkProbe(target: Target): Promise<string> {
  const { status } = await patientRequest(target, 'GET', '');
  if (status < 200 || status > 299)
    throw new Error(`${shown(new URL(target.url))} answered ${status}; expected a success`);
  return `${shown(new URL(target.url))} answers ${status}`;
}

async function checkMetrics(target: Target, hash: string | undefined): Promise<string> {
  const response = await patientRequest(target, 'GET', '');
  expectStatus(response, 200);
  if (hash === undefined) {
    const samples = response.body
      .split('\n')
      .filter((line) => /^[a-zA-Z_:][\w:]*(\{.*\})? \S+/.test(line));
    if (samples.length === 0) throw new Error('there is no sample in Prometheus’ text format');
    return `${samples.length} samples`;
  }
  const infos = response.body.split('\n').filter((line) => line.startsWith('ml_api_model_info{'));
  if (infos.length === 0) throw new Error('there is no series ml_api_model_info');
  if (!infos.some((info) => info.includes(`contract_hash="${hash}"`)))
    throw new Error(
      `ml_api_model_info tells of another contract than ${hash}: ${infos.join(', ')}`,
    );
  return 'ml_api_model_info tells of the same contract';
}

function expectStatus(response: HttpResponse, status: number): void {
  if (response.status !== status)
    throw new Error(
      `status ${response.status}; expected ${status}: ${response.body.slice(0, 300)}`,
    );
}

/** @throws Error with the start of a body that is something else */
function jsonObject({ body }: HttpResponse): Readonly<Record<string, unknown>> {
  let value: unknown;
  try {
    value = JSON.parse(body);
  } catch {
    // Said below: the parser's message differs from release to release.
  }
  if (isObject(value)) return value;
  throw new Error(`expected a JSON object, got ${body === '' ? 'nothing' : body.slice(0, 100)}`);
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function hashOf(document: Readonly<Record<string, unknown>>): string {
  try {
    return contractHash(document as unknown as OpenAPIObject);
  } catch (error) {
    if (!(error instanceof RangeError)) throw error; // of the stack
    throw new Error('expected an OpenAPI document, got one that is nested too deeply to be hashed');
  }
}

/** Characters of a line. What a server says is not trusted to be short, or to be text. */
const LONGEST_LINE = 500;

function report(result: string, name: string, detail: string): void {
  const line = `${result.padEnd(8)}${name}: ${detail}`.replaceAll(/\p{Cc}+/gu, ' ');
  process.stdout.write(
    `${line.length > LONGEST_LINE ? `${line.slice(0, LONGEST_LINE - 1)}…` : line}\n`,
  );
}
