// Reads JSON request bodies, and says of every one that it cannot read why.
import express, { type NextFunction, type Request, type RequestHandler } from 'express';
import { type ParseError, parseTree } from 'jsonc-parser';
import { ProblemException } from './problem.ts';
import { release } from './release.ts';

const MEDIA_TYPE = 'application/json';

/** Middleware that leaves the parsed body in `req.body`, at most `maxBytes` after decompression. */
export function readJson(maxBytes: number): RequestHandler {
  const readAnyJson = withBodyParser(maxBytes);
  return (req, res, next) => {
    const length = plainLength(req, maxBytes);
    if (length === undefined || req.headers['content-type'] !== MEDIA_TYPE)
      return readAnyJson(req, res, next);
    readPlain(req, length, next, (body) => {
      const text = body.toString();
      release(body);
      try {
        req.body = JSON.parse(text);
      } catch {
        return next(notJson(text));
      }
      next();
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
  req.once('end', () => done(body ?? Buffer.alloc(0)));
  req.once('error', (error) => next(endedEarly(error)));
}

/** For all other bodies: compressed, chunked, in another charset, of another type, missing. */
function withBodyParser(maxBytes: number): RequestHandler {
  const parse = express.json({
    limit: maxBytes,
    strict: false, // the contract says what a body is, not the parser
    type: MEDIA_TYPE,
    verify: (_req, _res, raw) => {
      if (raw.length === 0) throw new Error('empty'); // becomes entity.verify.failed
    },
  });
  return (req, res, next) => {
    parse(req, res, (error?: unknown) => {
      if (error !== undefined) return next(asProblem(error, maxBytes));
      if (req.body !== undefined) return next();
      const { headers } = req;
      const hasBody =
        headers['transfer-encoding'] !== undefined || Number(headers['content-length']) > 0;
      if (!hasBody) return next(emptyBody());
      const type = headers['content-type'];
      next(
        new ProblemException(
          'unsupported-media-type',
          `Content-Type is ${type ? JSON.stringify(type) : 'missing'}; expected "${MEDIA_TYPE}".`,
        ),
      );
    });
  };
}

/** body-parser's errors have a `type` each: https://github.com/expressjs/body-parser#errors */
function asProblem(error: unknown, maxBytes: number): unknown {
  if (!(error instanceof Error)) return error;
  switch ('type' in error ? error.type : undefined) {
    case 'entity.parse.failed':
      return notJson('body' in error ? String(error.body) : '');
    case 'entity.too.large':
      return new ProblemException(
        'content-too-large',
        `The body is larger than ${maxBytes} bytes. Send fewer rows a request.`,
      );
    case 'encoding.unsupported':
      return new ProblemException(
        'unsupported-encoding',
        `${error.message}; expected gzip, deflate, br or none.`,
      );
    case 'charset.unsupported':
      return new ProblemException('unsupported-media-type', `${error.message}; expected UTF-8.`);
    case 'entity.verify.failed':
      return emptyBody();
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

function emptyBody(): ProblemException {
  return new ProblemException(
    'empty-body',
    'There is no body. Send a JSON object such as {"inputs": […]}.',
  );
}

function endedEarly(error: Error): ProblemException {
  return new ProblemException('invalid-encoding', `The body ended early: ${error.message}.`);
}

/** Says where a text stops being JSON. */
export function notJson(text: string): ProblemException {
  return new ProblemException('invalid-json', whyNotJson(text));
}

/** Where a text stops being JSON, and what stands there. */
function whyNotJson(text: string): string {
  const errors: ParseError[] = [];
  parseTree(text, errors, { disallowComments: true });
  const [first] = errors;
  if (first === undefined) return 'The body is not JSON.';
  const before = text.slice(0, first.offset).split('\n');
  const place = `line ${before.length}, column ${(before.at(-1)?.length ?? 0) + 1}`;
  const found = /^[\w+-]{1,40}|^.?/su.exec(text.slice(first.offset))?.[0] ?? '';
  if (/^[+-]?(NaN|Infinity)$/.test(found))
    return `${found} at ${place} is not JSON: JSON has no NaN or Infinity. Send a finite number.`;
  return found === ''
    ? `The body ends at ${place} before the JSON is complete.`
    : `Unexpected ${JSON.stringify(found)} at ${place}.`;
}
