// HTTP as the stores need it: secrets that stay at their origin, bytes from an offset, small documents with a limit.
import http, { type IncomingMessage, STATUS_CODES } from 'node:http';
import https from 'node:https';
import { codeOf, reasonOf } from '../../net/connect.ts';
import { type Agents, send, textOf } from '../../net/send.ts';
import { shown } from '../../net/shown-url.ts';
import { CommandError } from '../../util/command-error.ts';
import { parsedJson } from '../../util/parsed-json.ts';
import { type RemoteBytes, StartOverError } from '../remote.ts';

export interface Request {
  readonly method?: 'GET' | 'POST';
  readonly headers?: Readonly<Record<string, string>>;
  /** Headers for the URL's origin only: a redirect elsewhere goes without them, and so does one that leads back. */
  readonly secrets?: Readonly<Record<string, string>>;
  readonly body?: string;
  readonly signal: AbortSignal;
}

/**
 * Sends a request and follows redirects.
 * @returns the head of the response, whatever its status; its body is to be read or destroyed
 * @throws CommandError for a redirect to somewhere less safe, and for a certificate that is not trusted; Error where no response comes
 */
export type Client = (url: URL, request: Request) => Promise<IncomingMessage>;

export interface ClientOptions {
  /** Of the process: HTTP_PROXY, HTTPS_PROXY and NO_PROXY count. */
  readonly env: NodeJS.ProcessEnv;
  readonly tls?: https.AgentOptions;
  /** The environment variable that names certificate authorities to trust. */
  readonly trust?: string;
  /** What to do about a redirect that is refused, as a sentence. */
  readonly remedy?: string;
}

const WHO = { 'user-agent': 'ml-api', accept: '*/*' };
const MOST_REDIRECTS = 10;
/** A listing of ten thousand files has less. */
const MOST_DOCUMENT_BYTES = 16 * 1024 * 1024;
/** OpenSSL's words for a certificate that nothing trusted has signed. */
const UNTRUSTED =
  /^(DEPTH_ZERO_SELF_SIGNED_CERT|SELF_SIGNED_CERT_IN_CHAIN|UNABLE_TO_.*|CERT_.*|ERR_TLS_CERT_ALTNAME_INVALID)$/;

export function createClient({
  env,
  tls = {},
  trust = 'NODE_EXTRA_CA_CERTS',
  remedy,
}: ClientOptions): Client {
  const agents: Agents = {
    'http:': new http.Agent({ keepAlive: true, proxyEnv: env }),
    'https:': new https.Agent({ keepAlive: true, proxyEnv: env, ...tls }),
  };
  const sendTo = async (url: URL, { method = 'GET', headers, secrets, body, signal }: Request) => {
    try {
      return await send(url, {
        method,
        // Some servers refuse those who do not say who they are. What a file is compressed to on its way is not what its size and its
        // digest are of.
        headers: { ...WHO, 'accept-encoding': 'identity', ...headers, ...secrets },
        body: body === undefined ? undefined : Buffer.from(body),
        signal,
        agents,
      });
    } catch (error) {
      if (signal.aborted) throw signal.reason;
      if (UNTRUSTED.test(codeOf(error)))
        throw new CommandError(
          `The certificate of ${url.origin} is not trusted (${codeOf(error)}). Name a file with its certificate authority in ${trust}.`,
        );
      throw new Error(`${url.origin} cannot be reached${proxied(url, env)}: ${reasonOf(error)}`);
    }
  };
  const refuse = (sentence: string) =>
    new CommandError([sentence, remedy].filter(Boolean).join(' '));
  return async (url, request) => {
    let at = url;
    let sent = request;
    for (let hops = 0; hops <= MOST_REDIRECTS; hops++) {
      const response = await sendTo(at, sent);
      const { statusCode = 0 } = response;
      if (![301, 302, 303, 307, 308].includes(statusCode)) return response;
      response.destroy();
      // What is posted is a secret, too.
      if (request.body !== undefined)
        throw refuse(`${shown(at)} redirects what was sent to it; expected an answer.`);
      const to = redirected(at, response.headers.location);
      if (typeof to === 'string') throw refuse(to);
      if (to.origin !== at.origin) {
        const { secrets, ...open } = sent;
        sent = open;
      }
      at = to;
    }
    throw refuse(`${shown(url)} redirects more than ${MOST_REDIRECTS} times.`);
  };
}

/** In a sentence. NO_PROXY may name the host: that is for who reads it to see. */
function proxied({ protocol }: URL, env: NodeJS.ProcessEnv): string {
  const name = protocol === 'https:' ? 'HTTPS_PROXY' : 'HTTP_PROXY';
  return env[name] || env[name.toLowerCase()] ? ` (${name} is set)` : '';
}

/**
 * The bytes of a response to a request with a Range from an offset on.
 * @returns undefined where the status is that of no such response
 * @throws StartOverError where there are no bytes from there on, though fewer or more before
 */
export function bytesOf(response: IncomingMessage, from: number): RemoteBytes | undefined {
  const { statusCode, headers } = response;
  const part = partOf(headers['content-range']);
  const { size } = part;
  if (statusCode === 200 || statusCode === 203)
    return { from: 0, size: lengthOf(response), bytes: response };
  if (statusCode === 416 && from > 0) {
    response.destroy();
    if (size !== undefined && size !== from)
      throw new StartOverError(`it has ${size} bytes now, and ${from} have come`);
    return { from, size, bytes: nothing() }; // all of it has been read
  }
  if (statusCode !== 206) return undefined;
  if (part.isPart) return { ...part, bytes: response };
  response.destroy();
  throw new Error('it sent a part of the file without saying which');
}

/** Of the whole file; not where it was compressed on its way. */
function lengthOf({ headers }: IncomingMessage): number | undefined {
  const length = headers['content-encoding'] === undefined && headers['content-length'];
  return length ? Number(length) : undefined;
}

/** What a Content-Range says: which part came, and of how many bytes; without one, all came. */
export function partOf(
  contentRange: string | undefined,
): Pick<RemoteBytes, 'from' | 'isPart' | 'size'> {
  const [, start] = /^bytes (\d+)-/.exec(contentRange ?? '') ?? [];
  const [, size] = /\/(\d+)$/.exec(contentRange ?? '') ?? [];
  return {
    from: Number(start ?? 0),
    isPart: start !== undefined,
    size: size === undefined ? undefined : Number(size),
  };
}

/**
 * The value of the header Range.
 * @param to the byte after the last one; undefined: the file's end
 * @returns undefined for the whole, which every server can send
 */
export function rangeOf(from: number, to?: number): string | undefined {
  return from === 0 && to === undefined
    ? undefined
    : `bytes=${from}-${to === undefined ? '' : to - 1}`;
}

/** The header that asks for these bytes. */
export function rangeFrom(from: number, to?: number): { readonly range?: string } {
  const range = rangeOf(from, to);
  return range === undefined ? {} : { range };
}

/**
 * The body of a response.
 * @param what it is, at the start of a sentence
 */
export async function documentOf(
  response: IncomingMessage,
  what: string,
  maxBytes = MOST_DOCUMENT_BYTES,
): Promise<string> {
  const text = await textOf(response, maxBytes);
  if (text === undefined) throw new CommandError(`${what} has more than ${maxBytes} bytes.`);
  return text;
}

/** @throws CommandError where it is not JSON, as the page of a proxy or of another kind of server is not */
export async function jsonOf(response: IncomingMessage, what: string): Promise<unknown> {
  const json = parsedJson(await documentOf(response, what));
  if (json === undefined)
    throw new CommandError(`${what} is not JSON. Check the address: another server answers there.`);
  return json;
}

/** `404 Not Found`. */
export function statusOf({ statusCode = 0 }: IncomingMessage): string {
  return `${statusCode} ${STATUS_CODES[statusCode] ?? ''}`.trim();
}

/** Whether another attempt may succeed: the server has troubles of its own, or wants fewer requests. */
export function isPassing({ statusCode = 0 }: IncomingMessage): boolean {
  return statusCode >= 500 || statusCode === 408 || statusCode === 429;
}

/** The bytes of a file that has been read to its end. */
export async function* nothing(): AsyncGenerator<Uint8Array> {}

/** Where a redirect leads, or why it is not followed, as a sentence. */
function redirected(from: URL, location: string | undefined): URL | string {
  if (location === undefined || !URL.canParse(location, from))
    return `${shown(from)} redirects without saying where.`;
  const to = new URL(location, from);
  to.username = '';
  to.password = '';
  if (!/^https?:$/.test(to.protocol) || (from.protocol === 'https:' && to.protocol === 'http:'))
    return `${shown(from)} redirects to ${shown(to)}; expected ${from.protocol === 'https:' ? 'https' : 'http or https'}.`;
  return to;
}
