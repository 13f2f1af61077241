// Starts a real predictor on a free port for a test, and stops it after.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { Writable } from 'node:stream';
import pino from 'pino';
import request from 'supertest';
import { onTestFinished } from 'vitest';
import { readConfig } from '../src/commands/serve/config.ts';
import type { Files } from '../src/commands/serve/files.ts';
import { createService, type Service } from '../src/commands/serve/service.ts';
import type { ServingThread } from '../src/commands/serve/threads/thread.ts';
import type { ServedModel } from '../src/serving/served-model.ts';

const root = new URL('../../', import.meta.url);
export const files: Files = {
  contract: new URL('openapi.yaml', root),
  protos: new URL('proto/', root),
  manifestSchema: new URL('model/model.schema.json', root),
  playground: new URL('server/playground/', root),
  defaultModel: new URL('model/v1', root),
};

/** The directory of one of the models in test/models. */
export const testModel = (name: string) => new URL(`./models/${name}`, import.meta.url).pathname;

/** A file with the API keys `first-key` and `second-key`; removed when the test ends. */
export function keysFile(): string {
  const folder = mkdtempSync(path.join(tmpdir(), 'keys-'));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  const file = path.join(folder, 'keys');
  writeFileSync(file, 'first-key\n\nsecond-key\n');
  return file;
}

/** One row of every input of the model every-datatype. */
export function everyDatatype(): Record<string, unknown[]> {
  const numbers = [
    'float16',
    'float',
    'double',
    'int8',
    'uint8',
    'int16',
    'uint16',
    'int32',
    'uint32',
    'int64',
    'uint64',
  ];
  return {
    ...Object.fromEntries(numbers.map((name) => [name, [1, 2]])),
    bool: [true, false],
    string: ['a', 'b'],
  };
}

export interface Running extends Service {
  readonly url: string;
  readonly served: ServedModel;
  /** What was logged so far, a parsed line each. */
  readonly logs: readonly Record<string, unknown>[];
  /** supertest against the listening server. */
  readonly http: ReturnType<typeof request>;
  predict(body: unknown): request.Test;
}

/**
 * A predictor with the given environment variables; stopped when the test ends.
 * @param thread that it serves on
 */
export async function start(
  env: Readonly<Record<string, string>> = {},
  thread?: ServingThread,
): Promise<Running> {
  const logs: Record<string, unknown>[] = [];
  const sink = new Writable({
    write(chunk, _encoding, done) {
      for (const line of String(chunk).trim().split('\n')) logs.push(JSON.parse(line));
      done();
    },
  });
  const config = readConfig({ HOST: '127.0.0.1', PORT: '0', ...env });
  const service = await createService(
    config,
    files,
    pino({ level: config.LOG_LEVEL, base: null }, sink),
    undefined,
    thread,
  );
  onTestFinished(() => service.stop());
  const url = `http://127.0.0.1:${service.port}`;
  const http = request(url);
  return {
    ...service,
    url,
    served: service.parts.models.main,
    logs,
    http,
    predict: (body) =>
      http.post('/predict').set('Content-Type', 'application/json').send(JSON.stringify(body)),
  };
}
