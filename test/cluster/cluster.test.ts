// What the cluster's commands refuse, and what they say; nothing here needs a cluster. `npm run test:cluster` has one.
import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { runNode } from '../run-program.ts';
import { imageNames, writeArchive } from './build/oci-archive.ts';
import { checkAddressesAreFree, overlap } from './local/network.ts';
import { addresses } from './local/settings.ts';

let folder = '';
beforeAll(() => {
  folder = mkdtempSync(path.join(os.tmpdir(), 'cluster-'));
});
afterAll(() => rmSync(folder, { recursive: true }));

describe('the command line', () => {
  it.each([
    [[], 2, 'A command is missing.'],
    [['start'], 2, 'There is no command "start".'],
    [['load-image'], 1, 'load-image needs a file: an OCI archive'],
    [['load-image', '/no/such.tar'], 1, 'There is no file /no/such.tar: an OCI archive'],
  ])('%j ends with %d and says: %s', async (args, status, message) => {
    const { code, output } = await cli(args);
    expect(output).toContain(message);
    expect(code).toBe(status);
  });

  it('tells its commands', async () => {
    const { code, output } = await cli(['help']);
    expect(code).toBe(0);
    expect(output).toMatch(/up .*\n +down .*\n +status/);
  });

  it.each(['up', 'status', 'down'])('%s with a KUBECONFIG that is no file', async (command) => {
    const { code, output } = await cli([command], { KUBECONFIG: '/no/kubeconfig' });
    if (command === 'down') expect([code, output]).toEqual([0, expect.stringContaining('stays')]);
    else {
      expect(output).toContain(
        'KUBECONFIG is /no/kubeconfig: there is no such file. Put it right, or unset KUBECONFIG',
      );
      expect(code).toBe(1);
    }
  });
});

describe('CLUSTER_NETWORK', () => {
  it('moves every address', () => {
    expect(addresses('10.199.0.0/16')).toMatchObject({
      node: '10.199.0.2',
      pods: '10.199.1.0/24',
      ingress: '10.199.96.80',
    });
  });

  it.each([
    '10.199.0.0',
    '10.199.0.0/24',
    '10.199.7.0/16',
    '300.1.0.0/16',
    '10.256.0.0/16',
    'eth0',
  ])('%s is refused', (network) => {
    expect(() => addresses(network)).toThrow(
      `CLUSTER_NETWORK is "${network}": expected a private network of size /16`,
    );
  });

  it.each([
    ['10.231.0.0/16', '10.231.4.0/24', true],
    ['10.231.4.0/24', '10.231.0.0/16', true],
    ['10.0.0.0/8', '10.231.0.0/16', true],
    ['10.231.0.1', '10.231.0.0/16', true],
    ['10.230.0.0/16', '10.231.0.0/16', false],
    ['0.0.0.0/0', '10.231.0.0/16', true],
    ['192.168.0.0/16', '10.231.0.0/16', false],
  ])('%s and %s share an address: %s', (one, other, shared) => {
    expect(overlap(one, other)).toBe(shared);
  });

  const routes = routesOfThisMachine();
  it.skipIf(routes.length === 0)(
    'is refused where the machine reaches something there',
    async () => {
      const [taken = ''] = routes;
      await expect(checkAddressesAreFree({ ...addresses(), all: taken })).rejects.toThrow(
        `The cluster's addresses ${taken} are taken: this machine reaches ${taken} through `,
      );
    },
  );
});

describe('root', () => {
  const asNobody = `
    import { assertRoot } from ${JSON.stringify(path.resolve(import.meta.dirname, 'local/requirements.ts'))};
    if (process.getuid() === 0) process.setuid(65534);
    try { assertRoot('Or kind.') } catch (error) { console.log(error.message) }`;

  it('is asked for, with what to do without', () => {
    const { stdout } = spawnSync(process.execPath, ['--input-type=module', '--eval', asNobody], {
      encoding: 'utf8',
    });
    expect(stdout).toMatch(/must be root\. Run it with sudo\. Or kind\./);
  });
});

describe('an image archive', () => {
  it('names its images, and is the same for the same files', async () => {
    const program = path.join(folder, 'program');
    writeFileSync(program, '#!/bin/sh\n', { mode: 0o755 });
    const image = {
      names: ['localhost/one:1', 'localhost/two:1'],
      files: { '/bin/program': program },
      links: { '/bin/other': 'program' },
      user: '65532:65532',
    };
    const archives = ['a.tar', 'b.tar'].map((name) => path.join(folder, name));
    for (const archive of archives) await writeArchive(archive, image);
    expect(await imageNames(archives[0] ?? '')).toEqual(image.names);
    const [a, b] = archives.map((archive) => readFileSync(archive));
    expect(a?.equals(b ?? Buffer.alloc(0))).toBe(true);
  });

  it('is refused where it is none', async () => {
    const file = path.join(folder, 'text.tar');
    writeFileSync(file, 'no archive');
    await expect(imageNames(file)).rejects.toThrow(
      `${file}: expected an OCI archive, such as "npm run image -- --archive image.tar" writes, and there is no index.json in it.`,
    );
  });
});

describe('the cache of what is built', () => {
  it('builds once for the same inputs, anew for others, and keeps nothing of a failed build', async () => {
    vi.stubEnv('XDG_CACHE_HOME', folder);
    vi.resetModules();
    const { cached } = await import('./build/cache.ts');
    const build = vi.fn(async (unfinished: string) => writeFileSync(`${unfinished}/file`, 'built'));

    const first = await cached('thing', ['1'], build);
    expect(readFileSync(path.join(first, 'file'), 'utf8')).toBe('built');
    expect(await cached('thing', ['1'], build)).toBe(first);
    expect(build).toHaveBeenCalledTimes(1);
    expect(await cached('thing', ['2'], build)).not.toBe(first);

    const failing = async (unfinished: string) => {
      writeFileSync(`${unfinished}/half`, '');
      throw new Error('no compiler');
    };
    await expect(cached('thing', ['3'], failing)).rejects.toThrow('no compiler');
    const third = await cached('thing', ['3'], build);
    expect(readdirSync(third)).toEqual(['file']);
    expect(existsSync(`${third}.unfinished`)).toBe(false);
    vi.unstubAllEnvs();
  });
});

async function cli(args: readonly string[], env: Readonly<Record<string, string>> = {}) {
  const file = path.join(import.meta.dirname, 'cli.ts');
  const { code, stdout, stderr } = await runNode(file, args, { env: { KUBECONFIG: '', ...env } });
  return { code, output: stdout + stderr };
}

/** Destinations that this machine has routes to. */
function routesOfThisMachine(): string[] {
  try {
    const routes: { dst: string }[] = JSON.parse(
      execFileSync('ip', ['-json', '-4', 'route', 'show', 'table', 'main'], { encoding: 'utf8' }),
    );
    return routes.map(({ dst }) => dst).filter((dst) => dst !== 'default');
  } catch {
    return []; // no Linux, or no iproute2
  }
}
