// The program as a process of its own that harm can be done to.
import type { ChildProcess } from 'node:child_process';
import { spawn } from 'node:child_process';
import { cpSync, existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { expect, onTestFinished } from 'vitest';
import { freePort } from '../free-port.ts';
import { collect, exitOf } from '../program.ts';

const here = import.meta.dirname;
const main = path.resolve(here, '../../src/main.ts');
const saboteur = pathToFileURL(path.join(here, 'saboteur.ts')).href;

/** A folder that is removed when the test ends. */
export function folder(): string {
  const made = mkdtempSync(path.join(tmpdir(), 'faults-'));
  onTestFinished(() => rmSync(made, { recursive: true, force: true }));
  return made;
}

/** A copy of a model directory, to be harmed. */
export function copyOfModel(source: string | URL): string {
  const copy = folder();
  cpSync(source instanceof URL ? fileURLToPath(source) : source, copy, { recursive: true });
  return copy;
}

export const irisV1 = new URL('../../../model/v1', import.meta.url);
export const irisV2 = new URL('../../../model/v2', import.meta.url);
/** A row of the iris models, and what both say of it. */
export const setosa = [5.1, 3.5, 1.4, 0.2];

export interface Victim {
  readonly url: string;
  readonly child: ChildProcess;
  /** Standard output and standard error so far. */
  readonly out: { readonly text: string };
  readonly err: { readonly text: string };
  /** Becomes its exit code. */
  readonly ended: Promise<number | null>;
  /** Orders a harm of saboteur.ts, and waits until it is being done. */
  harm(what: string): Promise<void>;
  get(path: string): Promise<{ status: number; type: string | null; text: string }>;
  predict(inputs: unknown): Promise<{ status: number; body: unknown }>;
}

export interface VictimOptions {
  /** Options of Node, such as a limit of its heap. */
  readonly node?: readonly string[];
  /** Its standard output, when it is not to be read. */
  readonly stdout?: number | 'stalled';
  /** Do not wait until it is ready. */
  readonly unready?: boolean;
}

/** Starts the server; ended when the test ends. */
export async function serve(
  env: Readonly<Record<string, string>> = {},
  { node = [], stdout, unready = false }: VictimOptions = {},
): Promise<Victim> {
  const sabotage = folder();
  const port = await freePort();
  const url = `http://127.0.0.1:${port}`;
  const child = spawn(process.execPath, [...node, '--import', saboteur, main, 'serve'], {
    env: {
      PATH: process.env['PATH'],
      HOST: '127.0.0.1',
      PORT: String(port),
      SABOTAGE: sabotage,
      ...env,
    },
    stdio: ['ignore', typeof stdout === 'number' ? stdout : 'pipe', 'pipe'],
  });
  onTestFinished(() => void child.kill('SIGKILL'));
  const victim: Victim = {
    url,
    child,
    out: collect(stdout === 'stalled' ? null : child.stdout),
    err: collect(child.stderr),
    ended: stdout === 'stalled' ? new Promise((done) => child.once('exit', done)) : exitOf(child),
    async harm(what) {
      const order = path.join(sabotage, what);
      writeFileSync(order, '');
      await expect.poll(() => existsSync(order), { timeout: 30_000 }).toBe(false);
    },
    async get(at) {
      const response = await fetch(url + at);
      const type = response.headers.get('content-type');
      return { status: response.status, type, text: await response.text() };
    },
    async predict(inputs) {
      const response = await fetch(`${url}/predict`, {
        method: 'POST',
        headers: { 'Content-Type': 'application/json' },
        body: JSON.stringify({ inputs }),
      });
      return { status: response.status, body: await response.json() };
    },
  };
  if (!unready) await answers(victim, '/readyz', 200);
  return victim;
}

/** Waits until a path answers with a status. */
export async function answers({ get, err }: Victim, at: string, status: number): Promise<void> {
  const ask = () =>
    get(at).then(
      (answer) => answer.status,
      () => err.text,
    );
  await expect.poll(ask, { timeout: 60_000, interval: 20 }).toBe(status);
}

/** The lines of its log so far. */
export function logOf({ out }: Victim): Record<string, unknown>[] {
  const whole = out.text.slice(0, out.text.lastIndexOf('\n') + 1);
  return whole
    .split('\n')
    .filter((line) => line.startsWith('{'))
    .map((line) => JSON.parse(line));
}

/** Waits for a line of the log. */
export async function logged(victim: Victim, line: object): Promise<void> {
  await expect
    .poll(() => logOf(victim), { timeout: 60_000 })
    .toContainEqual(expect.objectContaining(line));
}
