// How a command on the cluster ends.
import { ClusterError } from './cluster-error.ts';

/** Sets the exit status that the work gives; 1 for a ClusterError, whose message goes to standard error. */
export async function exitWith(work: () => Promise<number>): Promise<void> {
  try {
    process.exitCode = await work();
  } catch (error) {
    if (!(error instanceof ClusterError)) throw error;
    process.stderr.write(`${error.message}\n`);
    process.exitCode = 1;
  }
}
