/** A scenario with a wrong number of arguments for every command and subcommand which both servers know. */
import { RawConnection } from '../kit/connection.js';
import type { Plain } from '../kit/frames.js';
import type { TestServer } from '../kit/servers.js';
import type { Scenario, Step } from './script.js';

/** What COMMAND says about one command: `[name, arity, flags, first key, last key, step, categories, tips, key specs, subcommands]`. */
export type CommandEntry = readonly Plain[];

export async function commandEntries(server: TestServer): Promise<Map<string, CommandEntry>> {
  const connection = await RawConnection.open(server.port);
  const entries = (await connection.call('COMMAND')) as CommandEntry[];
  connection.close();
  const found = new Map<string, CommandEntry>();
  for (const entry of entries) {
    found.set(entry[0] as string, entry);
    for (const subcommand of entry[9] as CommandEntry[]) found.set(subcommand[0] as string, subcommand);
  }
  return found;
}

export async function arityScenario(redis: TestServer, node: TestServer): Promise<Scenario> {
  const [theirs, ours] = [await commandEntries(redis), await commandEntries(node)];
  const steps: Step[] = [];
  for (const [name, entry] of theirs) {
    if (!ours.has(name)) continue;
    const arity = Number(entry[1]);
    const words = name.split('|');
    const wrong: number[] = [];
    for (let count = words.length; count < Math.abs(arity); count++) wrong.push(count);
    if (arity > 0) wrong.push(arity + 1, arity + 10);
    for (const count of wrong) {
      const args = [...words, ...new Array<string>(count - words.length).fill('x')];
      const source = `arity of ${name}: ${args.join(' ')}`;
      steps.push({ kind: 'request', connection: 1, args, frames: 1, rule: 'exact', source, golden: {} });
    }
  }
  return { title: 'wrong numbers of arguments', protocols: [2, 3], ours: false, steps };
}
