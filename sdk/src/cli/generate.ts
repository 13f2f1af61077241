// Runs hey-api, in the two ways that this project needs it.
import { CliError } from './cli-error.ts';
import { howToInstall } from './how-to-install.ts';
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
 * The types of a contract, as TypeScript. No file is written: one that is would stay behind where the process is ended.
 * @throws CliError where something other than types came of it, or nothing
 */
export async function typesOf(contract: object): Promise<string> {
  const generate = await heyApi();
  const contexts = await generate({
    input: { ...contract },
    output: { path: 'types', clean: false, entryFile: false }, // even a dry run cleans the folder
    dryRun: true,
    plugins: ['@hey-api/typescript'],
    logs: { level: 'silent', file: false },
  }).catch((error: unknown) => {
    throw new CliError(
      `hey-api cannot make types of the contract: ${printable(reasonOf(error), 500)}. Is --from the address of an ml-api server?`,
    );
  });
  const files = contexts.flatMap(({ gen }) => [...gen.render()]);
  const source = withoutControls(files.map(({ content }) => content).join('\n'));
  if (files.length === 1 && (await hasOnlyTypes(source))) return source;
  throw new CliError(
    `The contract makes hey-api write something other than types, so nothing was kept of it. Is --from the address of an ml-api server?`,
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
${howToInstall('@hey-api/openapi-ts', '"typescript@<7"')}
In a project on TypeScript 7: npm install --save-dev @hey-api/openapi-ts typescript@npm:@typescript/typescript6@6 @typescript/native@npm:typescript@7`,
    );
  }
}
