// compose.yaml, as far as it can be checked without starting it: by the loader that `docker compose` has, with the files that it
// mounts, and with its health check run against a predictor. test/image/compose.test.ts starts what is to be had here of it, and
// test/rules/compose.test.ts has Prometheus read a predictor by it.
import {
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { parse } from 'yaml';
import { start } from '../server/test/start.ts';
import { runProgram } from './run-program.ts';
import { runTool } from './tools/tool.ts';

const root = path.resolve(import.meta.dirname, '..');
const inRoot = (...parts: string[]) => path.join(root, ...parts);

interface Mount {
  readonly type: string;
  readonly source: string;
  readonly target: string;
}
interface Service {
  readonly environment?: Readonly<Record<string, string>>;
  readonly healthcheck?: { readonly test: readonly string[] };
  readonly ports: readonly { readonly host_ip?: string; readonly target: number }[];
  readonly volumes?: readonly Mount[];
}

/** What the loader makes of compose.yaml: paths are absolute, and short forms are long. @throws where it refuses the file */
function loaded(): Readonly<Record<'predictor' | 'prometheus' | 'grafana', Service>> {
  const { status, stdout, stderr } = runTool('compose', ['-format', 'json', 'compose.yaml'], {
    cwd: root,
  });
  if (status !== 0) throw new Error(stderr);
  return JSON.parse(stdout).services;
}

/** Where a file of a container is in this repository. */
function hostPath({ volumes = [] }: Service, file: string): string {
  const mount = volumes.find(({ target }) => file === target || file.startsWith(`${target}/`));
  if (mount === undefined) throw new Error(`No volume holds ${file}`);
  return path.join(mount.source, path.relative(mount.target, file));
}

const read = (file: string) => parse(readFileSync(file, 'utf8'));

describe('compose.yaml', () => {
  const services = loaded();

  it('mounts what is there, and world-readable: containers have users of their own', () => {
    const sources = Object.values(services).flatMap(({ volumes = [] }) =>
      volumes.filter(({ type }) => type === 'bind').map(({ source }) => source),
    );
    expect(sources).toHaveLength(4);
    for (const source of sources) expect(statSync(source).mode & 0o004, source).toBe(0o004);
  });

  it('listens on this machine alone, as nobody is asked for a password', () => {
    const ports = Object.values(services).flatMap(({ ports }) => ports);
    expect(ports.map(({ host_ip }) => host_ip)).toEqual(['127.0.0.1', '127.0.0.1', '127.0.0.1']);
  });

  it('serves the model that it mounts, on the port that the image exposes', () => {
    const { environment, ports, volumes } = services.predictor;
    expect(volumes?.map(({ target }) => target)).toEqual([environment?.['MODEL_DIR']]);
    const [, exposed] = /^EXPOSE (\d+)$/m.exec(readFileSync(inRoot('Dockerfile'), 'utf8')) ?? [];
    expect(ports.map(({ target }) => String(target))).toEqual([exposed]);
    expect(existsSync(hostPath(services.predictor, '/model/model.onnx'))).toBe(true);
  });

  it('asks the predictor for its health', async () => {
    const { url, stop } = await start({ LOG_LEVEL: 'silent' });
    const [, program = '', ...args] = services.predictor.healthcheck?.test ?? [];
    expect(readFileSync(inRoot('Dockerfile'), 'utf8')).toContain(`ENTRYPOINT ["${program}"`);
    const here = args.map((arg) => arg.replace('http://127.0.0.1:5000', url));
    expect(here).not.toEqual(args);
    expect((await runProgram(process.execPath, here)).code).toBe(0);
    await stop();
    expect((await runProgram(process.execPath, here)).code).toBe(1);
  });

  it('has Prometheus read the predictor by its name there', () => {
    const config = read(hostPath(services.prometheus, '/etc/prometheus/prometheus.yml'));
    const [{ targets }] = config.scrape_configs[0].static_configs;
    const [{ target } = { target: 0 }] = services.predictor.ports;
    expect(targets).toEqual([`predictor:${target}`]);
  });

  it('gives Grafana one default Prometheus, and the dashboard as its home', () => {
    const { grafana, prometheus } = services;
    const provisioned = (kind: string) => {
      const folder = hostPath(grafana, `/etc/grafana/provisioning/${kind}`);
      return readdirSync(folder).map((file) => read(path.join(folder, file)));
    };
    const [{ target } = { target: 0 }] = prometheus.ports;
    expect(provisioned('datasources').flatMap(({ datasources }) => datasources)).toEqual([
      expect.objectContaining({
        type: 'prometheus',
        isDefault: true,
        url: `http://prometheus:${target}`,
      }),
    ]);

    const [provider, ...others] = provisioned('dashboards').flatMap(({ providers }) => providers);
    expect(others).toEqual([]);
    const home = grafana.environment?.['GF_DASHBOARDS_DEFAULT_HOME_DASHBOARD_PATH'] ?? '';
    expect(path.dirname(home)).toBe(provider.options.path);
    const dashboard = JSON.parse(readFileSync(hostPath(grafana, home), 'utf8'));
    // No fixed uid: Grafana's variable of the type prometheus takes the default datasource.
    const uids = JSON.stringify(dashboard).matchAll(/"datasource":\{[^}]*"uid":"([^"]*)"/g);
    expect(new Set(Array.from(uids, ([, uid]) => uid))).toEqual(new Set(['$datasource']));
    expect(dashboard.templating.list[0]).toMatchObject({ name: 'datasource', query: 'prometheus' });
  });
});

it('a compose file that Compose refuses is refused here', () => {
  const folder = mkdtempSync(path.join(tmpdir(), 'compose-'));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  const file = path.join(folder, 'compose.yaml');
  writeFileSync(file, 'services: { predictor: { image: ml-api, volume: [] } }\n');
  const { status, stderr } = runTool('compose', [file]);
  expect(status).not.toBe(0);
  expect(stderr).toContain('volume');
});
