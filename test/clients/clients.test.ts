// Clients that know nothing of this project: Triton's and KServe's own, in Python.
import { execFile } from 'node:child_process';
import path from 'node:path';
import { promisify } from 'node:util';
import { expect, it } from 'vitest';
import { pythonFor } from '../../model/python.ts';
import { fiveModels } from '../../server/test/models-dir.ts';
import { keysFile, start } from '../../server/test/start.ts';
import { blockOf } from '../docs/blocks.ts';

const here = import.meta.dirname;
const run = promisify(execFile); // not blocking: this process serves what they call

const several = () => ({ MODELS_DIR: fiveModels(), DEFAULT_MODEL: 'iris' });

it.each([
  ['the address of a server', '', () => ({})],
  ["a version's path", '/v1', () => ({})],
  ['the address of a server of five models', '', several],
])('tritonclient and kserve predict at %s', async (_name, basePath, models) => {
  const python = pythonFor(path.join(here, 'requirements.txt'));
  const { url, grpcPort } = await start({
    BASE_PATH: '/v1',
    GRPC_PORT: '0',
    LOG_LEVEL: 'silent',
    ...models(),
  });
  const golden = path.resolve(here, '../../model/v1/golden.json');
  const { stdout } = await run(python, [
    path.join(here, 'clients.py'),
    url + basePath,
    `127.0.0.1:${grpcPort}`,
    golden,
  ]);
  process.stdout.write(stdout);
  expect(stdout.trim().split('\n').at(-1)).toBe('ok  kserve over gRPC: raw input False');
});

it.each([
  ['one model', () => ({})],
  ['five models', several],
])("Triton's client predicts over gRPC: %s", async (_name, models) => {
  const python = pythonFor(path.join(here, 'requirements.txt'));
  const { grpcPort } = await start({ GRPC_PORT: '0', LOG_LEVEL: 'silent', ...models() });
  const golden = path.resolve(here, '../../model/v1/golden.json');
  const { stdout } = await run(python, [
    path.join(here, 'triton_grpc.py'),
    `127.0.0.1:${grpcPort}`,
    golden,
  ]);
  process.stdout.write(stdout);
  expect(stdout.trim().split('\n').at(-1)).toBe('ok  tritonclient over gRPC: loading is refused');
});

it.each(['http', 'grpc'])("Triton's client loads and unloads models over %s", async (protocol) => {
  const python = pythonFor(path.join(here, 'requirements.txt'));
  const { url, grpcPort } = await start({
    GRPC_PORT: '0',
    LOG_LEVEL: 'silent',
    OPERATOR_KEYS_FILE: keysFile(),
    ...several(),
  });
  const address = protocol === 'http' ? new URL(url).host : `127.0.0.1:${grpcPort}`;
  const { stdout } = await run(python, ['-c', REPOSITORY, protocol, address]);
  expect(stdout.trim()).toBe('[True, True] [False, True] [True, True] unauthorized');
});

const REPOSITORY = `
import importlib, sys
protocol, address = sys.argv[1:]
triton = importlib.import_module(f"tritonclient.{protocol}")
client = triton.InferenceServerClient(address)
key = {"x-api-key": "first-key"}

def ready():
    states = []
    for name in ("flowers", "iris"):
        try:
            states.append(client.is_model_ready(name))
        except Exception:
            states.append(False)
    return states

found = [ready()]
client.unload_model("flowers", headers=key)
found.append(ready())
client.load_model("flowers", headers=key)
found.append(ready())
try:
    client.unload_model("flowers")
except Exception as error:
    refused = "unauthorized" if "API key" in str(error) else error
print(*found, refused)
`;

it('the program of docs/open-inference-protocol.md gives what it says', async () => {
  const python = pythonFor(path.join(here, 'requirements.txt'));
  const { url } = await start({ BASE_PATH: '/v1', LOG_LEVEL: 'silent' });
  const block = blockOf('docs/open-inference-protocol.md', 'python');
  const [, expression = '', promised] = /^(client\.infer.*\S) +# (.*)$/m.exec(block) ?? [];
  const program = block
    .replace('ml.local', new URL(url).host)
    .replace(expression, `print(repr(${expression}))`);
  const { stdout } = await run(python, ['-c', program]);
  expect(stdout.trim()).toBe(promised);
});
