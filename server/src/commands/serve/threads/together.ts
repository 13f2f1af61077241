// What is asked about the process: put together of what each of its threads says.

import { joinMetrics, type Metrics } from '../../../observe/metrics.ts';
import { joinStatistics, type Statistics } from '../../../observe/statistics.ts';
import type { AppParts } from '../../../protocols/app.ts';
import type { State } from '../../../serving/lifecycle.ts';
import { joinReports } from '../../../traffic/shadow/report.ts';
import type { Traffic } from '../../../traffic/traffic.ts';
import type { ServingThread } from './thread.ts';

/** Parts of this thread's predictor. */
interface OwnParts {
  readonly metrics: Pick<Metrics, 'contentType' | 'counted'>;
  readonly statistics: Statistics;
  readonly traffic: Traffic;
  readonly state: () => State;
}

export function together(
  thread: ServingThread,
  { metrics, statistics, traffic, state }: OwnParts,
): Pick<AppParts, 'metrics' | 'statistics' | 'disagreements'> {
  thread.answerWith({
    metrics: () => metrics.counted(),
    statistics: (models) => statistics.report(models),
    disagreements: () => traffic.shadow?.report(),
    state,
  });
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
  };
}
