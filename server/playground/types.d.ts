// Types of the playground's scripts, which are served as they are written: this file is not served.

interface Feature {
  name: string;
  min?: number;
  max?: number;
  unit?: string;
}

interface TensorSpec {
  name: string;
  datatype: string;
  shape: (number | string)[];
}

interface Model {
  name: string;
  version: string;
  task: 'classification' | 'regression' | 'tensor';
  description?: string;
  features?: Feature[];
  labels?: string[];
  inputs: TensorSpec[];
  outputs: TensorSpec[];
  limits: { maxBodyBytes: number };
}

/** What a request may hold, inputs that are valid, and whether it needs an API key. */
interface RequestForm {
  fields: string[];
  example: unknown;
  /** Rows of a batch; 0 where the model takes none. */
  maxRows: number;
  /** Whether the example has sizes that the model leaves free, and may fail at. */
  isGuess: boolean;
  needsKey: boolean;
}

interface Prediction {
  prediction: unknown[];
  labels?: string[];
  probabilities?: number[][];
  outputs?: Record<string, unknown>;
}

interface Version {
  at: URL;
  model: Model;
  form: RequestForm;
}

/** What came of asking a version. */
interface Outcome {
  version: Version;
  problem?: string;
  /** What the problem was read from. */
  error?: unknown;
  /** Empty where there is a problem. */
  rows: Row[];
  outputs?: Record<string, unknown>;
  milliseconds: number;
  /** Milliseconds of them that the model ran; unknown without the header Server-Timing. */
  inference?: number;
}

interface Class {
  name: string;
  probability: number;
}

/** What a version predicts for one row. */
interface Row {
  value: unknown;
  label?: string;
  /** The label, or the value for people. */
  text: string;
  classes: Class[];
  /** The predicted one of the classes. */
  winner?: Class;
}

/** A table as it was given, and its rows of features. */
interface Table {
  header: string[];
  cells: string[][];
  rows: number[][];
  /** Columns that are not features. */
  ignored: string[];
}

/** A part of the form. */
interface Field {
  element: HTMLElement;
  /** What holds the value, which is at this JSON Pointer in a request. */
  control: HTMLElement;
  pointer: string;
  /** What is said of the value where nothing is wrong. */
  note?: HTMLElement;
  /** @throws InputError that says what is wrong with the value */
  read(): unknown;
  reset(): void;
}
