// Real HTTP servers of files for `fetch-model`, and what they serve.
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { createServer as createSecureServer } from 'node:https';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { onTestFinished } from 'vitest';

export const iris = new URL('../../model/v1', import.meta.url).pathname;
export const model = readFileSync(path.join(iris, 'model.onnx'));
export const sum = (data: Uint8Array) => createHash('sha256').update(data).digest('hex');
/** What lies in a directory that iris was fetched into. */
export const WHOLE = [
  '.model-sha256',
  'golden.json',
  'model.json',
  'model.lock.json',
  'model.onnx',
];

/** An empty folder; removed when the test ends. */
export function folder(): string {
  const made = mkdtempSync(path.join(tmpdir(), 'fetch-'));
  onTestFinished(() => rmSync(made, { recursive: true, force: true }));
  return made;
}

export type Handle = (req: IncomingMessage, res: ServerResponse, call: number) => void;

export interface FileServer {
  readonly url: string;
  calls(): number;
}

/** @param tls with a key and certificate, it speaks HTTPS */
export async function serveFile(
  handle: Handle,
  tls?: { readonly key: Buffer; readonly cert: Buffer },
): Promise<FileServer> {
  let calls = 0;
  const listener = (req: IncomingMessage, res: ServerResponse) => handle(req, res, ++calls);
  const server = tls ? createSecureServer(tls, listener) : createServer(listener);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  const address = server.address();
  return {
    url: `http${tls ? 's' : ''}://127.0.0.1:${typeof address === 'object' && address?.port}`,
    calls: () => calls,
  };
}

/** What `tar -cz` makes of its arguments. */
export function archive(...args: string[]): Buffer {
  return execFileSync('tar', ['-cz', ...args]);
}
