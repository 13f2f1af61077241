// The files of a project beside its model, as text.
import type { Names } from './names.ts';

/** How the model gets to a cluster. */
export type Delivery =
  | { readonly kind: 'image' }
  /** @param sha256 of what is at an address that says no revision itself */
  | { readonly kind: 'uri'; readonly uri: string; readonly sha256: string | undefined };

export interface Project {
  readonly names: Names;
  /** Of ml-api. */
  readonly version: string;
  readonly delivery: Delivery;
  /** Of a request with one golden row; undefined without golden.json. */
  readonly inputs: unknown;
  /** Files of model/ that init has written. */
  readonly written: readonly string[];
}

/** Each file's text, by its name. */
export function textsOf(project: Project): Readonly<Record<string, string>> {
  return {
    ...(project.delivery.kind === 'image' && { Dockerfile: dockerfile(project) }),
    'values.yaml': values(project),
    'README.md': readme(project),
  };
}

function dockerfile({ names, version }: Project): string {
  return `# The server, and this model.
FROM ghcr.io/org/ml-api:${version}
COPY model /models/${names.release}
`;
}

function values({ names, delivery }: Project): string {
  if (delivery.kind === 'image')
    return `# What this release sets of the chart's values. All of them: helm show values oci://ghcr.io/org/charts/ml-api
versions:
  v1:
    image:
      repository: ${imageOf(names)} # yours, which the Dockerfile makes
      tag: "1"
    model:
      path: /models/${names.release}
`;
  const sum = delivery.sha256 === undefined ? '' : `      sha256: ${delivery.sha256}\n`;
  return `# What this release sets of the chart's values. All of them: helm show values oci://ghcr.io/org/charts/ml-api
versions:
  v1:
    model:
      uri: ${JSON.stringify(delivery.uri)}
${sum}      # Credentials, proxies and certificates: docs/model-stores.md of ml-api.
      fetch: {}
`;
}

function readme({ names, version, delivery, inputs, written }: Project): string {
  const { model, release } = names;
  const isImage = delivery.kind === 'image';
  const rows = [
    [
      '`model/`',
      `the ONNX model; \`model.json\` describes it${inputs === undefined ? '' : ', and `golden.json` has predictions that servers must reproduce'}`,
    ],
    ...(isImage ? [['`Dockerfile`', 'makes an image of the server and the model']] : []),
    ['`values.yaml`', 'serves it with the Helm chart'],
  ];
  return `# ${model}

A model, served by [ml-api](https://github.com/org/ml-api). The commands below use its published packages. Before there is a release, build
them [from a clone](https://github.com/org/ml-api#install).

| file | what it is for |
| --- | --- |
${rows.map((row) => `| ${row.join(' | ')} |`).join('\n')}

${notes(written)}## On this machine

\`\`\`sh
npx @org/ml-api serve model     # http://localhost:5000: a playground, docs, and POST /predict
\`\`\`

In another terminal:

\`\`\`sh
${[...request(inputs), ...verification(inputs)].join('\n')}
\`\`\`

## On Kubernetes

\`\`\`sh
${isImage ? `docker build --tag ${imageOf(names)}:1 . && docker push ${imageOf(names)}:1\n` : ''}helm install ${release} oci://ghcr.io/org/charts/ml-api --version ${version} --values values.yaml
helm test ${release}
\`\`\`

${isImage ? `Replace \`registry.example.com\` with your registry, here and in \`values.yaml\`.` : delivered(delivery.uri, written)}
`;
}

/** What a reader must know of files that nobody but init has written. */
function notes(written: readonly string[]): string {
  const made = [
    ...(written.includes('model.json')
      ? [
          "`model.json` has what the model file says. Put in the names of features and classes, and each feature's `min`, `max` and `example`.",
        ]
      : []),
    ...(written.includes('golden.json')
      ? [
          '`golden.json` has what the model predicted here for made-up values: it shows whether servers agree, not whether the model is right. Replace it with rows and predictions of your training.',
        ]
      : []),
  ];
  return made.map((line) => `- ${line}\n`).join('') + (made.length > 0 ? '\n' : '');
}

function delivered(uri: string, written: readonly string[]): string {
  const files = written.map((name) => `\`${name}\``).join(' and ');
  const missing =
    written.length === 0
      ? ''
      : ` ${files} ${written.length === 1 ? 'is' : 'are'} only here: to have ${written.length === 1 ? 'it' : 'them'} on the cluster, put ${written.length === 1 ? 'it' : 'them'} beside the model there.`;
  return `Pods fetch the model from \`${uri}\`.${missing}`;
}

/** Longer requests are no use in a terminal. */
const LONGEST_REQUEST = 1000;

function request(inputs: unknown): string[] {
  const body = JSON.stringify({ inputs });
  if (inputs === undefined || body.length > LONGEST_REQUEST) return [];
  return [
    `curl http://localhost:5000/predict -H 'Content-Type: application/json' -d '${body.replaceAll("'", '\\u0027')}'`,
  ];
}

function verification(inputs: unknown): string[] {
  return inputs === undefined
    ? ['curl http://localhost:5000/model']
    : ['npx @org/ml-api verify --target local=http://localhost:5000 --golden model/golden.json'];
}

function imageOf({ release }: Names): string {
  return `registry.example.com/${release}`;
}
