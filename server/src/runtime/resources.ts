// What the container is granted. Node's os.availableParallelism() does not know a cgroup v1 CPU quota.
import { readFileSync } from 'node:fs';
import { availableParallelism, totalmem } from 'node:os';

export interface Resources {
  /** CPUs that this process may use, as a fraction: 0.5 for a limit of 500m. */
  readonly cpus: number;
  /** Bytes of memory that this process may use. */
  readonly memoryBytes: number;
}

/**
 * Reads the CPU and memory limit of the process's cgroup, version 2 or 1, as a container sees it.
 * @param root where the cgroup file system is mounted
 */
export function readResources(root = '/sys/fs/cgroup'): Resources {
  const cpuLimit = cpuLimitV2(root) ?? cpuLimitV1(root) ?? Infinity;
  const memoryLimit =
    number(read(`${root}/memory.max`)) ??
    number(read(`${root}/memory/memory.limit_in_bytes`)) ??
    Infinity;
  return {
    cpus: Math.min(cpuLimit, availableParallelism()),
    memoryBytes: Math.min(memoryLimit, totalmem()),
  };
}

function cpuLimitV2(root: string): number | undefined {
  const [quota, period] = (read(`${root}/cpu.max`) ?? '').split(' '); // "50000 100000", or "max 100000"
  return ratio(quota, period);
}

function cpuLimitV1(root: string): number | undefined {
  // A quota of -1 means none.
  return ratio(read(`${root}/cpu/cpu.cfs_quota_us`), read(`${root}/cpu/cpu.cfs_period_us`));
}

function ratio(quota: string | undefined, period: string | undefined): number | undefined {
  const [q, p] = [number(quota), number(period)];
  return q !== undefined && p !== undefined && q > 0 && p > 0 ? q / p : undefined;
}

function number(text: string | undefined): number | undefined {
  return text !== undefined && /^\d+$/.test(text) ? Number(text) : undefined;
}

function read(file: string): string | undefined {
  try {
    return readFileSync(file, 'utf8').trim();
  } catch {
    return undefined; // not this cgroup version, or no cgroup at all
  }
}
