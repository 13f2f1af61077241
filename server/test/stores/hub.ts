// The Hugging Face Hub cannot be reached by the tests: a server of their own has the exchanges that https://huggingface.co/docs/hub/api
// documents, with the headers that the Hub's clients read.
import { createHash } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { folder, serveFile } from '../file-server.ts';

export const COMMIT = 'a'.repeat(40);
export const sha256 = (data: Uint8Array) => createHash('sha256').update(data).digest('hex');
export const weights = Buffer.from('weights '.repeat(1000));

export type Files = Readonly<Record<string, string | Buffer>>;
export const classifier: Files = {
  'README.md': '# A model',
  'config.json': JSON.stringify({
    architectures: ['DistilBertForSequenceClassification'],
    id2label: { 0: 'NEGATIVE', 1: 'POSITIVE' },
  }),
  'model.safetensors': weights,
  'pytorch_model.bin': weights,
  'onnx/model.onnx': weights,
  'onnx/model.onnx_data': weights,
  'onnx/model_quantized.onnx': weights,
  'onnx/other.onnx_data': weights,
  'tokenizer.json': '{}',
};

interface HubOptions {
  readonly files?: Files;
  /** Answers in its place where it returns true. */
  readonly before?: (req: IncomingMessage, res: ServerResponse) => boolean;
  readonly token?: string;
  readonly pageSize?: number;
}

/** The Hub with the repository org/model, whose branch main is at COMMIT; large files come from another origin. */
export async function hub({ files = classifier, before, token, pageSize = 4 }: HubOptions = {}) {
  const seenElsewhere: unknown[] = [];
  const sendPart = (req: IncomingMessage, res: ServerResponse, data: Buffer) => {
    const [, from] = /^bytes=(\d+)-$/.exec(String(req.headers.range ?? '')) ?? [];
    if (from === undefined) res.end(data);
    else {
      const range = `bytes ${from}-${data.length - 1}/${data.length}`;
      res.writeHead(206, { 'content-range': range }).end(data.subarray(Number(from)));
    }
  };
  const cdn = await serveFile((req, res) => {
    seenElsewhere.push(req.headers.authorization);
    const { pathname } = new URL(req.url ?? '', `http://${req.headers.host}`);
    sendPart(req, res, Buffer.from(files[decodeURIComponent(pathname.slice(1))] ?? ''));
  });
  const { url } = await serveFile((req, res) => {
    const at = new URL(req.url ?? '', `http://${req.headers.host}`);
    const fail = (status: number, code?: string) =>
      res
        .writeHead(status, code === undefined ? {} : { 'x-error-code': code })
        .end('{"error":"no"}');
    if (before?.(req, res)) return;
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
    const blob = `${cdn.url}/${encodeURIComponent(name)}`;
    return void res.writeHead(302, { location: `${blob}?X-Amz-Signature=secret` }).end();
  });
  return { env: { HF_ENDPOINT: url, HOME: folder() } as NodeJS.ProcessEnv, seenElsewhere };
}
