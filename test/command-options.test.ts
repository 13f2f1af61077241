// Options of every command: one that is given twice, of which the last would win without a word, and one that there is not.
import { describe, expect, it } from 'vitest';
import { commands as ofSdk } from '../sdk/src/cli/commands.ts';
import { COMMANDS } from '../server/src/commands/table.ts';
import { EXIT } from '../server/src/util/exit-codes.ts';
import { run } from '../server/test/program.ts';

/** Never read: the command line is wrong before. */
const nowhere = new URL('file:///nowhere/');
const context = {
  env: {},
  files: {
    contract: nowhere,
    protos: nowhere,
    manifestSchema: nowhere,
    playground: nowhere,
    defaultModel: nowhere,
  },
  commands: COMMANDS,
  stopped: AbortSignal.abort('SIGTERM'), // so that serve ends, should it start
};

const ofServer = await Promise.all(
  Object.entries(COMMANDS).map(async ([name, { load }]) => {
    const { options, run } = await load();
    return { name, options, run: (args: readonly string[]) => run(args, { ...context, name }) };
  }),
);
const all = [
  ...ofServer,
  ...Object.entries(ofSdk).map(([name, { options, run }]) => ({ name, options, run })),
];

describe.each(all.filter(({ options }) => Object.keys(options).length > 0))(
  '$name',
  ({ options, run }) => {
    const once = Object.entries(options).filter(([, { multiple }]) => multiple !== true);

    it.each(once)('takes --%s once', async (name, { type }) => {
      const [first, second] =
        type === 'boolean' ? [`--${name}`, `--${name}`] : [`--${name}=1`, `--${name}=2`];
      await expect(async () => await run([first, second])).rejects.toMatchObject({
        exitCode: EXIT.usage,
        message: expect.stringContaining(`--${name} is given more than once; expected it once.`),
      });
    });

    it('names its options for one that it does not know', async () => {
      const known = Object.keys(options).map((name) => `--${name}`);
      await expect(async () => await run(['--no-such'])).rejects.toMatchObject({
        exitCode: EXIT.usage,
        message: expect.stringContaining(
          `Unknown option '--no-such'. Options: ${known.join(', ')}.`,
        ),
      });
    });
  },
);

it('an option that may be repeated is not refused, and the program ends with 2 for one that may not', async () => {
  const { code, stderr } = await run([
    ...['verify', '--target', 'a=http://a', '--target', 'b=http://b'],
    ...['--golden', 'a.json', '--golden', 'b.json'],
  ]);
  expect(stderr).toMatch(
    /^--golden is given more than once; expected it once\. Run ml-api verify --help to see how it is used\.\n$/,
  );
  expect(code).toBe(EXIT.usage);
});
