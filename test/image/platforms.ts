// Platforms that the image is for, named as docker names them.

export const PLATFORMS = ['linux/amd64', 'linux/arm64'] as const;

export type Platform = (typeof PLATFORMS)[number];

/** Of what runs in a build. */
export const buildPlatform = `linux/${process.arch === 'x64' ? 'amd64' : process.arch}`;

export const architectureOf = (platform: string): string => platform.replace('linux/', '');

/**
 * @param text separated by commas
 * @returns undefined for what the image cannot be built for
 */
export function parsePlatforms(text: string): readonly Platform[] | undefined {
  const names = [...new Set(text.split(','))];
  const known = PLATFORMS.filter((platform) => names.includes(platform));
  return known.length === names.length ? known : undefined;
}
