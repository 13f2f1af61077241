/** The tools by name: the folder of the go.mod that pins each, and the Go package of its command. */
declare const tools: {
  readonly helm: {
    readonly module: '.';
    readonly package: 'helm.sh/helm/v4/cmd/helm';
  };
  readonly 'helm-unittest': {
    readonly module: '.';
    readonly package: 'github.com/helm-unittest/helm-unittest/cmd/helm-unittest';
  };
  readonly 'helm-docs': {
    readonly module: '.';
    readonly package: 'github.com/norwoodj/helm-docs/cmd/helm-docs';
  };
  readonly actionlint: {
    readonly module: '.';
    readonly package: 'github.com/rhysd/actionlint/cmd/actionlint';
  };
  readonly 'kube-score': {
    readonly module: 'kube-score';
    readonly package: 'github.com/zegl/kube-score/cmd/kube-score';
  };
  readonly grpcurl: {
    readonly module: 'grpcurl';
    readonly package: 'github.com/fullstorydev/grpcurl/cmd/grpcurl';
  };
  readonly vegeta: {
    readonly module: 'vegeta';
    readonly package: 'github.com/tsenart/vegeta/v12';
  };
  readonly 'kubectl-validate': {
    readonly module: 'kubectl-validate';
    readonly package: 'sigs.k8s.io/kubectl-validate';
  };
};
export type ToolName = keyof typeof tools;
/** The path of a tool's binary, which is built first where it is not in the cache yet. */
export declare function toolPath(name: ToolName): string;
/** What a tool printed and how it ended. */
export type ToolResult = {
  readonly status: number;
  readonly stdout: string;
  readonly stderr: string;
};
/** Runs a tool to its end and gives what it printed; a status other than 0 is not an error here. */
export declare function runTool(
  name: ToolName,
  args: readonly string[],
  options?: {
    readonly cwd?: string;
    readonly input?: string;
  },
): ToolResult;
