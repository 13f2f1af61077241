// Loaded into the server's process before its program: the server ends when the process that has started it has gone, however that
// ended. The channel between the two is closed by the kernel then, so that a test that is killed leaves no server behind.

/** How long the server may take to end by itself, in milliseconds. */
const GRACE_MS = 5000;

// Threads of the server load this, too, and have no channel.
if (process.channel) {
  process.once('disconnect', () => {
    process.kill(process.pid, 'SIGTERM');
    setTimeout(() => process.kill(process.pid, 'SIGKILL'), GRACE_MS).unref();
  });
  process.channel.unref(); // it keeps no server running that would end
}
