/**
 * The mutant: a node that writes without asking whether it may. Loaded before the program; the chaos must find it out.
 *
 * Two clocks forbid a primary that is cut off to write: its lease, and how long its replicas have been silent. Either alone leaves it a
 * second at most, so both go.
 */
interface MayWrite {
  readonly prototype: { mayWrite(): boolean };
}

/** By its path: what nobody may change is in no index. */
async function load(path: string, name: string): Promise<MayWrite> {
  const module: Record<string, MayWrite> = await import(new URL(path, import.meta.url).href);
  return module[name];
}

const LeaseView = await load('../../node/cluster/lease-view.js', 'LeaseView');
const Copy = await load('../../cluster/copy.js', 'Copy');
LeaseView.prototype.mayWrite = () => true;
Copy.prototype.mayWrite = () => true;
