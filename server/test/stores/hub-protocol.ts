// The Hugging Face Hub cannot be reached by the tests: this is what they have in its place, the exchanges that
// https://huggingface.co/docs/hub/api documents, with the headers that the Hub's clients read.
import { createHash } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';

export const COMMIT = 'a'.repeat(40);
export const sha256 = (data: Uint8Array) => createHash('sha256').update(data).digest('hex');

/** By their paths. Those that are bytes are large ones, as Git LFS has them. */
export type Files = Readonly<Record<string, string | Buffer>>;

export interface Repository {
  readonly files: Files;
  readonly token?: string | undefined;
  readonly pageSize?: number;
  /** The URL that a large file is at, by its path. */
  readonly blobAt: (name: string) => string;
}

/** Answers as the Hub does that has the repository org/model, whose branch main is at COMMIT. */
export function answerAsHub(
  { files, token, pageSize = 4, blobAt }: Repository,
  req: IncomingMessage,
  res: ServerResponse,
): void {
  const at = new URL(req.url ?? '', `http://${req.headers.host}`);
  const fail = (status: number, code?: string) =>
    res.writeHead(status, code === undefined ? {} : { 'x-error-code': code }).end('{"error":"no"}');
  if (token !== undefined && req.headers.authorization !== `Bearer ${token}`)
    return void fail(401, 'RepoNotFound');
  if (!/^\/(api\/models\/)?org\/model\//.test(at.pathname))
    return void fail(token === undefined ? 401 : 404, 'RepoNotFound');
  if (at.pathname.includes('/revision/')) {
    if (!/\/(main|v1|refs%2Fpr%2F1|a{40})$/.test(at.pathname))
      return void fail(404, 'RevisionNotFound');
    return void res.end(JSON.stringify({ sha: COMMIT, cardData: { license: 'apache-2.0' } }));
  }
  if (at.pathname.startsWith(`/api/models/org/model/tree/${COMMIT}`)) {
    const start = Number(at.searchParams.get('cursor') ?? 0);
    const entries = Object.entries(files).map(([name, data]) => ({
      type: 'file',
      path: name,
      size: data.length,
      oid: 'b'.repeat(40),
      ...(typeof data !== 'string' && { lfs: { oid: sha256(data), size: data.length } }),
    }));
    at.searchParams.set('cursor', String(start + pageSize));
    if (start + pageSize < entries.length) res.setHeader('link', `<${at}>; rel="next"`);
    const page = entries.slice(start, start + pageSize);
    return void res.end(JSON.stringify([{ type: 'directory', path: 'onnx' }, ...page]));
  }
  const name = decodeURIComponent(at.pathname.replace(`/org/model/resolve/${COMMIT}/`, ''));
  const data = files[name];
  if (data === undefined) return void fail(404, 'EntryNotFound');
  if (typeof data === 'string') return void sendPart(req, res, Buffer.from(data));
  res.writeHead(302, { location: `${blobAt(name)}?X-Amz-Signature=secret` }).end();
}

/** Sends the bytes of a file that a client asks for. */
export function sendPart(req: IncomingMessage, res: ServerResponse, data: Buffer): void {
  const [, from, to] = /^bytes=(\d+)-(\d*)$/.exec(String(req.headers.range ?? '')) ?? [];
  if (from === undefined) return void res.end(data);
  const last = to ? Math.min(Number(to), data.length - 1) : data.length - 1;
  const range = `bytes ${from}-${last}/${data.length}`;
  res.writeHead(206, { 'content-range': range }).end(data.subarray(Number(from), last + 1));
}
