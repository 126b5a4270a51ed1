/**
 * Reads a URL: redis://[[user][:password]@]host[:port][/database], rediss:// for TLS.
 *
 * Strict: what a URL says and we would ignore is an error. No message repeats what may be a password; one with
 * characters that are not percent-encoded can stand anywhere.
 */
import { ClientOptionsError } from '../errors.js';
import type { ServerAddress } from './connection-options.js';

const FORM = 'redis://user:password@host:port/database (rediss:// for TLS)';
const ENCODE = 'in user and password write @ : / ? # and % as %40 %3A %2F %3F %23 and %25';

/** The parts that are given; the rest has its defaults. Throws a ClientOptionsError. */
export function parseRedisUrl(text: string): ServerAddress {
  const url = toUrl(text);
  const problems: string[] = [];
  const address: ServerAddress = {};
  if (url.protocol === 'rediss:') address.tls = true;
  else if (url.protocol !== 'redis:')
    problems.push(`the scheme of the URL is ${url.protocol}//; write ${FORM}.`);
  if (url.hostname === '') problems.push(`the URL names no host; write ${FORM}, and ${ENCODE}.`);
  else address.host = url.hostname.replace(/^\[(.*)\]$/, '$1');
  if (url.port !== '') address.port = Number(url.port);
  const username = decoded(url.username, 'user name', problems);
  const password = decoded(url.password, 'password', problems);
  if (username !== '') address.username = username;
  if (password !== '') address.password = password;
  if (username !== '' && password === '')
    problems.push('the URL names a user and no password; write both, or :password@ for the default user.');
  readDatabase(url.pathname, address, problems);
  refuseRest(url, problems);
  if (problems.length > 0) throw new ClientOptionsError(problems);
  return address;
}

function toUrl(text: string): URL {
  try {
    return new URL(text);
  } catch {
    // The host's error holds the whole text, and so a password.
    throw new ClientOptionsError([`the URL cannot be read; write ${FORM}, and ${ENCODE}.`]);
  }
}

function decoded(part: string, name: string, problems: string[]): string {
  try {
    return decodeURIComponent(part);
  } catch {
    problems.push(`the ${name} in the URL has a % that begins no character; ${ENCODE}.`);
    return '';
  }
}

function readDatabase(path: string, address: ServerAddress, problems: string[]): void {
  if (path === '' || path === '/') return;
  if (/^\/\d{1,9}$/.test(path)) {
    address.database = Number(path.slice(1));
    return;
  }
  problems.push(
    `the path of the URL${shown(path)} is no database; write a number such as /0, or nothing; ${ENCODE}.`,
  );
}

function refuseRest(url: URL, problems: string[]): void {
  if (url.search !== '')
    problems.push(
      `the URL has parameters${shown(url.search)}, and there are none; give what they mean as options; ${ENCODE}.`,
    );
  if (url.hash !== '') problems.push(`the URL has a fragment${shown(url.hash)}; take it out; ${ENCODE}.`);
}

/** A part of the URL, unless it may hold the rest of a password. */
function shown(part: string): string {
  return part.includes('@') || part.includes(':') ? '' : ` '${part}'`;
}
