// Where the programs of threads are.

/**
 * A thread's program lies beside the module that starts it: as TypeScript in the source tree, bundled in the image.
 * @param starter that module's import.meta.url
 */
export function programBeside(starter: string, name: string): URL {
  return new URL(`./${name}.${starter.endsWith('.ts') ? 'ts' : 'js'}`, starter);
}
