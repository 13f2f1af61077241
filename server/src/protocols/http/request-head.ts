// What the head of a request must be before the application sees it: the parts of RFC 9112 that Node's parser leaves to others.
import type { IncomingMessage } from 'node:http';
import { quote } from '../../util/quote.ts';
import { ProblemException } from './problem.ts';

/**
 * Looks at the head of a request, and takes the scheme and host off a target in absolute form.
 * @returns why it is refused
 */
export function checkHead(req: IncomingMessage): ProblemException | undefined {
  if (req.httpVersion !== '1.1' && req.httpVersion !== '1.0')
    return new ProblemException(
      'malformed-request',
      `The request is of HTTP/${req.httpVersion}; expected HTTP/1.1 or HTTP/1.0.`,
    );
  const [hosts = 0, ...others] = countSingle(req.rawHeaders);
  if (hosts !== 1 && (hosts > 1 || req.httpVersion === '1.1'))
    return new ProblemException(
      'malformed-request',
      `The request has ${hosts} Host headers; expected one: see RFC 9112, section 3.2.`,
    );
  const repeated = others.findIndex((count) => count > 1);
  if (repeated >= 0)
    return new ProblemException(
      'malformed-request',
      `The request has several ${SINGLE[repeated + 1]} headers; expected one at most: see RFC 9110, section 5.3.`,
    );
  const coding = req.headers['transfer-encoding'];
  if (coding !== undefined && req.httpVersion === '1.0')
    return new ProblemException(
      'malformed-request',
      'HTTP/1.0 has no Transfer-Encoding; expected Content-Length, or HTTP/1.1: see RFC 9112, section 6.1.',
    );
  if (coding !== undefined && coding.toLowerCase() !== 'chunked')
    return new ProblemException(
      'malformed-request',
      `The transfer coding ${quote(coding)} is not supported; expected "chunked". Say how the body is compressed in Content-Encoding.`,
    );
  const target = req.url ?? '';
  if (target.startsWith('/') || target === '*') return undefined;
  const path = pathOf(target);
  if (path === undefined)
    return new ProblemException(
      'malformed-request',
      `The request target ${quote(target)} is not supported; expected a path such as /predict, or an http or https URL.`,
    );
  req.url = path;
  return undefined;
}

/** The path and query of an http or https URL: https://www.rfc-editor.org/rfc/rfc9112#section-3.2.2 */
function pathOf(target: string): string | undefined {
  const [, rest] = /^https?:\/\/[^/?#]+(.*)$/is.exec(target) ?? [];
  if (rest === undefined || !URL.canParse(target)) return undefined;
  return rest.startsWith('/') ? rest : `/${rest}`;
}

/** Headers of which Node heeds the first, and what stands before this server may heed another. */
const SINGLE = ['Host', 'Content-Type', 'Authorization'];
const LOWER_CASE = SINGLE.map((name) => name.toLowerCase());
/** Their lengths differ, so that few headers need a comparison. */
const PLACES = new Map(SINGLE.map((name, place) => [name.length, place]));

/** How often each of them is there. */
function countSingle(rawHeaders: readonly string[]): number[] {
  const counts = SINGLE.map(() => 0);
  for (let i = 0; i < rawHeaders.length; i += 2) {
    const name = rawHeaders[i] ?? '';
    const place = PLACES.get(name.length);
    if (place !== undefined && name.toLowerCase() === LOWER_CASE[place])
      counts[place] = (counts[place] ?? 0) + 1;
  }
  return counts;
}
