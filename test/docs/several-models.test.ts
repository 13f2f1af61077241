// docs/several-models.md, as it stands there: its commands and its program, with the models of its picture.
import { cpSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { expect, it, onTestFinished } from 'vitest';
import { keysFile, start } from '../../server/test/start.ts';
import { blockOf } from './blocks.ts';
import { sh } from './sh.ts';

const page = 'docs/several-models.md';
const root = path.resolve(import.meta.dirname, '../..');

it('serves, loads and unloads the models of its picture', async () => {
  const models = mkdtempSync(path.join(tmpdir(), 'models-'));
  onTestFinished(() => rmSync(models, { recursive: true }));
  const picture = [...blockOf(page, 'text').matchAll(/^ {2}(\S+)\/model\.onnx /gm)];
  for (const [, place = ''] of picture)
    cpSync(path.join(root, 'model/v1'), path.join(models, place), { recursive: true });
  expect(picture).toHaveLength(3);

  const command = blockOf(page, 'sh', { text: 'npm start' }).trim();
  expect(command).toMatch(/ npm start$/);
  const settings = command
    .replace('=models', `=${models}`)
    .split(' ')
    .slice(0, -2)
    .map((one) => one.split('='));
  const { url } = await start({
    LOG_LEVEL: 'silent',
    OPERATOR_KEYS_FILE: keysFile(),
    ...Object.fromEntries(settings),
  });

  const program = blockOf(page, 'ts', { text: 'const flowers' }).replaceAll('http://ml.local', url);
  const versions = await sh(`node --input-type=module <<'EOF'
import { createClient } from '@org/ml-sdk';
${program}
for (const { getModel } of [iris, flowers]) {
  const { name, version } = await getModel();
  console.log(name, version);
}
EOF`);
  expect(versions).toBe('iris v1\nflowers 1\n');

  const verified = await sh(
    blockOf(page, 'sh', { text: 'model:verify' })
      .replaceAll('http://localhost:5000', url)
      .replaceAll('$PWD/models', models),
  );
  expect(verified).toContain('ok      local: flowers 1: predictions: 150 rows as expected');
  expect(verified.match(/All checks passed\./g)).toHaveLength(2);
  expect(verified.match(/iris v1: predictions/g)).toHaveLength(1);

  const commands = blockOf(page, 'sh', { text: 'unload' });
  const [loaded, unloaded, index] = (
    await sh(
      `KEY=first-key\n${commands.replaceAll('localhost:5000', url).replaceAll(/( +#.*)?\n/g, ' --silent --fail; echo\n')}`,
    )
  )
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line));
  const states = (list: { version: string; state: string }[]) =>
    list.map(({ version, state }) => `${version} ${state}`);
  expect(states(loaded)).toEqual(['1 READY', '2 READY']);
  expect(states(unloaded)).toEqual(['1 UNAVAILABLE', '2 UNAVAILABLE']);
  expect(states(index)).toEqual(['1 UNAVAILABLE', '2 UNAVAILABLE', 'v1 READY']);
});
