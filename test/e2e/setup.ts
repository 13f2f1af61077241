// Before the suites: a cluster that is up, and the predictor's image on its node. After them: what was begun is removed.
import type { TestProject } from 'vitest/node';
import { type Cluster, ClusterError, provider } from '../cluster/cluster.ts';
import { type ImageName, loadPredictorImage } from '../cluster/predictor-image.ts';

declare module 'vitest' {
  interface ProvidedContext {
    cluster: Cluster;
    /** The predictor's image, on the node. */
    image: ImageName;
  }
}

export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  const chosen = provider();
  const wasUp = await isUp();
  const remove = async () => {
    if (!wasUp && process.env['E2E_KEEP'] !== '1') await chosen.down(say);
  };
  try {
    await chosen.up(say);
    project.provide('cluster', await chosen.cluster());
    project.provide(
      'image',
      imageOf(process.env['E2E_IMAGE']) ?? (await loadPredictorImage(chosen, say)),
    );
  } catch (error) {
    await remove();
    throw error;
  }
  return remove;

  async function isUp(): Promise<boolean> {
    try {
      await chosen.cluster();
      return true;
    } catch (error) {
      if (error instanceof ClusterError) return false;
      throw error;
    }
  }
}

/** On a cluster that images cannot be loaded into, E2E_IMAGE names one that it can pull. */
function imageOf(name: string | undefined): ImageName | undefined {
  if (!name) return undefined;
  const colon = name.lastIndexOf(':');
  return { repository: name.slice(0, colon), tag: name.slice(colon + 1) };
}

const began = performance.now();

function say(line: string): void {
  process.stderr.write(
    `[${((performance.now() - began) / 1000).toFixed(1).padStart(5)}s] ${line}\n`,
  );
}
