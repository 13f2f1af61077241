// Fetches the contract of a running server.
import { createHash } from 'node:crypto';
import { addressIn } from './address.ts';
import { canonicalJson } from './canonical-json.ts';
import { CliError } from './cli-error.ts';
import { fetched } from './fetched.ts';
import { printable } from './printable.ts';

/** A served contract. */
export interface ServedContract {
  /** The server's address, without a slash at the end. */
  readonly server: string;
  /** The model's name and version, in one line. */
  readonly model: string;
  /** The contract's hash, as the server says it. */
  readonly hash: string;
  /** The OpenAPI document. */
  readonly document: object;
}

/** SHA-256 in hex: the hash becomes a part of generated code. */
const HASH = /^[0-9a-f]{64}$/;

/**
 * @param question what may be wrong where the server has no contract at the address
 * @throws CliError that names what is wrong with the address
 */
export async function fetchContract(
  from: string,
  apiKey?: string,
  question = 'Is --from the address of an ml-api server?',
): Promise<ServedContract> {
  const server = addressIn('--from', from, 'http://localhost:5000');
  const address = `${server}/openapi.json`;
  const { ok, status, headers, text } = await fetched(address, { apiKey });
  if (!ok) throw new CliError(`${address} answered ${status}${problemIn(text)}. ${question}`);
  const document = parse(text);
  const model = titleOf(document);
  if (document === undefined || model === undefined)
    throw new CliError(`${address} is not an OpenAPI document. Is --from right?`);
  const hash = headers.get('ML-Contract-Hash');
  if (hash === null)
    throw new CliError(
      `${address} is the contract of something other than ml-api: it came without the header ML-Contract-Hash. Is --from right?`,
    );
  if (!HASH.test(hash))
    throw new CliError(
      `${address} came with a contract hash that is not of ml-api: expected 64 hex digits in the header ML-Contract-Hash, got ${JSON.stringify(hash.slice(0, 100))}. Is --from right?`,
    );
  const served = hashOf(address, document);
  if (served !== hash)
    throw new CliError(
      `${address} is not the contract that its header names: ML-Contract-Hash is ${hash}, and the hash of the document is ${served}. Something between here and the server changes or mixes up its answers, such as a cache; or the server is not of ml-api.`,
    );
  return { server, model, hash, document };
}

/** What a server of ml-api says is wrong, such as that it has no such model; else nothing. */
function problemIn(text: string): string {
  const problem = parse(text);
  if (problem === undefined || !('detail' in problem) || !('type' in problem)) return '';
  return String(problem.type).startsWith('urn:ml-api:problem:')
    ? `: ${printable(String(problem.detail), 300).replace(/\.$/, '')}`
    : '';
}

/** As the server makes it: SHA-256 of the canonical JSON without `servers`, since a contract may be served at several addresses. */
function hashOf(address: string, document: object): string {
  const { servers: _, ...contract } = { servers: undefined, ...document };
  try {
    return createHash('sha256').update(canonicalJson(contract)).digest('hex');
  } catch (error) {
    throw new CliError(
      `${address} is not a contract of ml-api: ${error instanceof Error ? error.message : error}. Is --from right?`,
    );
  }
}

function parse(text: string): object | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null ? value : undefined;
  } catch {
    return undefined;
  }
}

/** The title of an OpenAPI document; undefined for anything else. */
function titleOf(document: object | undefined): string | undefined {
  if (document === undefined || !('openapi' in document) || !('info' in document)) return undefined;
  const { info } = document;
  if (typeof info !== 'object' || info === null || !('title' in info)) return undefined;
  return printable(String(info.title));
}
