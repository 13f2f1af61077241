// Whether the registries of the Dockerfile's base images can be reached from here.
import { readFileSync } from 'node:fs';
import path from 'node:path';

/** The registries' hosts, from the FROM lines. */
export function registries(): string[] {
  const dockerfile = readFileSync(path.resolve(import.meta.dirname, '../../Dockerfile'), 'utf8');
  const images = [...dockerfile.matchAll(/^FROM ([\w.-]+\.[\w.-]+)\//gm)];
  return [
    ...new Set(images.map(([, host = '']) => (host === 'docker.io' ? `registry-1.${host}` : host))),
  ];
}

/** Whether all of them answer as registries do; a proxy's own page in between does not count. */
export async function registriesAnswer(): Promise<boolean> {
  const answers = await Promise.all(registries().map(answersAsRegistry));
  return answers.every(Boolean);
}

async function answersAsRegistry(host: string): Promise<boolean> {
  try {
    const { headers } = await fetch(`https://${host}/v2/`, { signal: AbortSignal.timeout(5000) });
    // https://distribution.github.io/distribution/spec/api/#api-version-check
    return headers.get('docker-distribution-api-version') !== null;
  } catch {
    return false;
  }
}
