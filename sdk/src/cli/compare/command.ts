// `ml-sdk compare`: its options, and its exit status for pipelines.
import { apiKeyIn } from '../api-key-file.ts';
import { type Options, optionLines, readOptions, wrongUsage } from '../arguments.ts';
import { UsageError } from '../cli-error.ts';
import type { Command } from '../command.ts';
import { EXIT } from '../exit-codes.ts';
import { PROGRAM } from '../program.ts';
import { compare } from './compare.ts';
import { report } from './report.ts';

const options = {
  champion: {
    type: 'string',
    value: 'URL',
    desc: 'The server in use, such as http://ml.local/v1',
  },
  challenger: {
    type: 'string',
    value: 'URL',
    desc: 'The one that may replace it, such as http://ml.local/v2',
  },
  data: {
    type: 'string',
    value: 'FILE',
    desc: '.jsonl or .ndjson: on each line, a row such as [5.1,3.5,1.4,0.2], or {"inputs": …, "label": …};\n.csv: a header with the features\' names, and numbers (needs the package csv-parse)',
  },
  label: { type: 'string', value: 'COLUMN', desc: 'The CSV column with the true labels' },
  tolerance: {
    type: 'string',
    default: '0.00001',
    value: 'N',
    desc: 'Largest difference of numbers that count as equal, relative above 1. Default: 0.00001',
  },
  concurrency: {
    type: 'string',
    default: '4',
    value: 'N',
    desc: 'Rows in flight at once. Default: 4',
  },
  'api-key-file': {
    type: 'string',
    value: 'FILE',
    desc: 'File whose first line is the API key to send',
  },
  'min-agreement': {
    type: 'string',
    default: '0',
    value: 'N',
    desc: `Exit with status ${EXIT.no} unless this share of all rows agrees, such as 0.95`,
  },
  json: { type: 'boolean', default: false, desc: 'Print the whole comparison as JSON' },
} as const satisfies Options;

const usage = `Usage: ${PROGRAM} compare --champion URL --challenger URL --data FILE [options]

  Sends the same rows to two servers, and reports how often and where they differ, before users see it.

${optionLines(options)}`;

export const compareCommand: Command = {
  usage,
  options,
  async run(args) {
    const values = readOptions('compare', args, options);
    const required = (name: 'champion' | 'challenger' | 'data'): string => {
      const value = values[name];
      if (value === undefined)
        throw wrongUsage('compare', `--${name} ${options[name].value} is missing.`);
      return value;
    };
    const minAgreement = number('--min-agreement', values['min-agreement'], 0, 1);
    const comparison = await compare({
      champion: required('champion'),
      challenger: required('challenger'),
      data: required('data'),
      label: values.label,
      tolerance: number('--tolerance', values.tolerance, 0, Number.MAX_VALUE),
      concurrency: Math.floor(number('--concurrency', values.concurrency, 1, 256)),
      apiKey: await apiKeyIn(values['api-key-file']),
    });
    process.stdout.write(
      values.json ? `${JSON.stringify(comparison, null, 2)}\n` : report(comparison),
    );
    const { rows, agreement } = comparison;
    if (agreement.of === 0) {
      process.stderr.write(`Neither server answered any of ${rows} rows: nothing was compared.\n`);
      return EXIT.failed;
    }
    // What neither answered was not compared: it must not let a challenger pass.
    if (agreement.count / rows >= minAgreement) return EXIT.done;
    process.stderr.write(
      `${agreement.count} of ${rows} rows agree, fewer than --min-agreement ${minAgreement} asks for: the challenger must not take the champion's place.\n`,
    );
    return EXIT.no;
  },
};

function number(option: string, text: string, least: number, most: number): number {
  const value = Number(text);
  if (text.trim() === '' || !(value >= least && value <= most)) {
    const range = most === Number.MAX_VALUE ? `from ${least}` : `from ${least} to ${most}`;
    throw new UsageError(`${option}: expected a number ${range}, got "${text}".`);
  }
  return value;
}
