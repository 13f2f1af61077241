// Reads the rows that two servers are compared on: JSON Lines, or CSV with a header.
import { createReadStream } from 'node:fs';
import { access, stat } from 'node:fs/promises';
import path from 'node:path';
import { createInterface } from 'node:readline';
import type { PredictParameters } from '../../client.ts';
import { CliError, UsageError } from '../cli-error.ts';
import { howToInstall } from '../how-to-install.ts';

/** One row: what a server is asked, and the true answer where the file has one. */
export interface Row {
  /** Its line in the file, from 1; a CSV's header is line 1. */
  readonly line: number;
  readonly inputs: PredictParameters['inputs'];
  /** The class's name or number, or the value, that is right. */
  readonly label?: string | number;
}

/**
 * @param label the CSV's column that holds the true answer
 * @param features names in the order that the model takes them, where it names them: a CSV's columns are put in it
 * @throws CliError that names the line which cannot be read
 */
export async function* readRows(
  file: string,
  label: string | undefined,
  features: readonly string[] | undefined,
): AsyncGenerator<Row> {
  await access(file).catch(() => {
    throw new CliError(`--data: ${file} does not exist, or cannot be read.`);
  });
  if ((await stat(file)).isDirectory())
    throw new CliError(`--data: ${file} is a folder; expected a .jsonl, .ndjson or .csv file.`);
  const extension = path.extname(file).toLowerCase();
  if (extension === '.csv') yield* readCsv(file, label, features);
  else if (extension === '.jsonl' || extension === '.ndjson') {
    if (label !== undefined)
      throw new UsageError('--label names a column of a CSV file; in JSON Lines, write "label".');
    yield* readJsonLines(file);
  } else {
    throw new UsageError(`--data: expected a .jsonl, .ndjson or .csv file, got ${file}.`);
  }
}

async function* readJsonLines(file: string): AsyncGenerator<Row> {
  let line = 0;
  for await (const text of createInterface({
    input: createReadStream(file),
    crlfDelay: Infinity,
  })) {
    line++;
    const json = text.trim(); // takes the byte order mark off, too, which programs of Windows write
    if (json !== '') yield { line, ...jsonRow(json, `${file}:${line}`) };
  }
}

function jsonRow(text: string, where: string): Omit<Row, 'line'> {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    throw new CliError(`${where} is not JSON: ${why.replace('(line 1 column', '(column')}.`);
  }
  if (Array.isArray(value)) return { inputs: value };
  if (typeof value === 'object' && value !== null && 'inputs' in value) {
    const { inputs, ...rest } = value;
    const label = 'label' in rest ? rest.label : undefined;
    if (label !== undefined && typeof label !== 'string' && typeof label !== 'number')
      throw new CliError(`${where}: "label" must be a string or a number.`);
    // What else is in it, the servers judge: they know what their models take.
    return { inputs: inputs as Row['inputs'], ...(label !== undefined && { label }) };
  }
  throw new CliError(
    `${where}: expected a row such as [5.1,3.5,1.4,0.2], or {"inputs": …, "label": …}.`,
  );
}

async function* readCsv(
  file: string,
  label: string | undefined,
  features: readonly string[] | undefined,
): AsyncGenerator<Row> {
  const parse = await csvParser();
  const records = createReadStream(file).pipe(
    parse({ bom: true, skip_empty_lines: true, trim: true, info: true }),
  );
  let columns: CsvColumns | undefined;
  try {
    for await (const { record, info } of records) {
      const where = `${file}:${info.lines}`;
      if (columns === undefined) columns = csvColumns(record, label, features, where);
      else yield { line: info.lines, ...csvRow(record, columns, where) };
    }
  } catch (error) {
    if (error instanceof Error && 'code' in error && String(error.code).startsWith('CSV_'))
      throw new CliError(`${file}: ${error.message}.`);
    throw error;
  }
}

interface CsvColumns {
  /** Indices of the inputs, in the order that the model takes them. */
  readonly inputs: readonly number[];
  readonly names: readonly string[];
  /** Index of the true answer; undefined where there is none. */
  readonly label: number | undefined;
}

function csvColumns(
  names: readonly string[],
  label: string | undefined,
  features: readonly string[] | undefined,
  where: string,
): CsvColumns {
  if (label !== undefined && !names.includes(label))
    throw new CliError(`--label: ${where} has no column "${label}", but ${names.join(', ')}.`);
  const labelIndex = label === undefined ? undefined : names.indexOf(label);
  const rest = names.map((_, index) => index).filter((index) => index !== labelIndex);
  const missing = features?.filter((feature) => !names.includes(feature)) ?? [];
  const isNamed = features?.some((feature) => names.some((name) => bare(name) === bare(feature)));
  if (isNamed && missing.length > 0)
    throw new CliError(
      `${where}: there is no column "${missing.join('", "')}", but ${names.join(', ')}. Name all columns as the features are, or none of them to have them taken in the model's order.`,
    );
  const inputs = features && isNamed ? features.map((feature) => names.indexOf(feature)) : rest;
  if (features && inputs.length !== features.length)
    throw new CliError(
      `${where}: the model takes ${features.length} features (${features.join(', ')}), and there are ${rest.length} columns (${rest.map((index) => names[index]).join(', ')}). Name the columns as the features are, and the true answer's by --label.`,
    );
  return { inputs, names, label: labelIndex };
}

/** A name as careless people write it, too. */
function bare(name: string): string {
  return name.toLowerCase().replaceAll(/[^\p{L}\p{N}]/gu, '');
}

function csvRow(record: readonly string[], columns: CsvColumns, where: string): Omit<Row, 'line'> {
  const inputs = columns.inputs.map((index) => {
    const text = record[index] ?? '';
    const number = Number(text);
    if (text === '' || Number.isNaN(number))
      throw new CliError(
        `${where}: column "${columns.names[index]}" is "${text}": expected a number. For other inputs, use JSON Lines.`,
      );
    return number;
  });
  return { inputs, ...(columns.label !== undefined && { label: record[columns.label] ?? '' }) };
}

async function csvParser() {
  try {
    return (await import('csv-parse')).parse;
  } catch {
    throw new CliError(
      `To read CSV, the package csv-parse is needed. ${howToInstall('csv-parse')}`,
    );
  }
}
