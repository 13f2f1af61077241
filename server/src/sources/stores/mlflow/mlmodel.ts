// MLmodel, the file in which MLflow says what a model is, and what of it belongs into model.json.
// https://mlflow.org/docs/latest/ml/model/#mlmodel-file
import { parse } from 'yaml';
import { CommandError } from '../../../util/command-error.ts';
import { isRecord } from '../../../util/is-record.ts';
import { parsedJson } from '../../../util/parsed-json.ts';
import { identifier } from '../identifier.ts';

export interface MlModel {
  /** The ONNX file, relative to MLmodel; undefined for a model without the ONNX flavour. */
  readonly onnx: string | undefined;
  readonly flavors: readonly string[];
  /** The names of the columns of a row: of a model that takes a table of numbers. */
  readonly columns: readonly string[] | undefined;
  readonly inputExample: string | undefined;
  readonly createdAt: string | undefined;
}

const NUMBERS = new Set(['integer', 'long', 'float', 'double', 'boolean']);

/** @param name of the file, at the start of a sentence */
export function parseMlModel(text: string, name: string): MlModel {
  let value: unknown;
  try {
    value = parse(text);
  } catch {
    value = undefined;
  }
  if (!isRecord(value) || !isRecord(value['flavors']))
    throw new CommandError(`${name} is not the YAML that MLflow writes: it has no "flavors".`);
  const { flavors } = value;
  const onnx = isRecord(flavors['onnx']) ? flavors['onnx']['data'] : undefined;
  const example = value['saved_input_example_info'];
  return {
    onnx: typeof onnx === 'string' ? onnx : undefined,
    flavors: Object.keys(flavors),
    columns: columnsOf(value['signature']),
    inputExample:
      isRecord(example) && typeof example['artifact_path'] === 'string'
        ? example['artifact_path']
        : undefined,
    createdAt: isoTime(value['utc_time_created']),
  };
}

export interface Registered {
  readonly name: string;
  readonly version: string;
}

/**
 * What MLflow says of a model, by the fields of model.json.
 * @param inputExample what input_example.json holds
 */
export function defaultsOf(
  { name, version }: Registered,
  model: MlModel,
  inputExample: unknown,
): Record<string, unknown> {
  const row = rowOf(inputExample);
  return {
    name: identifier(name),
    version: identifier(version),
    ...(model.columns && {
      features: model.columns.map((column) => {
        const example = row.get(column);
        return { name: column, ...(Number.isFinite(example) && { example }) };
      }),
    }),
    ...(model.createdAt && { trainedAt: model.createdAt }),
  };
}

/**
 * The columns, where all are numbers and none may be missing: ONNX models of such tables take a row of them as one input. Of columns of
 * several kinds, each is an input of its own, and of tensors MLflow knows no names.
 */
function columnsOf(signature: unknown): string[] | undefined {
  const inputs = isRecord(signature) ? signature['inputs'] : undefined;
  const columns = typeof inputs === 'string' ? parsedJson(inputs) : undefined;
  if (!Array.isArray(columns) || columns.length === 0) return undefined;
  const kinds = new Set(columns.map((column) => isRecord(column) && column['type']));
  const names = columns.map((column) => isRecord(column) && column['name']);
  const [kind] = kinds;
  if (kinds.size !== 1 || typeof kind !== 'string' || !NUMBERS.has(kind)) return undefined;
  return names.every((name) => typeof name === 'string' && name !== '')
    ? (names as string[])
    : undefined;
}

/** The first row of a table in pandas' "split" form. */
function rowOf(example: unknown): Map<string, number> {
  const row = new Map<string, number>();
  if (!isRecord(example)) return row;
  const { columns, data } = example;
  if (!Array.isArray(columns) || !Array.isArray(data) || !Array.isArray(data[0])) return row;
  for (const [i, column] of columns.entries()) {
    const value = data[0][i];
    if (typeof value === 'number') row.set(String(column), value);
  }
  return row;
}

/** MLflow writes `2026-11-29 04:36:18.888294`. */
function isoTime(time: unknown): string | undefined {
  const [, day, clock] =
    /^(\d{4}-\d{2}-\d{2})[ T](\d{2}:\d{2}:\d{2})/.exec(typeof time === 'string' ? time : '') ?? [];
  return day === undefined ? undefined : `${day}T${clock}Z`;
}
