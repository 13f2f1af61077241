// Reads Prometheus' text format, as far as the predictor writes it:
// https://prometheus.io/docs/instrumenting/exposition_formats/#text-based-format

export type Sample = {
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
};

/** @throws Error naming the line that is no sample. */
export function parseMetrics(text: string): Sample[] {
  return text
    .split('\n')
    .filter((line) => line !== '' && !line.startsWith('#'))
    .map(parseLine);
}

function parseLine(line: string): Sample {
  const [, name, inBraces = '', value] = /^([a-zA-Z_:][\w:]*)(?:\{(.*)\})? (\S+)$/.exec(line) ?? [];
  if (name === undefined || value === undefined) {
    throw new Error(
      `"${line}" is no line of Prometheus' text format: expected name{label="value"} number. Is it a predictor's /metrics?`,
    );
  }
  const pairs = inBraces.matchAll(/(\w+)="((?:[^"\\]|\\.)*)"/g);
  const labels = Object.fromEntries(
    [...pairs].map(([, label = '', text = '']) => [label, unescaped(text)]),
  );
  return { name, labels, value: value === '+Inf' ? Number.POSITIVE_INFINITY : Number(value) };
}

function unescaped(text: string): string {
  return text.replace(/\\(.)/g, (_, character) => (character === 'n' ? '\n' : character));
}
