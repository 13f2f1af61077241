// Asks a Prometheus: https://prometheus.io/docs/prometheus/latest/querying/api/#instant-queries
import { redirectIn } from '../../redirect.ts';
import { CliError } from '../cli-error.ts';
import { printable } from '../printable.ts';
import { textOf } from '../text-of.ts';

const TIMEOUT_MS = 30_000;

/** One series of a response: its labels and its value. */
export interface Sample {
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
}

/** @returns the series that a query gives. @throws CliError when there is no such answer */
export async function query(url: string, promql: string): Promise<Sample[]> {
  const address = `${url}/api/v1/query`;
  let response: Response;
  let text: string;
  try {
    response = await fetch(address, {
      method: 'POST',
      body: new URLSearchParams({ query: promql }),
      redirect: 'manual',
      signal: AbortSignal.timeout(TIMEOUT_MS),
    });
    text = await textOf(address, response);
  } catch (error) {
    if (error instanceof CliError) throw error;
    const cause = error instanceof Error && error.cause instanceof Error ? error.cause : error;
    throw new CliError(
      `--prometheus: no response from ${address}: ${cause instanceof Error ? cause.message : cause}`,
    );
  }
  const redirect = redirectIn(address, response);
  if (redirect !== undefined) throw new CliError(`--prometheus: ${address} ${redirect}.`);
  const result = response.ok ? vectorIn(text) : undefined;
  if (result === undefined)
    throw new CliError(
      `--prometheus: ${address} answered ${response.status} ${JSON.stringify(printable(text, 200))}, which is not what a Prometheus answers. Is it the address of a Prometheus, such as http://localhost:9090?`,
    );
  return result.map(({ metric, value }) => ({ labels: metric, value: Number(value[1]) }));
}

interface Series {
  readonly metric: Readonly<Record<string, string>>;
  readonly value: readonly [time: number, value: string];
}

function vectorIn(text: string): Series[] | undefined {
  try {
    const { data } = JSON.parse(text);
    return data.resultType === 'vector' ? data.result : undefined;
  } catch {
    return undefined;
  }
}
