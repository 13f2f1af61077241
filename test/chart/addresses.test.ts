// What the chart takes for addresses and search domains of a pod is what Kubernetes takes: its own validation is asked about each.
import { afterAll, expect, test } from 'vitest';
import { startAdmitter } from './admit.ts';
import { faultsOf } from './faults.ts';

const admitter = startAdmitter();
afterAll(() => admitter.close());

/** The admission of a release whose pods look names up like this; Kubernetes' faults are none of ours. */
async function admit(versionDefaults: object) {
  const rendering = {
    release: 'ml-api',
    namespace: 'models',
    upgrade: false,
    values: { versionDefaults },
  };
  const admission = await admitter.admit(rendering);
  expect(faultsOf(rendering, admission)).toEqual([]);
  return 'refused' in admission ? admission.refused : 'admitted';
}

const zeros = (count: number) => Array.from({ length: count }, () => '0').join(':');

test.each([
  '0.0.0.0',
  '255.255.255.255',
  '::',
  '::1',
  '1::',
  '2001:db8:1:2::53',
  '2001:db8:1:2:3:4:5:53',
  '2001:DB8::53',
  '1:2:3:4:5:6:7::',
  '::2:3:4:5:6:7:8',
  '1::3:4:5:6:7:8',
  'fe80:0:0:0:0:0:0:0abc',
  '64:ff9b::192.0.2.33',
  '1:2:3:4:5:6:192.0.2.33',
  '::192.0.2.33',
  '::fffe:1.2.3.4',
  '::ffff:0:1.2.3.4',
  'ffff::1.2.3.4',
])('takes the address %s', async (address) => {
  expect(
    await admit({
      dnsConfig: { nameservers: [address] },
      hostAliases: [{ ip: address, hostnames: ['a'] }],
    }),
  ).toBe('admitted');
});

test.each([
  '',
  '1.2.3',
  '1.2.3.256',
  '01.2.3.4',
  '1.2.3.4.5',
  ':',
  ':::',
  '1::2::3',
  '1:2:3:4:5:6:7',
  '1:2:3:4:5:6:7:8:9',
  '1:2:3:4::5:6:7:8',
  '1:2:3:4:5:6:7:1.2.3.4',
  '::1:2:3:4:5:6:1.2.3.4',
  '12345::',
  'fe80::1%eth0',
  '[::1]',
  '::1.2.3',
  '::1.2.3.4:5',
  // Kubernetes 1.36 and newer
  '::ffff:1.2.3.4',
  '::FFFF:102:304',
  '0::0:ffff:1.2.3.4',
  `${zeros(5)}:ffff:1.2.3.4`,
  `${zeros(5)}:ffff::`,
  `${zeros(5)}:ffff::1`,
])('refuses the address %j', async (address) => {
  for (const values of [
    { dnsConfig: { nameservers: [address] } },
    { hostAliases: [{ ip: address, hostnames: ['a'] }] },
  ])
    expect(await admit(values)).toMatch(/dnsConfig.nameservers|hostAliases|dnsConfig.*nameservers/);
});

const long = (length: number) =>
  Array.from({ length: Math.ceil(length / 10) }, () => 'a'.repeat(9))
    .join('.')
    .slice(0, length);

test.each([
  ['the root', ['.']],
  ['a dot at the end', ['models.internal.']],
  ['underscores', ['_x.y', '_tcp.a_b.c']],
  ['the longest names', [long(253), `${long(253)}.`]],
  ['many', Array.from({ length: 32 }, (_, i) => `n${i}.internal`)],
  ['2048 characters', [...Array.from({ length: 8 }, () => long(253)), long(16)]],
])('takes search domains: %s', async (_what, searches) => {
  expect(await admit({ dnsConfig: { searches } })).toBe('admitted');
});

test.each([
  ['none', ['']],
  ['two dots', ['a..b']],
  ['two dots at the end', ['a..']],
  ['a dot at the beginning', ['.a']],
  ['capital letters', ['A.b']],
  ['an underscore at the end', ['a_']],
  ['too long a name', [long(254).replace(/.$/, 'a')]],
  ['too many', Array.from({ length: 33 }, () => 'a')],
  ['2049 characters', [...Array.from({ length: 8 }, () => long(253)), long(17)]],
])('refuses search domains: %s', async (_what, searches) => {
  expect(await admit({ dnsConfig: { searches } })).toMatch(/dnsConfig.searches/);
});
