// A file at an http or https address. It is pinned by its SHA-256 alone, so that it is asked for once, by GET: an address may be signed for that.
import type { IncomingMessage } from 'node:http';
import { pipeline, type Transform } from 'node:stream';
import {
  createBrotliDecompress,
  createGunzip,
  createInflate,
  createZstdDecompress,
} from 'node:zlib';
import { shown } from '../../net/shown-url.ts';
import { CommandError } from '../../util/command-error.ts';
import { quote } from '../../util/quote.ts';
import type { Store } from '../remote.ts';
import { readHeaders, sourceOf } from '../source.ts';
import { bytesOf, createClient, isPassing, rangeFrom, statusOf } from './client.ts';
import { ownName } from './objects.ts';

export const webStore: Store = {
  async open(uri, env) {
    const { url, headers } = sourceOf(
      new URL(uri),
      await readHeaders(env['MODEL_URL_HEADERS_FILE']),
    );
    const client = createClient({ env, remedy: 'Nothing was changed. Check the address.' });
    let etag: string | undefined;
    return {
      resolved: shown(url),
      revision: undefined,
      files: [
        {
          path: ownName(url.pathname),
          async read(from, signal) {
            // A weak ETag says nothing of bytes.
            const known = etag?.startsWith('"') ? etag : undefined;
            const goesOn = known !== undefined && from > 0;
            const start = goesOn ? from : 0;
            const response = await client(url, {
              headers: goesOn ? { ...rangeFrom(start), 'if-range': known } : {},
              secrets: headers,
              signal,
            });
            const sent = response.headers.etag;
            if (response.statusCode === 206 && sent !== known) {
              // A server that does not know If-Range: two files must not become one.
              response.destroy();
              etag = undefined;
              throw new Error('it was replaced in the meantime');
            }
            const bytes = bytesOf(response, start);
            if (bytes === undefined) throw refusal(url, response);
            etag = sent; // that of an error says nothing of the file
            const encoding = response.headers['content-encoding'] ?? 'identity';
            if (encoding === 'identity') return bytes;
            etag = undefined; // of what is compressed, which cannot be gone on with
            return { from: 0, bytes: decompressed(response, encoding, url) };
          },
        },
      ],
    };
  },
};

/** For servers that compress whatever they are asked for. */
const DECODERS: Readonly<Record<string, () => Transform>> = {
  gzip: createGunzip,
  'x-gzip': createGunzip,
  deflate: createInflate,
  br: createBrotliDecompress,
  zstd: createZstdDecompress,
};

function decompressed(response: IncomingMessage, encoding: string, url: URL): Transform {
  const decoder = DECODERS[encoding.toLowerCase()]?.();
  if (decoder === undefined) {
    response.destroy();
    throw new CommandError(
      `${shown(url)} came with the Content-Encoding ${quote(encoding)}; expected none. Check the address.`,
    );
  }
  // Whoever reads it hears of errors.
  return pipeline(response, decoder, () => {});
}

/** Without the server's own words, which may repeat the secrets that it was sent. */
function refusal(url: URL, response: IncomingMessage): Error {
  response.destroy();
  const said = statusOf(response);
  if (isPassing(response)) return new Error(`it answered ${said}`);
  const remedy = /^40[13]/.test(said) ? 'Check MODEL_URL_HEADERS_FILE.' : 'Check the address.';
  return new CommandError(`${shown(url)} answered ${said}. ${remedy}`);
}
