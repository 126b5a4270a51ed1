/**
 * Parameters that Redis has and that change nothing here. Tools and set-up scripts read and set them all the same.
 *
 *   remembered   tunes what this node does in another way: whatever Redis takes is accepted, and told by CONFIG GET
 *   fixed        asks for something that this node does not do, so that OK would be a lie: only the value that says
 *                so is accepted (`appendonly no`), any other is an error with the reason
 */
import { MAX_INT32, type Parameter, parseInteger, wordProblem } from './config-parameter.js';

const yesNo = ['yes', 'no'];
const evictionPolicies = [
  'volatile-lru',
  'volatile-lfu',
  'volatile-random',
  'volatile-ttl',
  'allkeys-lru',
  'allkeys-lfu',
  'allkeys-random',
  'noeviction',
];
/** Asked once: it may be deleted later, and then the system has no answer. */
const workingDirectory = process.cwd();
const noPersistence = 'a cache keeps nothing on disk';
const noReplicas = 'a lone node has no replicas';
/** Redis takes any rate and keeps it within these. */
const MIN_HZ = 1;
const MAX_HZ = 500;

/** An integer that is only remembered; `keep` is how Redis changes what it is given. */
function rememberedInteger(
  name: string,
  min: number,
  max: number,
  initial: number,
  keep = (value: number): number => value,
): Parameter {
  return {
    name,
    sort: 'remembered',
    get: ({ config }) => config.remembered.get(name) ?? String(initial),
    set: ({ config }, text) =>
      parseInteger(text, min, max, (value) => config.remembered.set(name, String(keep(value)))),
  };
}

/** One of several words that is only remembered. */
function rememberedWord(name: string, words: readonly string[], initial: string): Parameter {
  return {
    name,
    sort: 'remembered',
    get: ({ config }) => config.remembered.get(name) ?? initial,
    set: ({ config }, text) => {
      const problem = wordProblem(text, words);
      return problem === undefined
        ? { apply: () => config.remembered.set(name, text.toLowerCase()) }
        : { problem };
    },
  };
}

/** One of several words, of which this node has one. */
function fixedWord(name: string, words: readonly string[], value: string, reason: string): Parameter {
  const only = fixed(name, value, reason);
  return {
    ...only,
    set: (node, text) => {
      const problem = wordProblem(text, words);
      return problem === undefined ? only.set(node, text) : { problem };
    },
  };
}

function fixed(name: string, value: string, reason: string): Parameter & Required<Pick<Parameter, 'set'>> {
  return {
    name,
    sort: 'fixed',
    only: value,
    reason,
    get: () => value,
    set: (_node, text) => (text.toLowerCase() === value ? { apply: () => {} } : { problem: reason }),
  };
}

/** Redis lets nobody change where it writes its files while it runs. */
function isProtected(name: string, get: () => string): Parameter {
  return { name, sort: 'immutable', get, set: () => ({ problem: "can't set protected config" }) };
}

export const inertParameters: readonly Parameter[] = [
  rememberedInteger('maxmemory-samples', 1, MAX_INT32, 5),
  rememberedInteger('maxmemory-eviction-tenacity', 0, 100, 10),
  rememberedInteger('lfu-log-factor', 0, MAX_INT32, 10),
  rememberedInteger('lfu-decay-time', 0, MAX_INT32, 1),
  rememberedInteger('hz', 0, MAX_INT32, 10, (hz) => Math.min(MAX_HZ, Math.max(MIN_HZ, hz))),
  rememberedWord('dynamic-hz', yesNo, 'yes'),
  rememberedInteger('active-expire-effort', 1, 10, 1),
  rememberedWord('activerehashing', yesNo, 'yes'),
  rememberedWord('activedefrag', yesNo, 'yes'),
  rememberedWord('appendfsync', ['everysec', 'always', 'no'], 'everysec'),
  rememberedWord('no-appendfsync-on-rewrite', yesNo, 'no'),
  rememberedWord('stop-writes-on-bgsave-error', yesNo, 'no'),
  rememberedWord('rdbcompression', yesNo, 'no'),
  rememberedWord('lazyfree-lazy-eviction', yesNo, 'yes'),
  rememberedWord('lazyfree-lazy-expire', yesNo, 'yes'),
  rememberedWord('lazyfree-lazy-server-del', yesNo, 'yes'),
  rememberedWord('lazyfree-lazy-user-del', yesNo, 'yes'),
  rememberedWord('lazyfree-lazy-user-flush', yesNo, 'yes'),
  fixedWord('maxmemory-policy', evictionPolicies, 'allkeys-lru', 'the policy is always allkeys-lru'),
  fixed('save', '', noPersistence),
  fixedWord('appendonly', yesNo, 'no', noPersistence),
  fixedWord('protected-mode', yesNo, 'yes', 'beyond loopback a password is always required'),
  fixed('notify-keyspace-events', '', 'keyspace notifications are not available; use CLIENT TRACKING'),
  fixed('replicaof', '', noReplicas),
  fixed('slaveof', '', noReplicas),
  fixed('repl-backlog-size', '0', noReplicas),
  fixed('min-replicas-to-write', '0', noReplicas),
  isProtected('dir', () => workingDirectory),
  // The usual name, so that who puts it behind `dir` gets the path of a file; there is none.
  isProtected('dbfilename', () => 'dump.rdb'),
];
