import { documentedVariables } from '../../server/src/commands/serve/config.ts';

/** The text of docs/configuration.md. */
export function configurationPage(): string {
  const rows = Object.entries(documentedVariables()).map(
    ([name, { fallback, description }]) =>
      `| \`${name}\` | ${fallback} | ${description.replaceAll('|', '\\|')} |`,
  );
  return `# Settings of the predictor

Environment variables; \`npm run docs:generate\` writes this page from \`server/src/commands/serve/config.ts\`. A bad value stops
the start with a sentence for each.

| variable | default | meaning |
| --- | --- | --- |
${rows.join('\n')}
`;
}
