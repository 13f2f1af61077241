// `npm run test:cluster`: the home-built cluster comes up from every state that an earlier run can leave, and goes
// without a trace. It needs root, and that no such cluster is up.
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { text } from 'node:stream/consumers';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { build } from './build/images.ts';
import { ClusterError } from './cluster-error.ts';
import { local } from './local/local.ts';
import { cgroup, hostInterface, paths } from './local/settings.ts';

const half = 'API server ready'; // a line of progress in the middle of `up`

describe('the home-built cluster', () => {
  let before: Traces;

  beforeAll(async () => {
    if (local.exists()) {
      throw new ClusterError('A cluster is up. Remove it first: npm run cluster -- down');
    }
    await build(); // so that interruptions fall into the start, not into a compiler
    before = traces();
  }, 3_600_000);

  afterAll(async () => {
    await cli('down').ended;
  });

  it('is not there at first, and down has nothing to do', async () => {
    expect(await cli('status').ended).toMatchObject({
      code: 1,
      output: expect.stringContaining('No cluster is up. Run: npm run cluster -- up'),
    });
    expect(await cli('down').ended).toMatchObject({ code: 0 });
  });

  it('leaves nothing of an up that Ctrl-C ends', async () => {
    const up = cli('up');
    await up.says(half);
    up.child.kill('SIGINT');
    const { code, output } = await up.ended;
    expect(output).toContain('SIGINT: stopping, and removing what was begun');
    expect(code).toBe(130);
    expect(traces()).toEqual(before);
  });

  it('is told to be half-started after an up that was killed, and down removes that, twice', async () => {
    await killHalfway();
    expect(await cli('status').ended).toMatchObject({
      code: 1,
      output: expect.stringContaining('The cluster is half-started. Run: npm run cluster -- up'),
    });
    expect(await cli('down').ended).toMatchObject({ code: 0 });
    expect(traces()).toEqual(before);
    expect(await cli('down').ended).toMatchObject({ code: 0 });
  });

  it('comes up over what a killed up has left, one up at a time', async () => {
    await killHalfway();
    const up = cli('up');
    await up.says(half);
    expect(await cli('down').ended).toMatchObject({
      code: 1,
      output: expect.stringMatching(/`up` of process \d+ is at work on the cluster\. Wait for it/),
    });
    const { code, output } = await up.ended;
    expect(output).toContain('removing what an earlier run has left');
    expect(code, output).toBe(0);
    expect((await cli('kubectl', 'get', 'nodes').ended).output).toMatch(/node +Ready/);
  });

  it('is left as it is by another up', async () => {
    const { code, output } = await cli('up').ended;
    expect(output).toContain('is up already');
    expect(code).toBe(0);
  });

  it('comes up anew where one of its processes has died', async () => {
    process.kill(processOf('kube-apiserver'), 'SIGKILL');
    expect((await cli('status').ended).output).toContain('The cluster has broken down. Run: ');
    const { code, output } = await cli('up').ended;
    expect(output).toContain('removing what an earlier run has left');
    expect(code, output).toBe(0);
  });

  it('leaves no process, mount, link, route, cgroup, sysctl or rule behind', async () => {
    expect(await cli('down').ended).toMatchObject({ code: 0 });
    expect(traces()).toEqual(before);
    expect(existsSync(paths.state)).toBe(false);
  });
});

/** Starts `up`, and ends it by SIGKILL in the middle. */
async function killHalfway(): Promise<void> {
  const up = cli('up');
  await up.says(half);
  up.child.kill('SIGKILL');
  await up.ended;
}

type Command = {
  readonly child: ChildProcess;
  readonly ended: Promise<{ code: number | null; output: string }>;
  /** Resolves with the first output that contains this. */
  says(line: string): Promise<void>;
};

function cli(...args: string[]): Command {
  const { KUBECONFIG: _, ...env } = process.env;
  const file = path.join(import.meta.dirname, 'cli.ts');
  const child = spawn(process.execPath, [file, ...args], {
    env,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const output = Promise.all([text(child.stdout), text(child.stderr)]);
  const ended = once(child, 'exit').then(async ([code]) => ({
    code,
    output: (await output).join(''),
  }));
  return {
    child,
    ended,
    says: (line) =>
      new Promise((resolve, reject) => {
        child.stderr.on('data', (chunk) => String(chunk).includes(line) && resolve());
        ended.then(({ output }) => reject(new Error(`ended without "${line}": ${output}`)));
      }),
  };
}

/** What a cluster could leave on the machine. */
type Traces = Readonly<Record<string, unknown>>;

function traces(): Traces {
  const show = (command: string, ...args: string[]) =>
    spawnSync(command, args, { encoding: 'utf8' }).stdout;
  const sysctls = [
    'vm/overcommit_memory',
    'vm/panic_on_oom',
    'kernel/panic',
    'kernel/panic_on_oops',
  ];
  return {
    processes: processes().filter(({ command }) => command.includes(paths.state)),
    mounts: readFileSync('/proc/self/mounts', 'utf8').match(/^\S+ \/var\/lib\/ml-api-cluster.*$/gm),
    links: show('ip', '-brief', 'link').includes(hostInterface),
    routes: show('ip', 'route'),
    cgroups: show('find', '/sys/fs/cgroup', '-maxdepth', '3', '-name', cgroup),
    sysctls: sysctls.map((name) => readFileSync(`/proc/sys/${name}`, 'utf8')),
    rules: show('nft', '--stateless', 'list', 'ruleset') ?? '', // nftables comes with the first `up`: before, there are no rules
  };
}

function processOf(name: string): number {
  const program = path.join(paths.binaries, name);
  const found = processes().find(({ command }) => command.split('\0')[0] === program);
  if (found === undefined) throw new Error(`no process of ${program}`);
  return found.id;
}

function processes(): { id: number; command: string }[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .flatMap((id) => {
      try {
        return [{ id: Number(id), command: readFileSync(`/proc/${id}/cmdline`, 'utf8') }];
      } catch {
        return []; // has ended
      }
    });
}
