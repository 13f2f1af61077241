/** Why no response came, in words: fetch itself says only that it failed, and its cause why. */
export function networkReason(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const { cause } = error;
  if (!(cause instanceof Error)) return error.message;
  // OpenSSL's own words are lines long, and say nothing of what to do.
  if ('code' in cause && String(cause.code).startsWith('ERR_SSL_'))
    return `the TLS handshake failed (${cause.code}); the address of a server without TLS begins with http://`;
  return cause.message || cause.name;
}
