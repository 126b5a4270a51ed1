/**
 * A network of namespaces on this machine: each place has one, with an address of its own, on one of two bridges.
 *
 *   root ──┐                    node 0 ── n0 ┐
 *          ├── hub: bridge here ──────────── ├ ... client a
 *          │        bridge there ─── those who are cut off, among themselves
 *
 * A cut moves ports to the other bridge: packets are lost without a word, as in a switch that is broken, and both sides go on among
 * themselves. A one-way cut is a route of the node's own that leads nowhere: it hears, and is not heard.
 *
 * Needs root and iproute2. Whatever it makes has the process's id in its name; what a process that died left is taken away by the next.
 */
import { spawnSync } from 'node:child_process';
import { readdirSync } from 'node:fs';

const PREFIX = 'nhchaos';
const ROOT_HOST = 254;
const PORT = 6379;

/** Why there can be no such network here, in one line; undefined if there can. */
export function networkProblem(): string | undefined {
  if (process.platform !== 'linux') return 'network namespaces are missing: they need Linux';
  if (process.getuid?.() !== 0) return 'network namespaces need root: run it as root';
  if (spawnSync('ip', ['-V'], { stdio: 'ignore' }).status !== 0)
    return 'ip is missing: apt-get install iproute2';
  return undefined;
}

export interface Place {
  readonly name: string;
  readonly host: string;
  /** Of a node there. */
  readonly port: number;
  /** What to put before a command to run it there. */
  readonly prefix: readonly string[];
}

/** Places, and what can be done to the ways between them. */
export interface Net {
  readonly places: readonly Place[];
  cutOff(places: readonly Place[]): void;
  heal(places: readonly Place[]): void;
  mute(place: Place, others: readonly Place[]): void;
  unmute(place: Place): void;
  destroy(): void;
}

export class Network implements Net {
  readonly places: readonly Place[];
  readonly #net: string;
  readonly #hub: string;
  readonly #rootLink = `${PREFIX}${process.pid}`.slice(0, 15);
  readonly #blackholes = new Map<Place, readonly string[]>();

  /** `names`: short, each a place. */
  constructor(names: readonly string[]) {
    sweep();
    this.#net = `10.213.${process.pid % 256}`;
    this.#hub = this.#space('hub');
    this.places = names.map((name, i) => {
      const space = this.#space(name);
      return { name, host: `${this.#net}.${i + 1}`, port: PORT, prefix: ['ip', 'netns', 'exec', space] };
    });
    try {
      this.#make();
    } catch (error) {
      this.destroy();
      throw error;
    }
  }

  /** These are cut off from all others; between them all goes on. */
  cutOff(places: readonly Place[]): void {
    this.#move(places, 'there');
  }

  heal(places: readonly Place[]): void {
    this.#move(places, 'here');
  }

  /** Nothing that this place sends reaches those. */
  mute(place: Place, others: readonly Place[]): void {
    const hosts = others.map(({ host }) => host);
    this.#blackholes.set(place, hosts);
    ip(hosts.map((host) => `route add blackhole ${host}/32`).join('\n'), this.#space(place.name));
  }

  unmute(place: Place): void {
    const hosts = this.#blackholes.get(place) ?? [];
    this.#blackholes.delete(place);
    ip(hosts.map((host) => `route del blackhole ${host}/32`).join('\n'), this.#space(place.name));
  }

  destroy(): void {
    removeSpaces(`${PREFIX}-${process.pid}-`);
    // Its other end has gone with the namespace; it may be a moment behind.
    spawnSync('ip', ['link', 'del', this.#rootLink], { stdio: 'ignore' });
  }

  #space(name: string): string {
    return `${PREFIX}-${process.pid}-${name}`;
  }

  #make(): void {
    const hub = this.#hub;
    ip(
      [hub, ...this.places.map(({ name }) => this.#space(name))].map((one) => `netns add ${one}`).join('\n'),
    );
    ip(['here', 'there'].map((name) => `link add ${name} type bridge\nlink set ${name} up`).join('\n'), hub);
    ip(`link add ${this.#rootLink} type veth peer name root netns ${hub}
addr add ${this.#net}.${ROOT_HOST}/24 dev ${this.#rootLink}
link set ${this.#rootLink} up`);
    ip('link set root master here\nlink set root up', hub);
    for (const { name, host } of this.places) {
      const space = this.#space(name);
      ip(`link add ${name} type veth peer name eth0 netns ${space}`, hub);
      ip(`link set ${name} master here\nlink set ${name} up`, hub);
      ip(`addr add ${host}/24 dev eth0\nlink set lo up\nlink set eth0 up`, space);
    }
  }

  #move(places: readonly Place[], bridge: string): void {
    ip(places.map(({ name }) => `link set ${name} master ${bridge}`).join('\n'), this.#hub);
  }
}

/** Runs commands of `ip`, a line each, in one process. */
function ip(lines: string, namespace?: string): void {
  const where = namespace === undefined ? [] : ['-n', namespace];
  const { status, stderr } = spawnSync('ip', [...where, '-batch', '-'], { input: `${lines}\n` });
  if (status !== 0) throw new Error(`ip failed at\n${lines}\n${stderr}`);
}

/** Takes away what processes that died have left. */
function sweep(): void {
  const dead = new Set<string>();
  for (const name of spaces()) {
    const pid = name.split('-')[1];
    try {
      process.kill(Number(pid), 0);
    } catch {
      dead.add(pid);
    }
  }
  for (const pid of dead) removeSpaces(`${PREFIX}-${pid}-`);
}

/** With the processes in them, which would go on without a name. */
function removeSpaces(prefix: string): void {
  for (const name of spaces().filter((one) => one.startsWith(prefix))) {
    const { stdout } = spawnSync('ip', ['netns', 'pids', name], { encoding: 'utf8' });
    for (const pid of stdout.split('\n').filter(Boolean)) {
      try {
        process.kill(Number(pid), 'SIGKILL');
      } catch {
        // It has ended meanwhile.
      }
    }
    spawnSync('ip', ['netns', 'del', name]);
  }
}

function spaces(): string[] {
  try {
    return readdirSync('/run/netns').filter((name) => name.startsWith(`${PREFIX}-`));
  } catch {
    return [];
  }
}
