// Reads request bodies, and says of every one that it cannot read why.
import { MIMEType } from 'node:util';
import express, { type NextFunction, type Request, type RequestHandler } from 'express';
import { quote } from '../../util/quote.ts';
import { release } from '../../util/release.ts';
import { parseJson } from './json.ts';
import { ProblemException } from './problem.ts';

const MEDIA_TYPE = 'application/json';

/**
 * Middleware that leaves the parsed body in `req.body`, at most `maxBytes` after decompression.
 * @param admit stands between reading and parsing, which costs more; it answers what it does not admit
 */
export function readJson(maxBytes: number, admit: RequestHandler): RequestHandler {
  const readBody = readBytes(maxBytes);
  return (req, res, next) => {
    const refusal = req.headers['content-type'] === MEDIA_TYPE ? undefined : refuseType(req);
    if (refusal !== undefined) return next(refusal);
    readBody(req, res, (error?: unknown) => {
      if (error !== undefined) return next(error);
      admit(req, res, () => {
        const bytes: Buffer = req.body;
        try {
          if (bytes.length === 0) throw emptyBody();
          req.body = parseJson(bytes);
        } catch (problem) {
          return next(problem);
        }
        release(bytes);
        next();
      });
    });
  };
}

/** Middleware that leaves the bytes of a body of any type in `req.body`, decompressed, at most `maxBytes`. */
export function readBytes(maxBytes: number): RequestHandler {
  const readAny = express.raw({ limit: maxBytes, type: () => true });
  return (req, res, next) => {
    const length = plainLength(req, maxBytes);
    if (length !== undefined)
      return readPlain(req, length, next, (body) => {
        req.body = body;
        next();
      });
    // body-parser would read all of a body before it refused it, and knows more codings than are documented.
    const coding = req.headers['content-encoding']?.toLowerCase() ?? 'identity';
    if (!CODINGS.has(coding)) return next(unknownCoding(coding));
    if (coding === 'identity' && Number(req.headers['content-length']) > maxBytes)
      return next(tooLarge(maxBytes));
    readAny(req, res, (error?: unknown) => {
      if (error !== undefined) return next(asProblem(error, maxBytes));
      if (!Buffer.isBuffer(req.body)) req.body = Buffer.alloc(0); // there was none
      next();
    });
  };
}

/** The length of what nearly every client sends: not compressed, its length known and within the limit. */
function plainLength({ headers }: Request, maxBytes: number): number | undefined {
  const length = Number(headers['content-length']);
  return headers['content-encoding'] === undefined && length > 0 && length <= maxBytes
    ? length
    : undefined;
}

/** For plain bodies: body-parser's generality costs as much as all the rest of a small prediction. */
function readPlain(
  req: Request,
  length: number,
  next: NextFunction,
  done: (body: Buffer) => void,
): void {
  let body: Buffer | undefined;
  let read = 0;
  req.on('data', (chunk: Buffer) => {
    if (chunk.length === length) {
      body = chunk; // all of it, as small ones come
      return;
    }
    body ??= Buffer.allocUnsafeSlow(length);
    read += chunk.copy(body, read);
    release(chunk);
  });
  req.on('end', () => done(body ?? Buffer.alloc(0)));
  req.on('error', (error) => next(endedEarly(error)));
}

/** Why a body of this type is not read; undefined for JSON in UTF-8. */
function refuseType({ headers }: Request): ProblemException | undefined {
  const hasBody =
    headers['transfer-encoding'] !== undefined || Number(headers['content-length']) > 0;
  if (!hasBody) return emptyBody();
  const text = headers['content-type'] ?? '';
  const type = mimeType(text);
  const charset = type?.params.get('charset')?.toLowerCase() ?? 'utf-8';
  if (type?.essence !== MEDIA_TYPE)
    return unsupported(`Content-Type is ${text === '' ? 'missing' : quote(text)}`);
  return charset === 'utf-8' || charset === 'utf8'
    ? undefined
    : unsupported(`Content-Type has the charset ${JSON.stringify(charset)}, and JSON is UTF-8`);
}

function unsupported(found: string): ProblemException {
  return new ProblemException('unsupported-media-type', `${found}; expected "${MEDIA_TYPE}".`);
}

/** Node takes quadratic time for the type of a long text: https://www.rfc-editor.org/rfc/rfc6838#section-4.2 has 127 for a name. */
const LONGEST_TYPE = 400;

function mimeType(text: string): MIMEType | undefined {
  if (text.length > LONGEST_TYPE) return undefined;
  try {
    return new MIMEType(text);
  } catch {
    return undefined;
  }
}

/** body-parser's errors have a `type` each: https://github.com/expressjs/body-parser#errors */
function asProblem(error: unknown, maxBytes: number): unknown {
  if (!(error instanceof Error)) return error;
  switch ('type' in error ? error.type : undefined) {
    case 'entity.too.large':
      return tooLarge(maxBytes);
    case 'request.aborted':
    case 'request.size.invalid':
      return endedEarly(error);
    default:
      // zlib's errors have codes such as Z_DATA_ERROR
      if ('code' in error && /^(Z_|ERR__ERROR_FORMAT)/.test(String(error.code)))
        return new ProblemException(
          'invalid-encoding',
          `The body does not decompress: ${error.message}.`,
        );
      return error;
  }
}

const CODINGS = new Set(['identity', 'gzip', 'deflate', 'br']);

function unknownCoding(coding: string): ProblemException {
  return new ProblemException(
    'unsupported-encoding',
    `Content-Encoding is ${quote(coding)}; expected gzip, deflate, br or none.`,
  );
}

function tooLarge(maxBytes: number): ProblemException {
  return new ProblemException(
    'content-too-large',
    `The body is larger than ${maxBytes} bytes. Send fewer rows a request.`,
  );
}

function emptyBody(): ProblemException {
  return new ProblemException(
    'empty-body',
    'There is no body. Send a JSON object such as {"inputs": […]}.',
  );
}

function endedEarly(error: Error): ProblemException {
  return new ProblemException('invalid-encoding', `The body ended early: ${error.message}.`);
}
