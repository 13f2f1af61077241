// What is asked about the process: put together of what each of its threads says.

import { joinMetrics, type Metrics } from '../../../observe/metrics.ts';
import { joinStatistics, type Statistics } from '../../../observe/statistics.ts';
import type { AppParts } from '../../../protocols/app.ts';
import type { Repository } from '../../../serving/repository.ts';
import { joinReports } from '../../../traffic/shadow/report.ts';
import type { Traffic } from '../../../traffic/traffic.ts';
import { errorOf, refusalOf } from './refusal.ts';
import type { ServingThread } from './thread.ts';

/** Parts of this thread's predictor. */
interface OwnParts {
  readonly metrics: Pick<Metrics, 'contentType' | 'counted'>;
  readonly statistics: Statistics;
  readonly traffic: Traffic;
  readonly repository: Repository;
}

export function together(
  thread: ServingThread,
  { metrics, statistics, traffic, repository }: OwnParts,
): Pick<AppParts, 'metrics' | 'statistics' | 'disagreements' | 'repository'> {
  thread.answerWith({
    metrics: () => metrics.counted(),
    statistics: (models) => statistics.report(models),
    disagreements: () => traffic.shadow?.report(),
    load: (name) => refusalOf(repository.load(name)),
    unload: (name) => refusalOf(repository.unload(name)),
  });
  const change = (what: 'load' | 'unload') => async (name: string) => {
    const refusal = (await thread.all(what, name)).find((one) => one !== undefined);
    if (refusal !== undefined) throw errorOf(refusal);
  };
  return {
    metrics: {
      contentType: metrics.contentType,
      text: async () => joinMetrics(await thread.all('metrics')),
    },
    statistics: {
      report: async (models) => {
        const keys = models.map(({ name, version }) => ({ name, version }));
        return joinStatistics(await thread.all('statistics', keys));
      },
    },
    disagreements: async () => joinReports(await thread.all('disagreements')),
    repository: { load: change('load'), unload: change('unload') },
  };
}
