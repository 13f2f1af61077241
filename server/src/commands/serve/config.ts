// Every setting of the predictor: environment variables in, one typed Config out, all errors at once.
import { cleanEnv } from 'envalid';
import { UsageError } from '../../util/command-error.ts';
import { misspelt } from './misspelt.ts';
import { trafficVariables } from './traffic-variables.ts';
import { reportTo } from './validators.ts';
import { variables } from './variables.ts';

type Environment = Readonly<Record<string, string | undefined>>;

/** The settings of one predictor process. */
export type Config = Readonly<ReturnType<typeof clean>>;

/**
 * Reads the settings.
 * @throws UsageError naming every variable that is wrong, what was expected and what it was.
 */
export function readConfig(env: Environment): Config {
  try {
    return readChecked(env);
  } catch (error) {
    // What is wrong may be what a slip has left as it was.
    const slips = misspelt(env).map(
      ({ variable, meant }) =>
        `\n${variable} is not a setting, and has no effect; did you mean ${meant}?`,
    );
    if (!(error instanceof UsageError) || slips.length === 0) throw error;
    throw new UsageError(`${error.message}${slips.join('')}`);
  }
}

function readChecked(env: Environment): Config {
  const config = clean(env);
  if (config.MAX_ROWS > config.QUEUE_MAX_ROWS)
    throw new UsageError(
      `MAX_ROWS (${config.MAX_ROWS}) is more than QUEUE_MAX_ROWS (${config.QUEUE_MAX_ROWS}), so that the largest request could never be queued. Raise QUEUE_MAX_ROWS or lower MAX_ROWS.`,
    );
  checkPorts(config);
  checkTraffic(config, env);
  if (config.UPLOAD_TIMEOUT_MS > 0 && config.HEADERS_TIMEOUT_MS > config.UPLOAD_TIMEOUT_MS)
    throw new UsageError(
      `HEADERS_TIMEOUT_MS (${config.HEADERS_TIMEOUT_MS}) is more than UPLOAD_TIMEOUT_MS (${config.UPLOAD_TIMEOUT_MS}), which includes it. Raise UPLOAD_TIMEOUT_MS or lower HEADERS_TIMEOUT_MS.`,
    );
  return { ...config }; // envalid's own object is a Proxy: slow to read
}

function checkPorts({ PORT, METRICS_PORT, GRPC_PORT }: Config): void {
  const equal = (one: number | undefined, other: number | undefined) =>
    one !== undefined && one !== 0 && one === other;
  if (equal(METRICS_PORT, PORT))
    throw new UsageError(
      `METRICS_PORT and PORT are both ${PORT}. Give them different ports, or unset METRICS_PORT to serve /metrics on PORT.`,
    );
  for (const [name, port] of Object.entries({ PORT, METRICS_PORT }))
    if (equal(GRPC_PORT, port))
      throw new UsageError(
        `GRPC_PORT and ${name} are both ${GRPC_PORT}. Give them different ports, or unset GRPC_PORT to serve no gRPC.`,
      );
}

/** What the file says, no variable says beside it. */
function checkTraffic({ TRAFFIC_FILE }: Config, env: Environment): void {
  const both = Object.keys(trafficVariables).find((name) => env[name] !== undefined);
  if (TRAFFIC_FILE !== undefined && both !== undefined)
    throw new UsageError(
      `${both} is set, and so is TRAFFIC_FILE, which says it. Move ${both} to the file, or unset TRAFFIC_FILE.`,
    );
}

/** Name, default and description of every variable, for the docs. */
export function documentedVariables(): Record<string, { fallback: string; description: string }> {
  return Object.fromEntries(
    Object.entries(variables).map(([name, spec]) => [
      name,
      {
        fallback: spec.default === undefined ? 'unset' : String(spec.default),
        description: spec.desc ?? '',
      },
    ]),
  );
}

function clean(env: Environment) {
  return cleanEnv(env, variables, { reporter: reportTo('serve') });
}
