import { createHash } from 'node:crypto';
import canonicalize from 'canonicalize';
import type { OpenAPIObject } from 'openapi3-ts/oas31';

/**
 * The contract's hash: SHA-256 in hex of the document as canonical JSON (RFC 8785), without `servers`, since the
 * same contract may be served at several addresses.
 */
export function contractHash(document: OpenAPIObject): string {
  const { servers: _, ...contract } = document;
  const canonical = canonicalize(contract);
  if (canonical === undefined) throw new TypeError('the contract is not a JSON document');
  return createHash('sha256').update(canonical).digest('hex');
}
