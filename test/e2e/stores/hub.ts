// The Hugging Face Hub, by a program of the tests' own that has the exchanges that are documented.
import type { Namespace } from '../namespace.ts';
import { MODELS } from './image.ts';
import { startNodeStore } from './pod.ts';

/** Where releases reach it. */
export const hubUrl = 'http://hub:8000';

/** Starts it, with the iris model v2 in the private repository org/model, which this token may read. */
export function startHub(namespace: Namespace, token: string): Promise<void> {
  const args = (root: string) => [hubUrl, `${root}${MODELS}/v2`];
  return startNodeStore(namespace, 'hub', 8000, 'hub.js', args, { HF_TOKEN: token });
}
