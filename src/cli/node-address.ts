/**
 * How people name a node of a cluster: by the address for its clients, and the port of its bus where that is not port + 10000.
 *
 *   10.0.0.1:6379   10.0.0.1   cache-1.example.com:7000   [fd00::1]:6379   10.0.0.1:60000@40000
 *
 * The last form is how CLUSTER NODES writes it.
 */
import { isIP, isIPv6 } from 'node:net';

export interface NodeAddress {
  readonly host: string;
  readonly port: number;
  readonly busPort: number;
}

/** As the node has it; its code is not loaded for a constant. */
export const BUS_PORT_OFFSET = 10_000;
/** Where a node listens that was told nothing. */
export const DEFAULT_PORT = 6379;
const MAX_PORT = 65_535;

export const NODE_ADDRESS_FORM = 'HOST:PORT, or HOST:PORT@BUSPORT where the bus is not at the port + 10000';

/** The address, or what is wrong with it: "is ...". */
export function parseNodeAddress(text: string): NodeAddress | { readonly problem: string } {
  const [, bracketed, name, portText, busText] =
    /^(?:\[([^\]]*)\]|([^:@\s]+))(?::(\d{1,5}))?(?:@(\d{1,5}))?$/.exec(text.trim()) ?? [];
  const host = bracketed ?? name;
  if (host === undefined || !(bracketed === undefined ? isName(host) : isIPv6(host))) {
    const bare = isIPv6(text.trim()) ? ': an IPv6 address stands in brackets, [::1]:6379' : '';
    return { problem: `is no address of a node${bare}` };
  }
  const port = portText === undefined ? DEFAULT_PORT : Number(portText);
  if (port < 1 || port > MAX_PORT) return { problem: `has the port ${port}: ports are 1 to ${MAX_PORT}` };
  const busPort = busText === undefined ? port + BUS_PORT_OFFSET : Number(busText);
  if (busPort < 1 || (busText !== undefined && busPort > MAX_PORT))
    return { problem: `has the bus port ${busPort}: ports are 1 to ${MAX_PORT}` };
  if (busPort > MAX_PORT)
    return {
      problem: `has no port ${BUS_PORT_OFFSET} above it for its bus: write ${addressText(host, port)}@BUSPORT`,
    };
  return { host, port, busPort };
}

/** As a user would write it. */
export function nodeAddressText({ host, port, busPort }: NodeAddress): string {
  return `${addressText(host, port)}${busPort === port + BUS_PORT_OFFSET ? '' : `@${busPort}`}`;
}

/** HOST:PORT as nodes tell it of each other; the host may be an IPv6 address in brackets. */
export function splitAddress(text: string): { readonly host: string; readonly port: number } | undefined {
  const [, bracketed, name, digits] = /^(?:\[([^\]]+)\]|([^:@\s]+)):(\d{1,5})$/.exec(text) ?? [];
  const host = bracketed ?? name;
  const port = Number(digits);
  return host === undefined || port < 1 || port > MAX_PORT ? undefined : { host, port };
}

export function addressText(host: string, port: number): string {
  return isIPv6(host) ? `[${host}]:${port}` : `${host}:${port}`;
}

/** An address or a name to connect to: the addresses that mean "all" are for listening, and this machine is one of all. */
export function reachableHost(host: string): string {
  if (host === '0.0.0.0') return '127.0.0.1';
  return host === '::' ? '::1' : host;
}

/** RFC 1123; a last label of digits alone is a mistyped address. */
export function isHostName(name: string): boolean {
  if (/(^|\.)\d+$/.test(name)) return false;
  return (
    name.length <= 253 &&
    name.split('.').every((label) => /^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/i.test(label))
  );
}

function isName(host: string): boolean {
  return isIP(host) !== 0 || isHostName(host);
}
