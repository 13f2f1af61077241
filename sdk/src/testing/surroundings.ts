// What the server's process gets of the environment of the tests: what any process needs, and nothing that would be a setting. PORT or
// LOG_LEVEL of the service under test mean something to the server, too, and a test has to mean the same on every machine.
const PASSED_ON = [
  'PATH',
  'HOME',
  'TMPDIR',
  'TEMP',
  'TMP',
  'TZ',
  'LANG',
  'XDG_CACHE_HOME',
  'LD_LIBRARY_PATH',
  'NODE_EXTRA_CA_CERTS',
  'HTTP_PROXY',
  'HTTPS_PROXY',
  'NO_PROXY',
  // Windows
  'SYSTEMROOT',
  'USERPROFILE',
  'APPDATA',
  'LOCALAPPDATA',
];

export function surroundings(
  env: Readonly<Record<string, string | undefined>> = process.env,
): Record<string, string | undefined> {
  // Windows' names have any case, and so do those of proxies.
  return Object.fromEntries(
    Object.entries(env).filter(([name]) => PASSED_ON.includes(name.toUpperCase())),
  );
}
