// The Hub of the tests as a server of this process.
import type { IncomingMessage, ServerResponse } from 'node:http';
import { folder, serveFile } from '../file-server.ts';
import { answerAsHub, type Files, type Repository, sendPart } from './hub-protocol.ts';

export const weights = Buffer.from('weights '.repeat(1000));

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

interface HubOptions extends Partial<Omit<Repository, 'blobAt'>> {
  /** Answers in its place where it returns true. */
  readonly before?: (req: IncomingMessage, res: ServerResponse) => boolean;
}

/** The Hub with the repository org/model; large files come from another origin. */
export async function hub({ files = classifier, before, ...rest }: HubOptions = {}) {
  const seenElsewhere: unknown[] = [];
  const cdn = await serveFile((req, res) => {
    seenElsewhere.push(req.headers.authorization);
    const { pathname } = new URL(req.url ?? '', `http://${req.headers.host}`);
    sendPart(req, res, Buffer.from(files[decodeURIComponent(pathname.slice(1))] ?? ''));
  });
  const blobAt = (name: string) => `${cdn.url}/${encodeURIComponent(name)}`;
  const { url } = await serveFile((req, res) => {
    if (!before?.(req, res)) answerAsHub({ files, blobAt, ...rest }, req, res);
  });
  return { env: { HF_ENDPOINT: url, HOME: folder() } as NodeJS.ProcessEnv, seenElsewhere };
}
