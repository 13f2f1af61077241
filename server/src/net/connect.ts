// What a failed connection is called.

/** Codes of connections that were never made: whoever gets one has sent nothing. */
export const NEVER_CONNECTED: readonly string[] = [
  'ECONNREFUSED',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'EAI_AGAIN',
];

/** The code of a system's error; empty for any other. */
export function codeOf(error: unknown): string {
  return error instanceof Error && 'code' in error ? String(error.code) : '';
}

/** Why a request got no answer. A host of several addresses gives an error without a message. */
export function reasonOf(error: unknown): string {
  return error instanceof Error ? error.message || codeOf(error) || error.name : String(error);
}
