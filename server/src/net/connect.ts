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

/** Why a request got no answer, on one line. A host of several addresses gives an error without a message, and OpenSSL one of several lines. */
export function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  return error.message.trim().replaceAll(/\s*\n\s*/g, ' ') || codeOf(error) || error.name;
}
