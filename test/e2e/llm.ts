// A release that serves a language model by llama.cpp: what the suites of LLMs share.
import { copyFileSync, mkdirSync, rmSync } from 'node:fs';
import path from 'node:path';
import { inject } from 'vitest';
import { provider } from '../cluster/cluster.ts';
import { makeCacheClaim, removeCacheClaim } from './cache-claim.ts';
import { llamaServer, llamaServerArchive, tinyModel } from './llamacpp/images.ts';
import type { Namespace } from './namespace.ts';
import type { Values } from './release.ts';

/** Longest time of the first run, which compiles llama.cpp. */
export const hour = 3_600_000;

/** The model on a claim, and another claim for the cache, by folders of the node. */
export class LlmStore {
  readonly folder: string;
  private readonly namespace: Namespace;

  constructor(namespace: Namespace) {
    this.namespace = namespace;
    this.folder = path.join(inject('cluster').volumes ?? '', namespace.name);
  }

  /** Puts the server's image onto the node and the model into its folder, and makes the cache's claim. */
  async prepare(): Promise<void> {
    const say = (line: string) => console.error(line);
    await provider().loadImage(await llamaServerArchive(say));
    const [models, cache] = ['models/llama', 'cache'].map((name) => path.join(this.folder, name));
    mkdirSync(models ?? '', { recursive: true });
    copyFileSync(await tinyModel(), path.join(models ?? '', 'tiny.gguf'));
    await makeCacheClaim(this.namespace, cache ?? '');
  }

  async remove(): Promise<void> {
    await removeCacheClaim(this.namespace);
    rmSync(this.folder, { recursive: true, force: true });
  }

  /** The release's values, with these of the version. */
  values(version: Values = {}): Values {
    return {
      defaultVersion: 'llama',
      versions: {
        llama: {
          runtime: 'llamacpp',
          image: llamaServer,
          model: { source: 'pvc', name: 'tiny', file: 'tiny.gguf' },
          cache: { existingClaim: 'cache' },
          extraArgs: ['--ctx-size', '16384', '--parallel', '2'],
          resources: {
            requests: { cpu: '100m', memory: '256Mi' },
            limits: { cpu: '1', memory: '1Gi' },
          },
          autoscaling: { type: 'none' },
          ...version,
        },
      },
      modelStore: {
        enabled: true,
        accessModes: ['ReadOnlyMany'],
        persistentVolume: {
          enabled: true,
          source: { hostPath: { path: path.join(this.folder, 'models') } },
        },
      },
    };
  }
}
