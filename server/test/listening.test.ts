// What a start says of a port that another process has.
import { expect, it } from 'vitest';
import { whyNotListening } from '../src/protocols/listening.ts';

const inUse = Object.assign(new Error('listen EADDRINUSE'), { code: 'EADDRINUSE' });

it.each([
  [
    'linux',
    5000,
    "Port 5000 on 0.0.0.0 is in use. Set PORT to another port (0 takes a free one), or stop the process that uses it: ss -ltnp 'sport = :5000' shows it.",
  ],
  [
    'darwin',
    5000,
    'Port 5000 on 0.0.0.0 is in use. Set PORT to another port (0 takes a free one), or stop the process that uses it: lsof -nP -iTCP:5000 -sTCP:LISTEN shows it. On macOS, it is often AirPlay Receiver, which System Settings, AirDrop & Handoff, switches off.',
  ],
  [
    'darwin',
    5001,
    'Port 5001 on 0.0.0.0 is in use. Set PORT to another port (0 takes a free one), or stop the process that uses it: lsof -nP -iTCP:5001 -sTCP:LISTEN shows it.',
  ],
  [
    'win32',
    5000,
    'Port 5000 on 0.0.0.0 is in use. Set PORT to another port (0 takes a free one), or stop the process that uses it.',
  ],
] as const)('on %s, port %d in use names the next step', (platform, port, message) => {
  const address = { host: '0.0.0.0', port, variable: 'PORT' };
  expect(whyNotListening(inUse, address, platform).message).toBe(message);
});
