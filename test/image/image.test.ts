// The image as Kubernetes runs it: read-only root, a user without rights, no capabilities, 512 MiB, half a core.
import { execFileSync, spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { beforeAll, describe, expect, it, onTestFinished } from 'vitest';

const root = path.resolve(import.meta.dirname, '../..');
const { version } = JSON.parse(readFileSync(path.join(root, 'package.json'), 'utf8'));
const image = `localhost/ml-api:${version}`;
const env = { ...process.env, CONTAINERS_CONF: path.join(import.meta.dirname, 'containers.conf') };
const podman = (...args: string[]) =>
  execFileSync('podman', args, { encoding: 'utf8', env, stdio: 'pipe' }).trim();

const RESTRICTED = [
  '--pull=never',
  '--network=host',
  '--read-only',
  '--read-only-tmpfs=false',
  '--user=65532:65532',
  '--cap-drop=all',
  '--security-opt=no-new-privileges',
  '--memory=512m',
  '--memory-swap=512m',
  '--cpus=0.5',
  '--pids-limit=256',
];

beforeAll(() => {
  if (spawnSync('podman', ['image', 'exists', image], { env }).status !== 0)
    throw new Error(`There is no image ${image}, or no podman. Run: npm run image`);
});

/** A running container of the image; stopped and removed when the test ends. */
async function serve(port: number, ...more: string[]): Promise<string> {
  return await serveImage(image, port, ...more);
}

async function serveImage(name: string, port: number, ...more: string[]): Promise<string> {
  const id = podman(
    'run',
    '--detach',
    ...RESTRICTED,
    `--env=PORT=${port}`,
    '--env=HOST=127.0.0.1',
    ...more,
    name,
  );
  onTestFinished(() => void podman('rm', '--force', '--time=0', id));
  await expect
    .poll(
      () =>
        fetch(`http://127.0.0.1:${port}/readyz`).then(
          ({ status }) => status,
          () => 0,
        ),
      { timeout: 60_000 },
    )
    .toBe(200);
  return id;
}

/** The log line of a container with this message. */
function saying(id: string, message: string): unknown {
  const lines = podman('logs', id)
    .split('\n')
    .filter((line) => line.endsWith('}'));
  return lines.map((line) => JSON.parse(line)).find(({ msg }) => msg === message);
}

describe.each([
  ['v1', 5801],
  ['v2', 5802],
])('the iris model %s in the image', (model, port) => {
  it('gives all golden predictions, as the image itself verifies', async () => {
    await serve(port, `--env=MODEL_DIR=/models/${model}`);
    const report = podman(
      ...[
        'run',
        '--rm',
        ...RESTRICTED,
        image,
        'verify',
        '--target',
        `container=http://127.0.0.1:${port}`,
      ],
      ...['--golden', `/models/${model}/golden.json`, '--expect-version', model],
      ...['--metrics', `http://127.0.0.1:${port}/metrics`],
    );
    expect(report).toContain('ok      container: predictions: 150 rows as expected');
    expect(report).toContain('All checks passed.');
  });
});

it('serves several models, which it verifies, too', async () => {
  await serve(5807, '--env=MODELS_DIR=/models', '--env=DEFAULT_MODEL=v2');
  const target = ['--target', 'container=http://127.0.0.1:5807'];
  const report = podman(
    ...['run', '--rm', ...RESTRICTED, image, 'verify', ...target, '--models-dir', '/models'],
  );
  expect(report).toContain('ok      container: v1 v1: predictions: 150 rows as expected');
  expect(report).toContain('ok      container: v2 v2: predictions: 150 rows as expected');
});

it('knows what it is granted, and ends with 0 when it is told to stop', async () => {
  const id = await serve(5803);
  // The engine writes down what the container says a moment after it was said.
  await expect
    .poll(() => saying(id, 'ready'))
    .toMatchObject({
      cpus: 0.5,
      memoryBytes: 512 * 1024 * 1024,
    });
  podman('stop', '--time=20', id);
  expect(podman('inspect', '--format', '{{.State.ExitCode}}', id)).toBe('0');
});

it('writes nothing outside of what is mounted', async () => {
  const id = await serve(5804);
  expect(
    podman('diff', id)
      .split('\n')
      .filter((line) => !/^[AC] (\/etc|\/run|\/dev|\/proc|\/sys)(\/|$)/.test(line) && line !== ''),
  ).toEqual([]);
});

it('has no shell, and runs as a user by number', () => {
  const config = JSON.parse(podman('image', 'inspect', image))[0].Config;
  expect(config).toMatchObject({ User: '65532:65532', WorkingDir: '/app', Cmd: ['serve'] });
  const { status } = spawnSync(
    'podman',
    ['run', '--rm', ...RESTRICTED, '--entrypoint=/bin/sh', image, '-c', 'true'],
    { env },
  );
  expect(status).toBe(127);
});

it('says what is wrong with a model that is not there', () => {
  const { status, stderr } = spawnSync(
    'podman',
    ['run', '--rm', ...RESTRICTED, '--env=MODEL_DIR=/models/v9', image],
    {
      env,
      encoding: 'utf8',
    },
  );
  expect(status).toBe(3);
  expect(stderr).toContain('There is no model at /models/v9/model.onnx.');
});

const cuda = `${image}-cuda`;
describe.skipIf(spawnSync('podman', ['image', 'exists', cuda], { env }).status !== 0)(
  'the CUDA variant (npm run image -- --variant cuda), where there is no card',
  () => {
    const providers = ['--env=EXECUTION_PROVIDERS=cuda', '--env=PORT=5805', '--env=HOST=127.0.0.1'];

    it('misses the driver alone, and says so', () => {
      const { status, stderr } = spawnSync(
        'podman',
        ['run', '--rm', ...RESTRICTED, ...providers, cuda],
        { env, encoding: 'utf8' },
      );
      expect(status).toBe(3);
      expect(stderr).toContain('libcuda.so.1: cannot open shared object file');
      expect(stderr).toContain('EXECUTION_PROVIDERS names cuda, which does not work here');
    });

    it('serves on the CPU where that is allowed', async () => {
      const id = await serveImage(
        cuda,
        5806,
        '--env=EXECUTION_PROVIDERS=cuda',
        '--env=EXECUTION_PROVIDER_FALLBACK=on',
      );
      expect(podman('logs', id)).toContain('serving goes on without it');
    });
  },
);
