// The names that a project's folder gives to its model, and to its image and its release on Kubernetes.
import path from 'node:path';
import { identifier } from '../../sources/stores/identifier.ts';
import { UsageError } from '../../util/command-error.ts';
import { printable } from '../../util/printable.ts';
import { quote } from '../../util/quote.ts';

export interface Names {
  /** As model.json takes it. */
  readonly model: string;
  /** A DNS label, which registries and Helm take, too. */
  readonly release: string;
}

/** Helm takes 53 characters, and the chart adds its own name and the version's. */
const LONGEST_RELEASE = 40;

/** @throws UsageError for a folder whose name can be none of these */
export function namesFrom(folder: string): Names {
  const base = path.basename(folder);
  if (printable(folder) !== folder)
    throw new UsageError(
      `init: the folder ${quote(folder)} has control characters in its path; expected a folder such as my-model.`,
    );
  const model = identifier(base);
  if (model === undefined)
    throw new UsageError(
      `init: the folder is called ${quote(base)}; expected a name with a letter from a to z or a digit, such as my-model, as the model gets its name.`,
    );
  const label = model.toLowerCase().replaceAll(/[^a-z0-9]+/g, '-');
  // Services of older clusters begin with a letter.
  const release = /^[a-z]/.test(label) ? label : `model-${label}`;
  return { model, release: release.slice(0, LONGEST_RELEASE).replace(/-$/, '') };
}
