// Loaded into a server under a short soak: SIGUSR2 collects its garbage, so that what is kept can be seen.
process.on('SIGUSR2', () => globalThis.gc());
