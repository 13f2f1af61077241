// The SDK as its users have it: installed from its package into a project of their own, outside the cluster, calling
// through the Ingress by the name of its host.
import { execFile } from 'node:child_process';
import { rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import buildSdk from '../build-sdk.ts';
import { bin, compile, folder, install, packSdk, root } from '../sdk/user-project.ts';
import { golden } from './golden.ts';
import { useNamespace } from './namespace.ts';
import { Release } from './release.ts';

const run = promisify(execFile);

describe.skipIf(process.getuid?.() !== 0)('the SDK from outside, through the Ingress', () => {
  const namespace = useNamespace('sdk');
  const release = new Release(namespace);
  // Below this checkout, whose node_modules have the generator that such a project would install.
  const project = folder(path.join(root, '.cache'));

  beforeAll(async () => {
    buildSdk();
    install(project, packSdk(project));
    const [address = ''] = inject('cluster').ingress?.http.split(':') ?? [];
    writeFileSync(path.join(project, 'hosts'), `127.0.0.1 localhost\n${address} ${release.host}\n`);
    await release.install({ versions: { v1: {}, v2: {} } });
  });
  afterAll(() => rmSync(project, { recursive: true }));

  it('predicts with each version, and says which one answered', async () => {
    const errors = compile(
      project,
      `import { createClient, predict } from '@org/ml-sdk';
       const rows = ${JSON.stringify(golden('v1').inputs)};
       const byDefault = await predict({ inputs: rows });
       const answers: Record<string, unknown> = { byDefault: byDefault.prediction };
       for (const version of ['v1', 'v2']) {
         const client = createClient({ version });
         const { prediction } = await client.predict({ inputs: rows });
         const model = await client.getModel();
         answers[version] = { prediction, model: model.version, ready: await client.isReady() };
       }
       console.log(JSON.stringify(answers));`,
    );
    expect(errors).toBe('');
    const answers = JSON.parse(
      await outside(process.execPath, [path.join(project, 'dist/use.js')]),
    );
    expect(answers).toEqual({
      byDefault: golden('v1').prediction,
      v1: { prediction: golden('v1').prediction, model: 'v1', ready: true },
      v2: { prediction: golden('v2').prediction, model: 'v2', ready: true },
    });
  });

  it('generates the typed client of the model that is served there', async () => {
    const generated = path.join(project, 'src');
    const cli = path.join(project, 'node_modules/.bin/ml-sdk');
    const from = `http://${release.host}/v2`;
    await outside(process.execPath, [cli, 'generate', '--from', from, '--out', generated]);
    const errors = compile(
      project,
      `import { predict } from './src/index.js';
       // @ts-expect-error: three features, where the model has four
       await predict({ inputs: [5.1, 3.5, 1.4] });`,
    );
    expect(errors).toBe('');
  });

  /** Runs a program that finds the host's name in /etc/hosts: in a copy that only this program sees. */
  async function outside(program: string, args: readonly string[]): Promise<string> {
    const mounted = 'mount --bind "$1" /etc/hosts && shift && exec "$@"';
    const hosts = path.join(project, 'hosts');
    const env = {
      ...process.env,
      ML_API_URL: `http://${release.host}`,
      PATH: `${path.dirname(bin('tsc'))}:${process.env['PATH']}`,
    };
    const { stdout } = await run(
      'unshare',
      ['--mount', 'sh', '-c', mounted, 'sh', hosts, program, ...args],
      { env },
    );
    return stdout;
  }
});
