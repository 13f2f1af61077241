/** Commands of the SDK's program. They read the same arguments. */
export const SDK_COMMANDS: Readonly<Record<string, string>> = {
  generate: 'Write a TypeScript client with the exact types of a served model.',
  compare: 'Send rows to two versions, and show where they differ.',
  report: 'Report an A/B test from Prometheus.',
};
