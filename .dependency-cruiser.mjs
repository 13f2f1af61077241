// The architecture of the server, as a check (`npm run check:architecture`): a part may use those below it, and none above.
// docs/architecture.md draws the same list.
const PARTS = [
  'commands',
  'protocols',
  'traffic',
  'observe',
  'serving',
  'model',
  'sources',
  'runtime',
  'net',
  'tensor',
  'util',
];
const of = (parts) => `^server/src/(${parts.join('|')})/`;

/** @type {import('dependency-cruiser').IConfiguration} */
export default {
  forbidden: [
    {
      name: 'no-circle',
      severity: 'error',
      comment: 'Modules that need each other are one module, or lack one that both can use.',
      from: {},
      to: { circular: true, viaOnly: { dependencyTypesNot: ['type-only'] } },
    },
    {
      name: 'no-orphan',
      severity: 'error',
      comment: 'Nothing uses this module.',
      from: { orphan: true, pathNot: '(main|worker)\\.ts$' },
      to: {},
    },
    ...PARTS.slice(1).map((part, i) => ({
      name: `${part}-uses-only-what-is-below`,
      severity: 'error',
      comment: `server/src/${part} must not know what stands above it: ${PARTS.slice(0, i + 1).join(', ')}.`,
      from: { path: of([part]) },
      to: { path: of(PARTS.slice(0, i + 1)) },
    })),
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    tsPreCompilationDeps: true, // imports of types count too
    tsConfig: { fileName: 'server/tsconfig.json' },
    exclude: { path: 'node_modules' },
  },
};
