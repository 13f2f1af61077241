// What of model.json the Hub knows: from config.json, as transformers writes it.
// https://huggingface.co/docs/transformers/main_classes/configuration
import { isRecord } from '../../../util/is-record.ts';
import { identifier } from '../identifier.ts';

export interface Origin {
  readonly repo: string;
  readonly commit: string;
  /** Of the model card. */
  readonly license: string | undefined;
}

/** One class for each row: of tokens or of boxes there are many. */
const CLASSIFIER = /For(Sequence|Image|Audio|Video)Classification$/;

/** @param config what config.json holds, if there is one */
export function defaultsOf({ repo, commit, license }: Origin, config: unknown) {
  return {
    name: identifier(repo.slice(repo.indexOf('/') + 1)),
    version: commit.slice(0, 12),
    ...taskOf(isRecord(config) ? config : {}),
    ...(license !== undefined && license !== 'other' && license !== 'unknown' && { license }),
  };
}

function taskOf(config: Record<string, unknown>): {
  readonly task?: 'classification' | 'regression' | 'tensor';
  readonly labels?: readonly string[];
} {
  const { architectures, id2label, problem_type } = config;
  const [architecture] = Array.isArray(architectures) ? architectures : [];
  if (typeof architecture !== 'string' || !CLASSIFIER.test(architecture)) return {};
  const labels = labelsOf(id2label);
  if (problem_type === 'regression' || labels?.length === 1) return { task: 'regression' };
  // Any number of the classes can be true at once: their scores are the prediction.
  if (problem_type === 'multi_label_classification') return { task: 'tensor' };
  return { task: 'classification', ...(labels && { labels }) };
}

/** By the numbers of the classes, all of them. */
function labelsOf(id2label: unknown): string[] | undefined {
  if (!isRecord(id2label)) return undefined;
  const labels = Object.keys(id2label).map((_key, i) => id2label[String(i)]);
  return labels.length > 0 && labels.every((label) => typeof label === 'string')
    ? (labels as string[])
    : undefined;
}
