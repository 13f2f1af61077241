// How versions share the traffic, by the process's environment or by a file that may change.
import { cleanEnv } from 'envalid';
import type { TrafficSettings } from '../../traffic/traffic.ts';
import { UsageError } from '../../util/command-error.ts';
import { isRecord } from '../../util/is-record.ts';
import {
  headerName,
  milliseconds,
  positive,
  reportTo,
  share,
  shownValue,
  split,
  text,
  versionAt,
  versionNames,
  wholeNumber,
} from './validators.ts';

export const trafficVariables = {
  SHADOW: versionAt({
    default: undefined,
    desc: 'Version that gets a sample of the requests after their response, to compare predictions: v2@http://host/v2.',
  }),
  SHADOW_SHARE: share({ default: 1, desc: 'Share of requests that are shadowed.' }),
  SHADOW_RATE: wholeNumber(
    1,
    100_000,
  )({
    // 360,000 an hour: enough to see a difference of one in ten thousand, at under 3 % of one CPU (npm run bench:shadow)
    default: 100,
    desc: 'Maximum requests shadowed per second.',
  }),
  SHADOW_MAX_IN_FLIGHT: wholeNumber(
    1,
    10_000,
  )({
    default: 16,
    desc: 'Shadowed requests that may be in flight; further ones are dropped and counted.',
  }),
  SHADOW_TIMEOUT_MS: milliseconds(1)({
    default: 2000,
    desc: 'Maximum wait for the response to a shadowed request.',
  }),
  SHADOW_TOLERANCE: positive({
    default: 0.00001,
    desc: 'Largest difference of numbers that count as equal: absolute up to 1, relative above.',
  }),
  SHADOW_KEEP: wholeNumber(
    0,
    10_000,
  )({
    default: 0, // inputs may be private
    desc: 'Disagreements to keep with their inputs, for GET /shadow/disagreements; 0: none.',
  }),
  SPLIT: split({
    default: undefined,
    desc: 'Split the requests at / among versions, by weight: v1=90,v2=10@http://host/v2. The one without a URL is this server.',
  }),
  SPLIT_USER_HEADER: headerName({
    default: 'ML-User',
    desc: 'Header that identifies the user: all requests of a user go to one version.',
  }),
  SPLIT_USER_COOKIE: headerName({
    default: undefined,
    desc: 'Cookie that identifies the user if the header is missing; set for users without one. Unset: none.',
  }),
  SPLIT_PIN_HEADER: headerName({
    default: 'ML-Version',
    desc: 'Header that selects the version, for any user.',
  }),
  SPLIT_SALT: text({
    default: 'ml-api',
    desc: 'Changes which users get which version. Must be the same on all pods.',
  }),
  VERSIONS: versionNames({
    default: undefined,
    desc: 'Versions that this host serves at /NAME, such as v1,v2; the playground shows them side by side.',
  }),
} as const;

/**
 * Reads the content of TRAFFIC_FILE.
 * @throws UsageError naming every variable that is wrong
 */
export function readTraffic(file: string, content: string): TrafficSettings {
  const where = `TRAFFIC_FILE ${file}`;
  const env = Object.entries(objectIn(content, where)).map(([name, value]) => {
    if (!Object.hasOwn(trafficVariables, name))
      throw new UsageError(
        `${where} has ${shownValue(name)}; expected ${Object.keys(trafficVariables).join(', ')}.`,
      );
    if (typeof value !== 'string' && typeof value !== 'number')
      throw new UsageError(`${where}: ${name} is neither a string nor a number.`);
    return [name, String(value)];
  });
  const settings = cleanEnv(Object.fromEntries(env), trafficVariables, {
    reporter: reportTo('serve', { where }),
  });
  return { ...settings }; // envalid's own object is a Proxy: slow to read
}

/** What is wrong with it is not quoted: URLs in it may hold passwords. */
function objectIn(content: string, where: string): Record<string, unknown> {
  let found: unknown;
  try {
    found = JSON.parse(content);
  } catch {
    found = undefined;
  }
  if (isRecord(found)) return found;
  throw new UsageError(
    `${where} is not a JSON object; expected variables such as {"SPLIT": "v1=90,v2=10@http://host/v2"}.`,
  );
}
