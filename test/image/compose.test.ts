// compose.yaml, started by podman-compose: the server and Prometheus. Grafana is in no package registry; test/compose.test.ts reads its files.
import { execFileSync, spawnSync } from 'node:child_process';
import { copyFileSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { pythonFor } from '../../model/python.ts';
import { buildPrometheus } from '../cluster/build/prometheus.ts';
import { type Outcome, runProgram } from '../run-program.ts';

const root = path.resolve(import.meta.dirname, '../..');
const { version } = JSON.parse(readFileSync(path.join(root, 'package.json'), 'utf8'));
const { services } = parse(readFileSync(path.join(root, 'compose.yaml'), 'utf8'));
const image = `localhost/ml-api:${version}`;
/** As podman names what Compose calls ml-api:local. */
const local = `localhost/${services.predictor.image}`;
const project = `ml-api-compose-${process.pid}`;
const folder = mkdtempSync(path.join(tmpdir(), 'compose-'));
const override = path.join(folder, 'override.yaml');
const own = { CONTAINERS_CONF: path.join(import.meta.dirname, 'containers.conf') };
/** Of its own: podman leaves a bridge and rules of the firewall behind in the machine's. */
const inside = `--net=/run/netns/${project}`;
const podman = (...args: string[]) =>
  execFileSync('nsenter', [inside, 'podman', ...args], {
    encoding: 'utf8',
    env: { ...process.env, ...own },
    stdio: 'pipe',
  }).trim();
const isThere = (name: string) =>
  spawnSync('podman', ['image', 'exists', name], { env: { ...process.env, ...own } }).status === 0;

/** Names that this test has given. */
const named: string[] = [];
let program = '';

beforeAll(async () => {
  if (!isThere(image))
    throw new Error(`There is no image ${image}, or no podman. Run: npm run image`);
  const python = pythonFor(path.join(import.meta.dirname, 'requirements.txt'));
  program = path.join(path.dirname(python), 'podman-compose');
  execFileSync('ip', ['netns', 'add', project]);
  execFileSync('ip', ['-n', project, 'link', 'set', 'lo', 'up']);
  if (!isThere(local)) {
    podman('tag', image, local);
    named.push(local);
  }
  await nameOurPrometheus(services.prometheus.image);
});
afterAll(async () => {
  await compose({}, 'down', '--volumes', '--timeout', '1');
  for (const name of named) podman('rmi', name);
  execFileSync('ip', ['netns', 'delete', project]);
  rmSync(folder, { recursive: true });
});

/** Prometheus of its own sources as its image has it, where that cannot be pulled. */
async function nameOurPrometheus(name: string): Promise<void> {
  if (isThere(name)) return;
  copyFileSync(path.join(await buildPrometheus(), 'prometheus'), path.join(folder, 'prometheus'));
  mkdirSync(path.join(folder, 'data'));
  writeFileSync(
    path.join(folder, 'Dockerfile'),
    [
      'FROM scratch',
      'COPY prometheus /bin/',
      'COPY --chown=65534:65534 data /prometheus',
      'USER 65534',
      'ENTRYPOINT ["/bin/prometheus"]',
      'CMD ["--config.file=/etc/prometheus/prometheus.yml", "--storage.tsdb.path=/prometheus"]',
    ].join('\n'),
  );
  podman('build', '--quiet', '--tag', name, folder);
  named.push(name);
}

function compose(env: Readonly<Record<string, string>>, ...args: string[]): Promise<Outcome> {
  const files = ['--file', 'compose.yaml', '--file', override];
  return runProgram('nsenter', [inside, program, '--project-name', project, ...files, ...args], {
    cwd: root,
    env: { ...own, ...env },
  });
}

/** Starts a service alone. @param changes of the service @returns its container */
async function up(service: string, env: Readonly<Record<string, string>>, changes: string) {
  writeFileSync(override, `services: { ${service}: ${changes} }\n`);
  const { code, stdout, stderr } = await compose(
    env,
    ...['up', '--detach', '--no-build', '--no-deps'],
    service,
  );
  expect(code, stdout + stderr).toBe(0);
  return `${project}_${service}_1`;
}

/** The response to a request; undefined while nobody listens. */
async function json(url: string, request: object = {}) {
  const script = `fetch(${JSON.stringify(url)}, ${JSON.stringify(request)}).then(async (response) => console.log(await response.text()), () => {})`;
  const { stdout } = await runProgram('nsenter', [inside, process.execPath, '--eval', script]);
  return stdout === '' ? undefined : JSON.parse(stdout);
}

describe('compose.yaml', () => {
  let predictor = '';

  it('serves the model that MODEL names, at the port that PORT names', async () => {
    predictor = await up('predictor', { PORT: '5050', MODEL: './model/v2' }, '{}');
    await expect
      .poll(() => json('http://127.0.0.1:5050/model'), { timeout: 60_000 })
      .toMatchObject({ version: 'v2' });
    const response = await json('http://127.0.0.1:5050/predict', {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ inputs: [5.1, 3.5, 1.4, 0.2] }),
    });
    expect(response).toEqual({ prediction: [0] });
  });

  it('is healthy by its own check', () => {
    podman('healthcheck', 'run', predictor);
    const [{ State: state }] = JSON.parse(podman('inspect', predictor));
    expect(state.Health.Log).toContainEqual(expect.objectContaining({ ExitCode: 0 }));
  });

  it('has no right that it does not need', () => {
    const [{ EffectiveCaps: capabilities, HostConfig: config }] = JSON.parse(
      podman('inspect', predictor),
    );
    expect(capabilities ?? []).toEqual([]);
    expect(config.SecurityOpt).toContain('no-new-privileges');
    for (const file of ['/file', '/model/file']) {
      const write = `try { require('node:fs').writeFileSync('${file}', '') } catch ({ code }) { console.log(code) }`;
      expect(podman('exec', predictor, '/usr/local/bin/node', '--eval', write), file).toBe('EROFS');
    }
  });

  it('has a Prometheus that reads the server', async () => {
    const network = `${project}_default`;
    const [{ NetworkSettings: settings }] = JSON.parse(podman('inspect', predictor));
    const address = settings.Networks[network].IPAddress;
    // Docker's network has names; that of Debian's podman does not.
    await up('prometheus', {}, `{ extra_hosts: ["predictor:${address}"] }`);
    const url = 'http://127.0.0.1:9090/api/v1/query?query=ml_api_model_info';
    const models = async () =>
      ((await json(url))?.data?.result ?? []).map(({ metric }: { metric: object }) => metric);
    await expect
      .poll(models, { timeout: 60_000 })
      .toEqual([expect.objectContaining({ namespace: 'compose', version: 'v2' })]);
  });

  it('does not start without the model that is named', async () => {
    writeFileSync(override, 'services: {}\n');
    const args = ['run', '--rm', '--no-deps', 'predictor'];
    const { code, stdout, stderr } = await compose({ MODEL: './model/none' }, ...args);
    expect(code).not.toBe(0);
    expect(stdout + stderr).toContain('model/none');
  });
});
