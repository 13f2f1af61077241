// All commands of `ml-api`, for its program, for --help and for shells.
import type { Entry } from './command.ts';

/** In the order of --help. */
export const COMMANDS: Readonly<Record<string, Entry>> = {
  init: {
    summary:
      'Create a project for a model, with everything needed to serve it here and on Kubernetes.',
    load: async () => (await import('./init/init.ts')).initCommand,
  },
  serve: {
    summary: 'Serve one ONNX model over HTTP (the default).',
    load: async () => (await import('./serve/serve.ts')).serveCommand,
  },
  fetch: {
    summary: 'Download a model from an object store, a registry or the web into a directory.',
    load: async () => (await import('./fetch/fetch.ts')).fetchCommand,
  },
  inspect: {
    summary: 'Print the inputs and outputs of an ONNX file, and a model.json to start from.',
    load: async () => (await import('./inspect.ts')).inspectCommand,
  },
  verify: {
    summary: 'Replay golden predictions against running servers, as `helm test` does.',
    load: async () => (await import('./verify/verify.ts')).verifyCommand,
  },
  gate: {
    summary: "Check whether a version may get more requests, as the chart's promotion gate does.",
    load: async () => (await import('./gate/gate.ts')).gateCommand,
  },
  completion: {
    summary: 'Print a shell completion script for bash, zsh or fish.',
    load: async () => (await import('./completion/completion.ts')).completionCommand,
  },
};

/** Names that commands had before, which init containers of older charts use. */
export const ALIASES: Readonly<Record<string, string>> = { 'fetch-model': 'fetch' };
