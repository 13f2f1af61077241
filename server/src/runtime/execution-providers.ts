// Which execution providers of ONNX Runtime work here: asked with the smallest of models, before the real one is loaded.
import { ModelLoadError } from './session.ts';

export interface Providers {
  /** What runs get, in order of preference. The last is always the CPU, which takes what the others cannot. */
  readonly usable: readonly string[];
  /** What was asked for and does not work, and why not. */
  readonly missing: readonly { readonly provider: string; readonly reason: string }[];
}

/** One Identity over one float, as ONNX: 63 bytes. */
const SMALLEST_MODEL = Buffer.from(
  'CAg6NwoQCgF4EgF5IghJZGVudGl0eRIBZ1oPCgF4EgoKCAgBEgQKAggBYg8KAXkSCgoICAESBAoCCAFCAhAN',
  'base64',
);

/** Settings, by the names of their environment variables. */
export interface ProviderSettings {
  /** In order of preference. */
  readonly EXECUTION_PROVIDERS: readonly string[];
  /** Whether to go on without those that do not work here. */
  readonly EXECUTION_PROVIDER_FALLBACK: 'on' | 'off';
}

/** @throws ModelLoadError for a provider that does not work, unless falling back is allowed */
export async function chooseProviders({
  EXECUTION_PROVIDERS,
  EXECUTION_PROVIDER_FALLBACK,
}: ProviderSettings): Promise<Providers> {
  const usable: string[] = [];
  const missing: { provider: string; reason: string }[] = [];
  for (const provider of EXECUTION_PROVIDERS.filter((name) => name !== 'cpu')) {
    const reason = await whyUnusable(provider);
    if (reason === undefined) usable.push(provider);
    else if (EXECUTION_PROVIDER_FALLBACK === 'on') missing.push({ provider, reason });
    else
      throw new ModelLoadError(
        `EXECUTION_PROVIDERS names ${provider}, which does not work here: ${reason} (the line before this, ONNX Runtime's own, may name the library that is missing). It needs the CUDA variant of the image, a GPU and its driver (docs/gpu.md). Set EXECUTION_PROVIDER_FALLBACK=on to serve without it, or EXECUTION_PROVIDERS=cpu.`,
      );
  }
  return { usable: [...usable, 'cpu'], missing };
}

async function whyUnusable(provider: string): Promise<string | undefined> {
  const { InferenceSession } = await import('onnxruntime-node');
  try {
    const session = await InferenceSession.create(SMALLEST_MODEL, {
      executionProviders: [provider],
    });
    await session.release();
    return undefined;
  } catch (error) {
    return (error instanceof Error ? error.message : String(error)).trim().replace(/\.$/, '');
  }
}
