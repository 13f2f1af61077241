// Google Cloud Storage as fake-gcs-server speaks it. It lets everybody in.
import type { Namespace } from '../namespace.ts';
import { startStore } from './pod.ts';

/** Starts it at http://gcs:4443, with the image's models in the bucket `models`. */
export function startGoogle(namespace: Namespace): Promise<void> {
  const args = ['-backend=memory', '-scheme=http', '-port=4443', '-public-host=gcs:4443'];
  return startStore(namespace, 'gcs', 4443, ['fake-gcs-server', ...args, '-data=/stores']);
}
