// A model.json to start from: what can be derived, and places for what only people know.
import type { Manifest } from '../model/manifest.ts';
import { classCount, type Model, rowWidth } from '../model/model.ts';

export function suggestManifest(model: Model): Manifest {
  const { task, prediction, probabilities } = model;
  const width = rowWidth(model);
  const classes = task === 'classification' ? classCount(model) : undefined;
  const features = model.features ?? named('feature', width)?.map((name) => ({ name }));
  const labels = model.labels ?? named('class', classes);
  return {
    name: model.name || 'model',
    version: 'v1',
    task,
    ...(features && { features }),
    ...(labels && { labels }),
    prediction: prediction.name,
    ...(probabilities && { probabilities: probabilities.name }),
  };
}

/** More than this nobody names by hand. */
const MOST_NAMES = 100;

function named(what: string, count: number | undefined): string[] | undefined {
  if (count === undefined || count > MOST_NAMES) return undefined;
  return Array.from({ length: count }, (_, i) => `${what} ${i}`);
}
