// `ml-api init`: what it makes works, by the commands of its own README; what is there stays; what fails leaves nothing.
import {
  chmodSync,
  cpSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  realpathSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import path from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { parse } from 'yaml';
import { folder, model as irisModel, serveFile } from '../server/test/file-server.ts';
import { collect, exitOf, launch, main } from '../server/test/program.ts';
import { testModel } from '../server/test/start.ts';
import { render } from './chart/chart.ts';
import { validate } from './chart/validate.ts';
import { blockOf } from './docs/blocks.ts';
import { type Outcome, runBash, runNode } from './run-program.ts';
import { root } from './sdk/user-project.ts';

const init = (cwd: string, ...args: string[]): Promise<Outcome> =>
  runNode(main, ['init', ...args], { cwd });

/** The commands below a heading of a project's README. */
function commandsOf(project: string, heading: string): string[] {
  const readme = readFileSync(path.join(project, 'README.md'), 'utf8');
  const [, section = ''] = readme.split(`## ${heading}\n`);
  return [...(section.split('\n## ')[0]?.matchAll(/^```sh\n([\s\S]*?)\n```$/gm) ?? [])].flatMap(
    ([, block = '']) => block.split('\n'),
  );
}

/** Serves a project as its README says, and runs the commands for another terminal. */
async function tryOut(project: string): Promise<Outcome[]> {
  const [serve = '', ...others] = commandsOf(project, 'On this machine');
  const [, args = ''] = /^npx @org\/ml-api (serve model) /.exec(serve) ?? [];
  const child = launchIn(project, args.split(' '));
  const err = collect(child.stderr);
  await expect.poll(() => err.text).toContain('Stop with Ctrl-C');
  const [, port] = /served at http:\/\/localhost:(\d+)/.exec(err.text) ?? [];
  const outcomes: Outcome[] = [];
  for (const command of others)
    outcomes.push(
      await runBash(
        command
          .replaceAll('npx @org/ml-api', `${process.execPath} ${main}`)
          .replaceAll('localhost:5000', `127.0.0.1:${port}`),
        { cwd: project },
      ),
    );
  child.kill('SIGTERM');
  await exitOf(child);
  return outcomes;
}

function launchIn(project: string, args: readonly string[]) {
  const [command = '', model = ''] = args;
  return launch([command, path.join(project, model), '--try']);
}

/** What Kubernetes gets of a project's values. */
function rendered(project: string): string {
  const manifests = path.join(folder(), 'manifests.yaml');
  writeFileSync(manifests, render('--values', path.join(project, 'values.yaml')));
  expect(validate('1.37', manifests)).toMatchObject({ status: 0 });
  return readFileSync(manifests, 'utf8');
}

describe('makes a project that works', () => {
  it('of the iris model, where nothing is named', async () => {
    const project = path.join(folder(), 'a/new/flowers');
    const { code, stdout, stderr } = await init(folder(), project);
    expect([code, stderr]).toEqual([0, '']);
    expect(stdout).toContain(`\n  node ${main} serve ${path.join(project, 'model')}\n`);
    expect(readdirSync(project).sort()).toEqual([
      'Dockerfile',
      'README.md',
      'model',
      'values.yaml',
    ]);
    const [predicted, verified, ...more] = await tryOut(project);
    expect(predicted).toMatchObject({ code: 0, stdout: '{"prediction":[0]}' });
    expect(verified?.stdout).toContain('All checks passed.');
    expect(more).toEqual([]);
    const [, place] =
      /^COPY model (\S+)$/m.exec(readFileSync(path.join(project, 'Dockerfile'), 'utf8')) ?? [];
    expect(place).toBe('/models/flowers');
    expect(rendered(project)).toContain(`--golden=${place}/golden.json`);
    const [build = ''] = commandsOf(project, 'On Kubernetes');
    const { image } = parse(readFileSync(path.join(project, 'values.yaml'), 'utf8')).versions.v1;
    expect(build).toContain(`docker push ${image.repository}:${image.tag}`);
  });

  it.each([
    'line',
    'two-inputs',
    'scores',
    'one-row',
    'every-datatype',
    'text',
    'state-and-scalar',
    'two-points',
  ])('of a model file alone: %s', async (name) => {
    const parent = folder();
    const file = path.join(parent, 'export.onnx');
    cpSync(path.join(testModel(name), 'model.onnx'), file);
    const { code, stderr } = await init(parent, name, '--model', file);
    expect([code, stderr]).toEqual([0, '']);
    const project = path.join(parent, name);
    expect(parse(readFileSync(path.join(project, 'model/model.json'), 'utf8')).name).toBe(name);
    const outcomes = await tryOut(project);
    expect(outcomes).toHaveLength(2); // a prediction, and all golden ones
    for (const { code, stdout, stderr } of outcomes)
      expect([code, stdout + stderr]).toEqual([0, expect.not.stringContaining('problem')]);
  });

  it('of a model file, and says what lies beside it and is not taken', async () => {
    const parent = folder();
    for (const name of ['model.onnx', 'model.json', 'golden.json'])
      cpSync(path.join(root, 'model/v1', name), path.join(parent, name));
    const { code, stdout } = await init(parent, 'mine', '--model', path.join(parent, 'model.onnx'));
    expect(code).toBe(0);
    expect(stdout).toMatch(
      /^model\.json and golden\.json beside the file are not taken\. To take them, name their directory with --model\.$/m,
    );
  });

  it('of a URI, from which pods fetch it', async () => {
    const { url } = await serveFile((_req, res) => res.end(irisModel));
    const project = path.join(folder(), 'web');
    const { code, stderr } = await init(folder(), project, '--model', `${url}/iris.onnx`);
    expect([code, stderr]).toEqual([0, '']);
    expect(existsSync(path.join(project, 'Dockerfile'))).toBe(false);
    expect(rendered(project)).toContain(`${url}/iris.onnx`);
    expect((await tryOut(project)).map((outcome) => outcome.code)).toEqual([0, 0]);
  });

  it('of what a signature in an address opens, by an image: values hold no secret', async () => {
    const { url } = await serveFile((_req, res) => res.end(irisModel));
    const project = path.join(folder(), 'signed');
    await init(folder(), project, '--model', `${url}/iris.onnx?signature=secret`);
    for (const name of readdirSync(project, { recursive: true, encoding: 'utf8' }))
      if (/\.(json|md|yaml)$|Dockerfile/.test(name))
        expect([name, readFileSync(path.join(project, name), 'utf8')]).toEqual([
          name,
          expect.not.stringContaining('secret'),
        ]);
    expect(existsSync(path.join(project, 'Dockerfile'))).toBe(true);
  });

  it('of an address with a space, which no values take, by an image', async () => {
    const { url } = await serveFile((_req, res) => res.end(irisModel));
    const project = path.join(folder(), 'spaced');
    const { code, stderr } = await init(folder(), project, '--model', `${url}/my iris.onnx`);
    expect([code, stderr]).toEqual([0, '']);
    expect(rendered(project)).toContain('/models/spaced');
  });

  it('in a folder that has other files, through a link, and beside its own model', async () => {
    const real = path.join(folder(), 'real');
    mkdirSync(real);
    cpSync(path.join(testModel('line'), 'model.onnx'), path.join(real, 'model.onnx'));
    const link = path.join(folder(), 'link');
    symlinkSync(real, link);
    const { code, stderr } = await init(link, '--model', '.');
    expect([code, stderr]).toEqual([0, '']);
    expect(readdirSync(real).sort()).toEqual([
      'Dockerfile',
      'README.md',
      'model',
      'model.onnx',
      'values.yaml',
    ]);
  });

  it("keeps what the model has: its golden predictions, which are the trainer's", async () => {
    const project = path.join(folder(), 'kept');
    await init(folder(), project, '--model', path.join(root, 'model/v2'));
    for (const name of ['model.json', 'golden.json', 'model.onnx'])
      expect(readFileSync(path.join(project, 'model', name))).toEqual(
        readFileSync(path.join(root, 'model/v2', name)),
      );
    expect(readFileSync(path.join(project, 'README.md'), 'utf8')).not.toContain('made-up');
  });

  it('refuses golden predictions that the model does not give, and leaves nothing', async () => {
    const place = folder();
    cpSync(path.join(root, 'model/v2'), place, { recursive: true });
    const file = path.join(place, 'golden.json');
    const golden = JSON.parse(readFileSync(file, 'utf8'));
    golden.prediction[0] = 2 - golden.prediction[0];
    writeFileSync(file, JSON.stringify(golden));
    const project = path.join(folder(), 'stale');
    const { code, stderr } = await init(folder(), project, '--model', place);
    expect(stderr).toMatch(
      /golden\.json: 1 of \d+ rows differ; the first: row 0, prediction: expected \d, got \d\. Export the model and its golden predictions together\. Nothing was changed\.\n$/,
    );
    expect([code, existsSync(project)]).toEqual([3, false]);
  });

  it('says why a model has no golden predictions, and is served without', async () => {
    const project = path.join(folder(), 'nan');
    const { code, stdout } = await init(
      folder(),
      project,
      '--model',
      path.join(testModel('not-a-number'), 'model.onnx'),
    );
    expect(code).toBe(0);
    expect(stdout).toContain('model/golden.json could not be made: ');
    const [asked] = await tryOut(project);
    expect(JSON.parse(asked?.stdout ?? '')).toMatchObject({ name: 'nan' });
  });
});

it('server/README.md makes a project, and serves it from there', async () => {
  const parent = folder();
  cpSync(path.join(testModel('line'), 'model.onnx'), path.join(parent, 'export.onnx'));
  const [make, enter, serve] = blockOf('server/README.md', 'sh', { text: ' init ' }).split('\n');
  const script = `${make}\n${enter}\ntest -f model/model.onnx && pwd -P`;
  const command = script.replace('npx @org/ml-api', `${process.execPath} ${main}`);
  const { code, stdout } = await runBash(`set -e\n${command}`, { cwd: parent });
  expect([code, stdout.trim().split('\n').at(-1)]).toEqual([0, path.join(parent, 'my-model')]);
  expect(serve).toBe('npx @org/ml-api serve model');
});

describe('overwrites nothing', () => {
  it.each(['README.md', 'values.yaml', 'Dockerfile', 'model'])('%s', async (name) => {
    const project = folder();
    writeFileSync(path.join(project, name), 'mine');
    const { code, stdout, stderr } = await init(project);
    expect([code, stdout]).toEqual([3, '']);
    expect(stderr).toContain(`has ${name} already, and nothing was changed. Choose another folder`);
    expect(readFileSync(path.join(project, name), 'utf8')).toBe('mine');
    expect(readdirSync(project)).toEqual([name]);
  });

  it('twice at once: one of them makes it', async () => {
    const project = path.join(folder(), 'both');
    const both = await Promise.all([init(folder(), project), init(folder(), project)]);
    expect(both.map(({ code }) => code).sort()).toEqual([0, 3]);
    expect(readdirSync(project).sort()).toEqual([
      'Dockerfile',
      'README.md',
      'model',
      'values.yaml',
    ]);
    expect((await tryOut(project)).map(({ code }) => code)).toEqual([0, 0]);
  });
});

describe('leaves nothing behind', () => {
  it.each([
    [
      'a model that is none',
      (at: string) => writeFileSync(path.join(at, 'bad.onnx'), 'hello'),
      'bad.onnx',
      /^model\.onnx of bad\.onnx is text; expected an ONNX file, .* Nothing was changed\. /m,
    ],
    [
      'a model that is not there',
      () => {},
      'nowhere.onnx',
      /There is no file or folder .*nowhere\.onnx/,
    ],
    ['a URI of no store', () => {}, 'ftp://host/model.onnx', /There is no store for "ftp:"/],
    [
      'a model that nothing can be derived from',
      (at: string) =>
        cpSync(path.join(testModel('sequence'), 'model.onnx'), path.join(at, 'sequence.onnx')),
      'sequence.onnx',
      /has no tensor output/,
    ],
  ])('%s', async (_what, prepare, model, message) => {
    const parent = folder();
    prepare(parent);
    const before = readdirSync(parent);
    const { code, stdout, stderr } = await init(parent, 'deep/project', '--model', model);
    expect([code, stdout]).toEqual([model.startsWith('ftp:') ? 2 : 3, '']);
    expect(stderr).toMatch(message);
    expect(stderr).not.toMatch(/\.ml-api-init-|^ +at /m);
    expect(readdirSync(parent)).toEqual(before);
  });

  it('a signal while the model comes', async () => {
    const parent = folder();
    const { url, calls } = await serveFile(() => {}); // never answers
    const child = launch(['init', path.join(parent, 'slow'), '--model', `${url}/iris.onnx`]);
    await expect.poll(calls).toBe(1);
    child.kill('SIGTERM');
    expect(await exitOf(child)).toBe(143);
    expect(readdirSync(parent)).toEqual([]);
  });

  it.runIf(process.getuid?.() !== 0)('a folder that cannot be written', async () => {
    const parent = folder();
    chmodSync(parent, 0o500);
    onTestFinished(() => chmodSync(parent, 0o700));
    const { code, stderr } = await init(folder(), path.join(parent, 'project'));
    expect([code, stderr]).toEqual([3, expect.stringContaining('cannot be made')]);
  });
});

it.each([
  ['a file', [main], /main\.ts is not a folder; expected a new folder/],
  ['no name', [''], /FOLDER is empty/],
  ['the root', ['/'], /is called ""; expected a name with a letter/],
  ['signs alone', ['...'], /is called "\.\.\."; expected a name with a letter/],
  ['control characters', ['a\u001b[2Jb'], /has control characters in its path/],
  ['several lines', ['a\nb'], /has control characters in its path/],
  ['more than a file system takes', ['a'.repeat(300)], /cannot be made: ENAMETOOLONG/],
  ['below a file', [path.join(main, 'project')], /cannot be made: ENOTDIR/],
  ['two folders', ['a', 'b'], /Unexpected argument 'b'/],
  ['an empty model', ['a', '--model', ''], /The URI of the model is empty/],
])('refuses %s', async (what, args, message) => {
  const cwd = folder();
  const { code, stdout, stderr } = await init(cwd, ...args);
  expect([code, stdout]).toEqual([/file/.test(what) ? 3 : 2, '']);
  expect(stderr).toMatch(message);
  expect(stderr).not.toMatch(/^ +at |\p{Cc}(?<!\n)/mu);
  expect(readdirSync(cwd)).toEqual([]);
});

it('says where the files are whose folder is a link', async () => {
  const cwd = folder();
  mkdirSync(path.join(cwd, 'real'));
  symlinkSync('real', path.join(cwd, 'link'));
  const { code, stdout } = await init(cwd, 'link');
  expect(code).toBe(0);
  const [link, real] = [path.join(cwd, 'link'), realpathSync(path.join(cwd, 'real'))];
  expect(stdout).toContain(`Created in ${link}, a link to ${real}: model, `);
  expect(readdirSync(real)).toContain('model');
});

it.each([
  ['nothing', 'nothing'],
  ['itself', 'link'],
])('refuses a link to %s, and leaves it', async (_what, target) => {
  const cwd = folder();
  symlinkSync(target, path.join(cwd, 'link'));
  const { code, stdout, stderr } = await init(cwd, 'link');
  expect([code, stdout]).toEqual([3, '']);
  expect(stderr).toMatch(/link is a link that leads nowhere; expected a new folder/);
  expect(readdirSync(cwd)).toEqual(['link']);
});

it.each([
  ["it's ünïcode & more", 'it-s-n-code-more'],
  ['2024', 'model-2024'],
  [`${'a'.repeat(39)}-.-b`, 'a'.repeat(39)],
  ['Iris_V1.2', 'iris-v1-2'],
])('a folder called %j becomes the release %s', async (name, release) => {
  const parent = folder();
  expect(await init(parent, name)).toMatchObject({ code: 0, stderr: '' });
  const commands = commandsOf(path.join(parent, name), 'On Kubernetes');
  expect(commands.at(-1)).toBe(`helm test ${release}`);
  rendered(path.join(parent, name));
});
