// Runs a pinned command line tool: `node test/tools/tool.ts helm lint charts/ml-api`; `--build` builds those of `npm test`.
// Each is built once from the Go module that names it, into .cache/tools, and built again when that module changes.
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync } from 'node:fs';
import { dirname, join } from 'node:path';

const here = import.meta.dirname;
const cache = join(here, '../../.cache/tools');

/** The tools by name: the folder of the go.mod that pins each, and the Go package of its command. */
const tools = {
  helm: { module: '.', package: 'helm.sh/helm/v4/cmd/helm' },
  'helm-unittest': {
    module: '.',
    package: 'github.com/helm-unittest/helm-unittest/cmd/helm-unittest',
  },
  'helm-docs': { module: '.', package: 'github.com/norwoodj/helm-docs/cmd/helm-docs' },
  actionlint: { module: '.', package: 'github.com/rhysd/actionlint/cmd/actionlint' },
  'kube-score': { module: 'kube-score', package: 'github.com/zegl/kube-score/cmd/kube-score' },
  grpcurl: { module: 'grpcurl', package: 'github.com/fullstorydev/grpcurl/cmd/grpcurl' },
  vegeta: { module: 'vegeta', package: 'github.com/tsenart/vegeta/v12' },
  'kubectl-validate': { module: 'kubectl-validate', package: 'sigs.k8s.io/kubectl-validate' },
  admit: { module: 'admit', package: '.' },
  compose: { module: 'compose', package: 'github.com/compose-spec/compose-go/v2/cmd' },
  kustomize: { module: 'kustomize', package: 'sigs.k8s.io/kustomize/kustomize/v5' },
  hcl2json: { module: 'hcl2json', package: 'github.com/tmccombs/hcl2json' },
  // For the tests of model stores and for releases alone: `--build` leaves them out, and the first use builds them.
  rclone: { module: 'rclone', package: '.', onUse: true },
  registry: { module: 'registry', package: '.', onUse: true },
  oras: { module: 'oras', package: 'oras.land/oras/cmd/oras', onUse: true },
  'fake-gcs-server': {
    module: 'fake-gcs-server',
    package: 'github.com/fsouza/fake-gcs-server',
    onUse: true,
  },
  cosign: { module: 'cosign', package: 'github.com/sigstore/cosign/v3/cmd/cosign', onUse: true },
  syft: { module: 'syft', package: 'github.com/anchore/syft/cmd/syft', onUse: true },
} as const;

export type ToolName = keyof typeof tools;

/** The path of a tool's binary, which is built first where it is not in the cache yet. */
export function toolPath(name: ToolName): string {
  const { module, package: goPackage } = tools[name];
  const folder = join(here, module);
  const pins = createHash('sha256');
  const own = goPackage === '.' ? readdirSync(folder).filter((file) => file.endsWith('.go')) : [];
  for (const file of ['go.mod', 'go.sum', ...own.sort()])
    pins.update(readFileSync(join(folder, file)));
  const binary = join(cache, pins.digest('hex').slice(0, 16), name);
  if (existsSync(binary)) return binary;

  console.error(`Building ${name} (once; one to three minutes on two cores) …`);
  mkdirSync(dirname(binary), { recursive: true });
  const unfinished = `${binary}.${process.pid}`;
  const built = spawnSync(
    'go',
    ['build', '-trimpath', '-ldflags=-s -w', '-o', unfinished, goPackage],
    {
      cwd: folder,
      env: { ...process.env, CGO_ENABLED: '0', GOFLAGS: '-mod=readonly' },
      stdio: ['ignore', 'inherit', 'inherit'],
    },
  );
  if (built.error) {
    throw new Error(
      `${name} is built with Go 1.26 or newer, and "go" cannot be started here (${built.error.message}). Install it from https://go.dev/dl and run this again.`,
    );
  }
  if (built.status !== 0) throw new Error(`go build of ${name} failed: see the lines above.`);
  renameSync(unfinished, binary); // two runs at once each build, and the last one wins: same bytes
  return binary;
}

/** What a tool printed and how it ended. */
export type ToolResult = {
  readonly status: number;
  readonly stdout: string;
  readonly stderr: string;
};

/** Runs a tool to its end and gives what it printed; a status other than 0 is not an error here. */
export function runTool(
  name: ToolName,
  args: readonly string[],
  options: { readonly cwd?: string; readonly input?: string } = {},
): ToolResult {
  const { status, stdout, stderr, error } = spawnSync(toolPath(name), args, {
    ...options,
    encoding: 'utf8',
    maxBuffer: 256 * 1024 * 1024,
  });
  // A tool that has failed before it read its input says why itself.
  if (error && !('code' in error && error.code === 'EPIPE')) throw error;
  return { status: status ?? 1, stdout, stderr };
}

if (import.meta.main) {
  const [name = '', ...args] = process.argv.slice(2);
  if (name === '--build') {
    for (const [tool, made] of Object.entries(tools))
      if (isTool(tool) && !('onUse' in made)) toolPath(tool);
    process.exit(0);
  }
  if (!isTool(name)) {
    console.error(`No tool "${name}": expected one of ${Object.keys(tools).join(', ')}.`);
    process.exit(2);
  }
  process.exit(spawnSync(toolPath(name), args, { stdio: 'inherit' }).status ?? 1);
}

function isTool(name: string): name is ToolName {
  return Object.hasOwn(tools, name);
}
