// A contract comes from a server, which may be anybody's: none of its texts may become code, and none of its references is followed.
import { CliError } from './cli-error.ts';
import { printable } from './printable.ts';

/** Texts that hey-api writes into comments. It removes the ends of comments in them, but makes new ones of what is left. */
const COMMENTED = new Set(['description', 'summary', 'title']);

/**
 * A copy of a document whose texts cannot end the comments that they are written into.
 * @throws CliError for a reference to another document: hey-api would read it, from a file or any host
 */
export function safeContract<T>(node: T): T;
export function safeContract(node: unknown): unknown {
  if (Array.isArray(node)) return node.map((item) => safeContract(item));
  if (typeof node !== 'object' || node === null) return node;
  return Object.fromEntries(
    Object.entries(node).map(([key, value]) => {
      if (typeof value !== 'string') return [key, safeContract(value)];
      if (key === '$ref' && !value.startsWith('#'))
        throw new CliError(
          `The contract refers to another document, ${JSON.stringify(printable(value))}; expected references within it, such as "#/components/schemas/Prediction". Is --from the address of an ml-api server?`,
        );
      return [key, COMMENTED.has(key) ? value.replaceAll('*/', '* /') : value];
    }),
  );
}
