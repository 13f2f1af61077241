// A real predictor of a generated model, with the reference beside it.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import http, { type IncomingHttpHeaders } from 'node:http';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { ModelLoadError } from '../../src/runtime/session.ts';
import { type Running, start } from '../start.ts';
import { graphOf, type ModelPlan } from './models.ts';
import { writeModel } from './onnx.ts';
import { openReference, type Reference } from './reference.ts';
import type { WireRequest } from './requests.ts';

export interface Served {
  readonly running: Running;
  readonly reference: Reference;
  /** @throws when the server drops the connection */
  send(request: WireRequest): Promise<WireResponse>;
}

export interface WireResponse {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: Buffer;
}

/**
 * Serves a model as long as `use` takes.
 * @param use not called when ONNX Runtime itself does not load the model
 * @param refused told when the predictor does not start for this model, and why
 */
export async function serve(
  model: ModelPlan,
  env: Readonly<Record<string, string>>,
  use: (served: Served) => Promise<void>,
  refused: (why: string) => Promise<void> | void,
): Promise<void> {
  const folder = mkdtempSync(path.join(tmpdir(), 'property-'));
  const file = path.join(folder, 'model.onnx');
  writeFileSync(file, writeModel(graphOf(model)));
  const agent = new http.Agent({ keepAlive: true, maxSockets: 64 });
  let running: Running | undefined;
  let reference: Reference | undefined;
  try {
    reference = await openReference(file);
    if (reference === undefined) return;
    try {
      running = await start({ MODEL_DIR: folder, LOG_RATE: '0', ...env });
    } catch (error) {
      if (!(error instanceof ModelLoadError)) throw error;
      return await refused(error.message);
    }
    const { port } = running;
    await use({ running, reference, send: (request) => send(agent, port, request) });
  } finally {
    agent.destroy();
    await running?.stop();
    await reference?.close();
    rmSync(folder, { recursive: true });
  }
}

function send(agent: http.Agent, port: number, request: WireRequest): Promise<WireResponse> {
  const { promise, resolve, reject } = Promise.withResolvers<WireResponse>();
  const outgoing = http.request({
    agent,
    port,
    host: '127.0.0.1',
    method: 'POST',
    path: request.path,
    headers: { ...request.headers, 'Content-Length': String(request.body.length) },
  });
  outgoing.on('error', reject);
  outgoing.on('response', (response) => {
    const chunks: Buffer[] = [];
    response.on('data', (chunk: Buffer) => chunks.push(chunk));
    response.on('error', reject);
    response.on('end', () =>
      resolve({
        status: response.statusCode ?? 0,
        headers: response.headers,
        body: Buffer.concat(chunks),
      }),
    );
  });
  outgoing.end(request.body);
  return promise;
}
