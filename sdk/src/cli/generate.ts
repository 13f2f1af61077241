// Runs hey-api, in the two ways that this project needs it.
import { readFile, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { CliError } from './cli-error.ts';
import { printable, withoutControls } from './printable.ts';

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
    logs: { level: 'silent', file: false },
  });
}

/**
 * Generates the types of a contract into `types.gen.ts`; leaves everything else in the folder alone.
 * @throws CliError where something else than types came of it, or nothing
 */
export async function generateTypes(contract: object, out: string): Promise<void> {
  const generate = await heyApi();
  await generate({
    input: { ...contract },
    output: { path: out, clean: false, entryFile: false },
    plugins: ['@hey-api/typescript'],
    logs: { level: 'silent', file: false },
  }).catch((error: unknown) => {
    throw new CliError(
      `hey-api cannot make types of the contract: ${printable(reasonOf(error), 500)}. Is --from the address of an ml-api server?`,
    );
  });
  const file = path.join(out, 'types.gen.ts');
  const source = withoutControls(await readFile(file, 'utf8'));
  await writeFile(file, source);
  if (await hasOnlyTypes(source)) return;
  await rm(file);
  throw new CliError(
    `The contract makes hey-api write something else than types, so nothing was kept of it. Is --from the address of an ml-api server?`,
  );
}

/** hey-api wraps what happened inside it, without a message of its own. */
function reasonOf(error: unknown): string {
  const wrapped =
    error instanceof Error && 'originalError' in error ? error.originalError : undefined;
  const inner =
    typeof wrapped === 'object' && wrapped !== null && 'error' in wrapped ? wrapped.error : error;
  return inner instanceof Error ? inner.message : String(inner);
}

/** Types leave nothing in the JavaScript that is made of them. */
async function hasOnlyTypes(source: string): Promise<boolean> {
  const { default: ts } = await import('typescript'); // hey-api needs it, too
  const { outputText, diagnostics } = ts.transpileModule(source, {
    compilerOptions: { target: ts.ScriptTarget.ES2022, removeComments: true },
    reportDiagnostics: true,
  });
  return diagnostics?.length === 0 && outputText.trim() === 'export {};';
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
