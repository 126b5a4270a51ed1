/**
 * What a folder of `nuthatch up --data` holds: DATA/up.json says how many shards, replicas and which port, DATA/node1 and so on are
 * those of the nodes. The next `up` on it begins no cluster anew, so it must start the same nodes.
 */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

export interface UpShape {
  readonly shards: number;
  readonly replicas: number;
  readonly port: number;
}

const FILE = 'up.json';

/** Undefined: there is none yet. Throws what the system says, and an Error for what is no shape. */
export function readShape(folder: string): UpShape | undefined {
  let text: string;
  try {
    text = readFileSync(join(folder, FILE), 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
  const { shards, replicas, port } = Object(parsed(text)) as Partial<UpShape>;
  if (![shards, replicas, port].every(Number.isInteger))
    throw new Error(`${join(folder, FILE)} is damaged: remove ${folder}, the cluster is begun anew then`);
  return { shards, replicas, port } as UpShape;
}

export function writeShape(folder: string, { shards, replicas, port }: UpShape): void {
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, FILE), `${JSON.stringify({ shards, replicas, port })}\n`);
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
