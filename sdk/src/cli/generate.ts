// Runs hey-api, in the two ways that this project needs it.
import { CliError } from './cli-error.ts';

type Generate = typeof import('@hey-api/openapi-ts').createClient;

/** Generates this package's own operations: flat parameters, the data as the result, failures thrown. */
export async function generateOperations(
  contract: string,
  out: string,
  tsConfigPath: string,
): Promise<void> {
  const generate = await heyApi();
  await generate({
    input: contract,
    output: { path: out, tsConfigPath },
    plugins: [
      { name: '@hey-api/client-fetch', throwOnError: true },
      '@hey-api/typescript',
      { name: '@hey-api/sdk', paramsStructure: 'flat', responseStyle: 'data' },
    ],
    logs: { level: 'silent' },
  });
}

/** Generates the types of a contract into `types.gen.ts`; leaves everything else in the folder alone. */
export async function generateTypes(contract: object, out: string): Promise<void> {
  const generate = await heyApi();
  await generate({
    input: { ...contract },
    output: { path: out, clean: false, entryFile: false },
    plugins: ['@hey-api/typescript'],
    logs: { level: 'silent' },
  });
}

/** A peer dependency, since only who generates needs it. */
async function heyApi(): Promise<Generate> {
  try {
    return (await import('@hey-api/openapi-ts')).createClient;
  } catch (error) {
    throw new CliError(
      `@hey-api/openapi-ts, which generates the types, cannot be loaded: ${error instanceof Error ? error.message : error}
Run: npm install --save-dev @hey-api/openapi-ts "typescript@<7"`,
    );
  }
}
