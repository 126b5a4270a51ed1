/** Addresses of hosts: what one is good for, in whatever way it is written, and how it stands with its port. */
import { BlockList, isIP } from 'node:net';

const loopback = new BlockList();
loopback.addSubnet('127.0.0.0', 8, 'ipv4');
loopback.addAddress('::1', 'ipv6');

const any = new BlockList();
any.addAddress('0.0.0.0', 'ipv4');
any.addAddress('::', 'ipv6');

/** HOST:PORT; an IPv6 address stands in brackets. */
export function addressText(host: string, port: number): string {
  return host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`;
}

/** Whether only processes of this machine can reach an address. */
export function isLoopback(host: string): boolean {
  return isIP(withoutZone(host)) === 0 ? host.toLowerCase() === 'localhost' : isIn(loopback, host);
}

/** Whether it stands for all addresses of a machine: to listen on, and none to connect to. */
export function isAnyAddress(host: string): boolean {
  return isIn(any, host);
}

/** The lists know IPv4 addresses also when they are mapped to IPv6. */
function isIn(list: BlockList, host: string): boolean {
  const address = withoutZone(host);
  const version = isIP(address);
  return version !== 0 && list.check(address, version === 4 ? 'ipv4' : 'ipv6');
}

/** The zone of an IPv6 address (%eth0) is no part of what is compared. */
function withoutZone(host: string): string {
  return host.split('%')[0];
}
