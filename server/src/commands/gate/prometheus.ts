// Asks a Prometheus: https://prometheus.io/docs/prometheus/latest/querying/api/#instant-queries

import { type HttpResponse, patientRequest } from '../../net/patient-request.ts';
import { shown } from '../../net/shown-url.ts';
import { CommandError } from '../../util/command-error.ts';
import { parsedJson } from '../../util/parsed-json.ts';

const TIMEOUT_MS = 15_000;
/** A pod that has just started may not be let through at first. */
const CONNECT_MS = 30_000;

export interface Prometheus {
  /** The value of a query that gives one; undefined where it gives none, or what is no number. */
  value(query: string): Promise<number | undefined>;
}

export interface PrometheusAddress {
  /** Without a trailing slash. */
  readonly url: string;
  /** That it asks for. */
  readonly token: string | undefined;
  /** Its certificate authority, PEM; undefined: one that the system trusts. */
  readonly ca: string | undefined;
}

export function createPrometheus({ url, token, ca }: PrometheusAddress): Prometheus {
  const target = {
    name: 'prometheus',
    url,
    host: undefined,
    apiKey: undefined,
    ca,
    timeoutMs: TIMEOUT_MS,
    readyBy: performance.now() + CONNECT_MS,
  };
  const headers = token === undefined ? {} : { Authorization: `Bearer ${token}` };
  return {
    async value(query) {
      let response: HttpResponse;
      try {
        response = await patientRequest(
          target,
          'GET',
          `/api/v1/query?query=${encodeURIComponent(query)}`,
          undefined,
          headers,
        );
      } catch (error) {
        const why = error instanceof Error ? error.message : String(error);
        throw new CommandError(
          `Prometheus cannot be queried: ${why.replace('?…', '')}. Without its figures, nothing is promoted: check promotion.gate.prometheusUrl.`,
        );
      }
      const body = parsedJson(response.body);
      if (response.status === 401 || response.status === 403)
        throw new CommandError(
          `Prometheus at ${shown(new URL(url))} answered ${response.status}: ${token === undefined ? 'it asks for a token; set promotion.gate.existingSecret (--token-file)' : 'it does not take the token of promotion.gate.existingSecret (--token-file)'}.`,
        );
      if (response.status !== 200 || !isVector(body))
        throw new CommandError(
          `Prometheus at ${shown(new URL(url))} answered ${response.status} to ${query}: ${response.body.slice(0, 300)}`,
        );
      const value = Number(body.data.result[0]?.value[1]);
      return Number.isFinite(value) ? value : undefined;
    },
  };
}

interface Vector {
  readonly data: { readonly result: readonly { readonly value: readonly [number, string] }[] };
}

function isVector(body: unknown): body is Vector {
  return (
    body instanceof Object &&
    'data' in body &&
    body.data instanceof Object &&
    'result' in body.data &&
    Array.isArray(body.data.result)
  );
}
