// The command `inspect`: what it tells of a file, that its model.json works, and what it refuses.
import { copyFileSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { run } from './program.ts';
import { start, testModel } from './start.ts';

const iris = new URL('../../model/v1/model.onnx', import.meta.url).pathname;
const modelFile = (name: string) => path.join(testModel(name), 'model.onnx');

it('tells the signature, the contract and a model.json', async () => {
  const { code, stdout, stderr } = await run(['inspect', iris]);
  expect([code, stderr]).toEqual([0, '']);
  expect(stdout).toContain(`${iris} can be served.

inputs
  inputs  float32 [batch, 4]
outputs
  label  int64 [batch]
  probabilities  float32 [batch, 3]

rows  a request holds a row, or a batch of rows
task  classification: "prediction" comes from the output "label"

contract, in the body of POST /predict
  /inputs  one row of 4 numbers, or a batch of 1 to 1024 rows
`);
});

it('tells of each of several inputs', async () => {
  const { stdout } = await run(['inspect', modelFile('two-inputs')]);
  expect(stdout).toContain('  /inputs/ids  one row of 1 or more (sequence) ');
  expect(stdout).toContain('  /inputs/mask  one row of 1 or more (sequence) ');
});

it.each(['two-inputs', 'state-and-scalar', 'scores', 'one-image', 'every-datatype'])(
  'suggests a model.json that serves: %s',
  async (name) => {
    const { stdout } = await run(['inspect', modelFile(name), '--json']);
    const { manifest, inputs, task } = JSON.parse(stdout);
    const folder = folderWith(modelFile(name), manifest);
    const { http } = await start({ MODEL_DIR: folder, LOG_LEVEL: 'silent' });
    const { body } = await http.get('/model');
    expect(body).toMatchObject({ name, version: 'v1', task, inputs });
  },
);

it.each([
  ['a'.repeat(100), 'a'.repeat(63)],
  [`${'a'.repeat(62)}..b`, 'a'.repeat(62)],
  ['_größe 1', 'gr-e-1'],
])('suggests a name that model.json takes: %s', async (file, name) => {
  const copy = path.join(folderWith(iris, {}), `${file}.onnx`);
  copyFileSync(iris, copy);
  const { stdout } = await run(['inspect', copy, '--json']);
  const { manifest } = JSON.parse(stdout);
  expect(manifest.name).toBe(name);
  const { http } = await start({ MODEL_DIR: folderWith(iris, manifest), LOG_LEVEL: 'silent' });
  expect((await http.get('/model')).body.name).toBe(name);
});

it('suggests names for features and classes, to be replaced', async () => {
  const { stdout } = await run(['inspect', iris, '--json']);
  expect(JSON.parse(stdout).manifest).toEqual({
    name: 'v1',
    version: 'v1',
    task: 'classification',
    features: [0, 1, 2, 3].map((i) => ({ name: `feature ${i}` })),
    labels: ['class 0', 'class 1', 'class 2'],
    prediction: 'label',
    probabilities: 'probabilities',
  });
});

describe('refuses with advice', () => {
  it.each([
    ['nothing but a sequence', ['sequence'], /has no tensor output\. Export it without ZipMap/],
    [
      'a sequence beside a tensor',
      ['sequence-and-tensor'],
      /gives the output "list", which is a sequence or a map and would be missing from every response\. Export it without ZipMap \(skl2onnx: options=\{"zipmap": False\}/,
    ],
  ])('%s', async (_what, [name = ''], message) => {
    const { code, stdout, stderr } = await run(['inspect', modelFile(name)]);
    expect([code, stdout]).toEqual([3, '']);
    expect(stderr).toMatch(message);
  });

  it.each([
    [
      [],
      2,
      'inspect: expected one ONNX file, such as model.onnx, got none. Run ml-api inspect --help',
    ],
    [['a.onnx', 'b.onnx'], 2, "inspect: Unexpected argument 'b.onnx'"],
    [['--jsn'], 2, "inspect: Unknown option '--jsn'. Options: --json."],
    [[testModel('line')], 3, 'line is a directory; expected an ONNX file, such as'],
    [['/nowhere.onnx'], 3, 'There is no file /nowhere.onnx.'],
    [['/dev/null'], 3, '/dev/null cannot be loaded as an ONNX model: it is not a file.'],
  ])('the arguments %j', async (args, expected, message) => {
    const { code, stderr } = await run(['inspect', ...args]);
    expect(code).toBe(expected);
    expect(stderr).toContain(message);
  });
});

function folderWith(model: string, manifest: object): string {
  const folder = mkdtempSync(path.join(tmpdir(), 'inspected-'));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  copyFileSync(model, path.join(folder, 'model.onnx'));
  writeFileSync(path.join(folder, 'model.json'), JSON.stringify(manifest));
  return folder;
}
