// An image's files, run as on a machine with another architecture: by QEMU's user mode, which needs no rights.
import { execFileSync } from 'node:child_process';
import { chmodSync, mkdirSync, mkdtempSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { blob } from '../../release/platforms/image-files.ts';

const QEMU = 'qemu-aarch64-static';

/** Whether arm64 can be emulated here. */
export function emulatesArm64(): boolean {
  try {
    execFileSync(QEMU, ['--version'], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
}

export interface EmulatedImage {
  /** Where its files are. */
  readonly root: string;
  /** Starts its Node. */
  readonly node: readonly string[];
}

/**
 * @param digest of the manifest of an image for arm64
 * @param folder that its files go to
 */
export function emulate(layout: string, digest: string, folder: string): EmulatedImage {
  const root = mkdtempSync(path.join(folder, 'emulated-'));
  for (const layer of blob(layout, digest).layers)
    execFileSync('tar', [
      ...['-xzf', path.join(layout, 'blobs', layer.digest.replace(':', '/'))],
      ...['--no-same-owner', '-C', root],
    ]);
  // ONNX Runtime looks here for what the processor can do, and crashes on what x86 has. QEMU opens files of the root first.
  mkdirSync(path.join(root, 'proc'), { recursive: true });
  chmodSync(path.join(root, 'proc'), 0o755);
  writeFileSync(
    path.join(root, 'proc/cpuinfo'),
    `${[
      'processor\t: 0',
      'Features\t: fp asimd evtstrm aes pmull sha1 sha2 crc32 cpuid',
      'CPU implementer\t: 0x41',
      'CPU architecture: 8',
      'CPU variant\t: 0x0',
      'CPU part\t: 0xd08', // Cortex-A72
      'CPU revision\t: 3',
    ].join('\n')}\n\n`,
  );
  const program = path.join(root, 'usr/local/bin/node');
  return { root, node: [QEMU, '-cpu', 'cortex-a72', '-L', root, program] };
}
