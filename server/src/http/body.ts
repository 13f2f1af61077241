// Reads JSON request bodies, and says of every one that it cannot read why.
import express, { type RequestHandler } from 'express';
import { type ParseError, parseTree } from 'jsonc-parser';
import { ProblemException } from './problem.ts';

const MEDIA_TYPE = 'application/json';

/** Middleware that leaves the parsed body in `req.body`, at most `maxBytes` after decompression. */
export function readJson(maxBytes: number): RequestHandler {
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
      const type = req.headers['content-type'];
      const hasBody =
        req.headers['transfer-encoding'] !== undefined || Number(req.headers['content-length']) > 0;
      if (!hasBody) return next(emptyBody());
      next(
        new ProblemException(
          'unsupported-media-type',
          `Content-Type is ${type ? JSON.stringify(type) : 'missing'}; expected "${MEDIA_TYPE}".`,
        ),
      );
    });
  };
}

function emptyBody(): ProblemException {
  return new ProblemException(
    'empty-body',
    'There is no body. Send a JSON object such as {"inputs": […]}.',
  );
}

/** body-parser's errors have a `type` each: https://github.com/expressjs/body-parser#errors */
function asProblem(error: unknown, maxBytes: number): unknown {
  if (!(error instanceof Error)) return error;
  const type = 'type' in error ? error.type : undefined;
  switch (type) {
    case 'entity.parse.failed':
      return new ProblemException(
        'invalid-json',
        whyNotJson('body' in error ? String(error.body) : ''),
      );
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
      return new ProblemException('invalid-encoding', `The body ended early: ${error.message}.`);
    default:
      // zlib's errors have codes such as Z_DATA_ERROR
      if ('code' in error && String(error.code).startsWith('Z_'))
        return new ProblemException(
          'invalid-encoding',
          `The body does not decompress: ${error.message}.`,
        );
      return error;
  }
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
