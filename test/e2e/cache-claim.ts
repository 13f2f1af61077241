// A claim that all pods of a namespace may write to, on a folder of the node.
import { chmodSync, mkdirSync } from 'node:fs';
import type { Namespace } from './namespace.ts';

/** Makes the claim `cache`, and its folder. */
export async function makeCacheClaim(namespace: Namespace, folder: string): Promise<void> {
  mkdirSync(folder, { recursive: true });
  chmodSync(folder, 0o777); // hostPath takes no fsGroup
  const name = `${namespace.name}-cache`;
  const claim = { accessModes: ['ReadWriteMany'], storageClassName: '' };
  await namespace.apply(
    {
      apiVersion: 'v1',
      kind: 'PersistentVolume',
      metadata: { name },
      spec: { ...claim, capacity: { storage: '1Gi' }, hostPath: { path: folder } },
    },
    {
      apiVersion: 'v1',
      kind: 'PersistentVolumeClaim',
      metadata: { name: 'cache' },
      spec: { ...claim, volumeName: name, resources: { requests: { storage: '1Gi' } } },
    },
  );
}

export async function removeCacheClaim(namespace: Namespace): Promise<void> {
  const volume = `persistentvolume/${namespace.name}-cache`;
  await namespace.kubectl(['delete', 'persistentvolumeclaim/cache', volume, '--ignore-not-found']);
}
