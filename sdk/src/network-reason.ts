/** Why no response came, in words: fetch itself says only that it failed, and its cause why. */
export function networkReason(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const { cause } = error;
  if (!(cause instanceof Error)) return error.message;
  const { code = '' } = cause as Error & { code?: string };
  // OpenSSL's own words are lines long, and say nothing of what to do.
  if (/^ERR_SSL/.test(code)) return `TLS failed (${code}); try http://`;
  return cause.message || cause.name;
}
