/** CLIENT TRACKING and what belongs to it. What tracking does: ../tracking.ts. */
import type { Request, SubcommandName } from '../../resp/index.js';
import { MAX_KEY_BYTES } from '../../store/index.js';
import { redirectOf } from '../client-line.js';
import type { Handler, Session } from '../session.js';
import type { TrackingOptions, TrackingState } from '../tracking.js';

const SYNTAX = 'ERR syntax error';
/** Prefixes of one client: every change of a key is compared with each. */
const MAX_PREFIXES = 4096;
const MAX_PREFIXES_BYTES = 1024 * 1024;
const LONG_PREFIX = `ERR PREFIX is longer than ${MAX_KEY_BYTES} bytes, which is the longest key there can be`;
const MANY_PREFIXES = `ERR A client can have at most ${MAX_PREFIXES} prefixes, together at most ${MAX_PREFIXES_BYTES} bytes long`;
const SWITCHES_BROADCAST =
  "ERR You can't switch BCAST mode on/off before disabling tracking for this client, and then re-enabling it with a different mode.";
const SWITCHES_OPT =
  "ERR You can't switch OPTIN/OPTOUT mode before disabling tracking for this client, and then re-enabling it with a different mode.";

export const clientTrackingHandlers = {
  'client|tracking'(session, request) {
    const wanted = readOptions(session, request);
    if (wanted === undefined) return;
    if (request.is(2, 'ON')) {
      const problem = problemWith(session, wanted);
      if (problem !== '') {
        session.out.error(problem);
        return;
      }
      session.node.tracking.enable(session, wanted, wanted.prefixes);
    } else if (request.is(2, 'OFF')) {
      session.node.tracking.forget(session);
    } else {
      session.out.error(SYNTAX);
      return;
    }
    session.out.ok();
  },

  'client|caching'(session, request) {
    const { tracking, out } = session;
    const problem = cachingProblem(tracking, request);
    if (tracking === undefined || problem !== '') {
      out.error(problem);
      return;
    }
    tracking.caching = true;
    out.ok();
  },

  'client|getredir': (session) => session.out.integer(redirectOf(session)),

  'client|trackinginfo'(session) {
    const { tracking, out } = session;
    const flags = infoFlags(tracking);
    out.map(3);
    out.bulkText('flags');
    out.set(flags.length);
    for (const flag of flags) out.bulkText(flag);
    out.bulkText('redirect');
    out.integer(redirectOf(session));
    out.bulkText('prefixes');
    const prefixes = [...(tracking?.prefixes ?? [])].sort();
    out.array(prefixes.length);
    for (const prefix of prefixes) out.bulkText(prefix);
  },
} satisfies Partial<Record<SubcommandName<'client'>, Handler>>;

type Wanted = TrackingOptions & { readonly prefixes: readonly string[] };

/** Undefined: the error is written. */
function readOptions(session: Session, request: Request): Wanted | undefined {
  const wanted = {
    broadcast: false,
    optIn: false,
    optOut: false,
    noLoop: false,
    redirect: 0,
    prefixes: [] as string[],
  };
  const { out } = session;
  for (let i = 3; i < request.count; i++) {
    const hasValue = i + 1 < request.count;
    if (request.is(i, 'REDIRECT') && hasValue) {
      if (wanted.redirect !== 0) {
        out.error('ERR A client can only redirect to a single other client');
        return undefined;
      }
      const id = request.bigInteger(++i);
      if (id === undefined) {
        out.error('ERR value is not an integer or out of range');
        return undefined;
      }
      wanted.redirect = Number(id);
      // Here already, so that a missing client is told at once; it may still go later.
      if (session.node.sessions.find(wanted.redirect) === undefined) {
        out.error('ERR The client ID you want redirect to does not exist');
        return undefined;
      }
    } else if (request.is(i, 'BCAST')) wanted.broadcast = true;
    else if (request.is(i, 'OPTIN')) wanted.optIn = true;
    else if (request.is(i, 'OPTOUT')) wanted.optOut = true;
    else if (request.is(i, 'NOLOOP')) wanted.noLoop = true;
    else if (request.is(i, 'PREFIX') && hasValue) {
      if (request.lengths[++i] > MAX_KEY_BYTES) {
        out.error(LONG_PREFIX);
        return undefined;
      }
      wanted.prefixes.push(request.text(i));
    } else {
      out.error(SYNTAX);
      return undefined;
    }
  }
  return wanted;
}

/** Why tracking cannot be switched on like this; ''  = it can. In the order of Redis. */
function problemWith(session: Session, wanted: Wanted): string {
  const current = session.tracking;
  if (!wanted.broadcast && wanted.prefixes.length > 0)
    return 'ERR PREFIX option requires BCAST mode to be enabled';
  if (current !== undefined && current.broadcast !== wanted.broadcast) return SWITCHES_BROADCAST;
  if (wanted.broadcast && (wanted.optIn || wanted.optOut))
    return 'ERR OPTIN and OPTOUT are not compatible with BCAST';
  if (wanted.optIn && wanted.optOut) return "ERR You can't specify both OPTIN mode and OPTOUT mode";
  if ((wanted.optIn && current?.optOut === true) || (wanted.optOut && current?.optIn === true))
    return SWITCHES_OPT;
  return wanted.broadcast ? prefixProblem(wanted.prefixes, current?.prefixes ?? new Set()) : '';
}

function prefixProblem(prefixes: readonly string[], existing: ReadonlySet<string>): string {
  const all = [...existing, ...prefixes];
  const bytes = all.reduce((sum, prefix) => sum + prefix.length, 0);
  if (all.length > MAX_PREFIXES || bytes > MAX_PREFIXES_BYTES) return MANY_PREFIXES;
  const overlapping = overlappingOf(all);
  const at = prefixes.findIndex((prefix) => overlapping.has(prefix));
  if (at < 0) return '';
  const prefix = prefixes[at];
  const overlaps = (other: string): boolean => prefix.startsWith(other) || other.startsWith(prefix);
  const old = [...existing].sort().find(overlaps);
  if (old !== undefined) return collisionText(prefix, 'an existing', old);
  return collisionText(prefix, 'another provided', prefixes.slice(at + 1).find(overlaps) ?? prefix);
}

/**
 * Which texts of a list start with another one, or start another. Those of one client must not: it would be told
 * twice. In the order of their bytes what starts with a text follows it at once, so one walk finds them all.
 */
function overlappingOf(texts: readonly string[]): ReadonlySet<string> {
  const found = new Set<string>();
  /** The texts that the one at hand starts with, the longest last. */
  const starts: string[] = [];
  for (const text of [...texts].sort()) {
    let longest = starts.at(-1);
    while (longest !== undefined && !text.startsWith(longest)) {
      starts.pop();
      longest = starts.at(-1);
    }
    if (longest !== undefined) found.add(text).add(longest);
    starts.push(text);
  }
  return found;
}

function collisionText(prefix: string, which: string, other: string): string {
  return `ERR Prefix '${prefix}' overlaps with ${which} prefix '${other}'. Prefixes for a single client must not overlap.`;
}

function cachingProblem(tracking: TrackingState | undefined, request: Request): string {
  if (tracking === undefined) {
    return 'ERR CLIENT CACHING can be called only when the client is in tracking mode with OPTIN or OPTOUT mode enabled';
  }
  if (request.is(2, 'YES')) {
    return tracking.optIn
      ? ''
      : 'ERR CLIENT CACHING YES is only valid when tracking is enabled in OPTIN mode.';
  }
  if (request.is(2, 'NO')) {
    return tracking.optOut
      ? ''
      : 'ERR CLIENT CACHING NO is only valid when tracking is enabled in OPTOUT mode.';
  }
  return SYNTAX;
}

function infoFlags(tracking: TrackingState | undefined): string[] {
  if (tracking === undefined) return ['off'];
  const flags = ['on'];
  if (tracking.broadcast) flags.push('bcast');
  if (tracking.optIn) flags.push('optin', ...(tracking.caching ? ['caching-yes'] : []));
  if (tracking.optOut) flags.push('optout', ...(tracking.caching ? ['caching-no'] : []));
  if (tracking.noLoop) flags.push('noloop');
  if (tracking.brokenRedirect) flags.push('broken_redirect');
  return flags;
}
