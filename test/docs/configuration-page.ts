import { documentedVariables } from '../../server/src/commands/serve/config.ts';

/** The sections of the page, by the variable that each begins with. */
const sections: Readonly<Record<string, string>> = {
  HOST: 'Addresses',
  MODEL_DIR: 'Models',
  LOG_LEVEL: 'Log',
  MAX_BODY_BYTES: 'Requests, batches and queue',
  SERVING_THREADS: 'Threads and execution providers',
  API_KEYS_FILE: 'Access and pages',
  TRAFFIC_FILE: 'Versions',
  DRAIN_DELAY_MS: 'Shutdown and connections',
};

/** The text of docs/configuration.md. */
export function configurationPage(): string {
  const variables = documentedVariables();
  const [first = ''] = Object.keys(variables);
  if (!(first in sections)) throw new Error(`${first} has no section.`);
  const gone = Object.keys(sections).filter((name) => !(name in variables));
  if (gone.length > 0)
    throw new Error(`There is no variable ${gone.join(', ')} to begin a section.`);
  const lines = Object.entries(variables).flatMap(([name, { fallback, description }]) => [
    ...(name in sections
      ? ['', `## ${sections[name]}`, '', '| variable | default | meaning |', '| --- | --- | --- |']
      : []),
    `| \`${name}\` | ${fallback} | ${description.replaceAll('|', '\\|')} |`,
  ]);
  return `# Server settings

The server reads its settings from environment variables. In the chart, most of them are values below \`config\`; set any other with
\`versionDefaults.env\`. If a value is invalid, the server does not start, and says what it expected for each.

\`npm run docs:generate\` writes this page from \`server/src/commands/serve/variables.ts\`.
${lines.join('\n')}
`;
}
