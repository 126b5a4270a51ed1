/** A world for the suite of engines: a cluster in this process, of two shards with a replica each. */
import { Random } from '#layers/base';
import { ClusterEngine, Connection, hostTime, ReplyFailure, utf8Text } from '#layers/client';
import { startTestCluster, type TestCluster } from '#layers/testing';
import { DEADLINE_MS, type EngineWorld } from './world.js';

const MAX_HOPS = 5;

export async function startClusterWorld(): Promise<EngineWorld> {
  let passedMs = 0;
  const clock = {
    wallMs: () => Date.now() + passedMs,
    monotonicMs: () => performance.now() + passedMs,
  };
  const cluster = await startTestCluster({ shards: 2, replicas: 1, node: { clock } });
  const others = new PlainClient(cluster);
  const seeds = cluster.nodes.map(({ address }) => ({
    port: portOf(address),
    connectDeadlineMs: DEADLINE_MS,
    maxRetryMs: 50,
  }));
  let seed = 1;
  return {
    connect: (options, host) =>
      new ClusterEngine(
        { ...options, seeds, reads: 'primary', time: hostTime, random: new Random(seed++) },
        host,
      ),
    async pass(ms) {
      passedMs += ms;
    },
    plain: (...words) => others.run(words),
    async stop() {
      others.close();
      await cluster.stop();
    },
  };
}

/** Any client of a cluster: it goes where it is sent, and with what has no key to all primaries. */
class PlainClient {
  readonly #cluster: TestCluster;
  readonly #connections = new Map<number, Connection>();

  constructor(cluster: TestCluster) {
    this.#cluster = cluster;
  }

  async run(words: readonly string[]): Promise<unknown> {
    const [first, ...more] = this.#cluster.nodes.filter(({ isWitness }) => !isWitness);
    let port = portOf(first.address);
    if (words[0].startsWith('FLUSH')) {
      const ports = [first, ...more].map(({ address }) => portOf(address));
      const outcomes = await Promise.allSettled(ports.map((each) => this.#call(each, words)));
      // Replicas refuse it.
      return outcomes.find(({ status }) => status === 'fulfilled');
    }
    for (let hops = 0; ; hops++) {
      try {
        return await this.#call(port, words);
      } catch (error) {
        if (!(error instanceof ReplyFailure) || error.replyCode !== 'MOVED' || hops === MAX_HOPS) throw error;
        port = portOf(error.reply);
      }
    }
  }

  close(): void {
    for (const connection of this.#connections.values()) connection.close();
  }

  async #call(port: number, words: readonly string[]): Promise<unknown> {
    const known = this.#connections.get(port);
    const connection = known ?? new Connection({ port, deadlineMs: DEADLINE_MS });
    this.#connections.set(port, connection);
    await connection.ready();
    return connection.call(words, { decode: utf8Text });
  }
}

function portOf(address: string): number {
  return Number(address.split(':').at(-1));
}
