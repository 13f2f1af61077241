// How versions share the traffic: as the environment says, for good, or as a file says, which may change.
import type { Logger } from 'pino';
import type { Registry } from 'prom-client';
import type { Model } from '../../model/model.ts';
import { createTrafficMetrics } from '../../traffic/metrics.ts';
import { shadowMetrics } from '../../traffic/shadow/metrics.ts';
import type { ShadowTallies } from '../../traffic/shadow/shadow.ts';
import { Traffic, type TrafficSettings } from '../../traffic/traffic.ts';
import { watchFile } from '../../util/watched-file.ts';
import type { Config } from './config.ts';
import { readTraffic } from './traffic-variables.ts';

/**
 * @param version of the process, among those that share the requests; its main model may have one of its own
 * @param tallies where the threads of the process count what is limited
 * @param opened gets what frees each thing that is taken
 * @throws CommandError when the settings are wrong, or do not fit the model
 */
export function startTraffic(
  config: Config,
  model: Pick<Model, 'name' | 'version'>,
  version: string,
  tallies: ShadowTallies,
  registry: Registry,
  log: Logger,
  opened: AsyncDisposableStack,
): Traffic {
  const { TRAFFIC_FILE: file } = config;
  const start = (settings: TrafficSettings) => {
    const traffic = new Traffic(settings, model, version, tallies, shadowMetrics(registry));
    opened.defer(() => traffic.close());
    return traffic;
  };
  if (file === undefined) {
    const traffic = start(config);
    createTrafficMetrics(registry, traffic, undefined);
    return traffic;
  }
  let traffic: Traffic;
  const watched = watchFile({
    variable: 'TRAFFIC_FILE',
    file,
    make: (content) => readTraffic(file, content),
    onChange(settings) {
      traffic.change(settings);
      log.info(trafficReport(settings), 'the split and shadow of TRAFFIC_FILE have changed');
    },
    onRefuse: (error) =>
      log.error({ err: error }, 'TRAFFIC_FILE is refused; the traffic is shared as before'),
  });
  opened.defer(() => watched.close());
  traffic = start(watched.current);
  createTrafficMetrics(registry, traffic, watched);
  return traffic;
}

/** Without the URLs, which may hold passwords. */
function trafficReport({ SPLIT = [], SHADOW, VERSIONS }: TrafficSettings): object {
  return {
    split: Object.fromEntries(SPLIT.map(({ version, weight }) => [version, weight])),
    shadow: SHADOW?.version,
    versions: VERSIONS,
  };
}
