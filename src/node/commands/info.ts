/** INFO: sections of `name:value` lines. The order and the names are those of Redis, for whoever reads them. */
import type { Request } from '../../resp/index.js';
import { infoSections, type SectionName } from '../info-sections.js';
import type { Session } from '../session.js';

/** Shown without arguments, and by INFO DEFAULT. */
const byDefault: readonly SectionName[] = [
  'server',
  'clients',
  'memory',
  'persistence',
  'stats',
  'replication',
  'cpu',
  'modules',
  'errorstats',
  'cluster',
  'keyspace',
];
/** Shown only by name, INFO ALL or INFO EVERYTHING. */
const onDemand: readonly SectionName[] = ['commandstats', 'latencystats'];
/** The order of Redis. */
const inOrder: readonly SectionName[] = [
  ...byDefault.slice(0, 8),
  'commandstats',
  'errorstats',
  'latencystats',
  'cluster',
  'keyspace',
];

export function writeInfo(session: Session, request: Request): void {
  const wanted = new Set<string>();
  for (let i = 1; i < request.count; i++) addSections(wanted, request.text(i).toLowerCase());
  if (request.count === 1) addSections(wanted, 'default');
  const texts = inOrder
    .filter((name) => wanted.has(name))
    .map((name) => {
      const fields = Object.entries(infoSections[name](session.node));
      const title = name === 'cpu' ? 'CPU' : name[0].toUpperCase() + name.slice(1);
      return `# ${title}\r\n${fields.map(([field, value]) => `${field}:${value}\r\n`).join('')}`;
    });
  session.out.verbatim('txt', texts.join('\r\n'));
}

function addSections(wanted: Set<string>, name: string): void {
  const all = name === 'all' || name === 'everything';
  if (all || name === 'default') for (const section of byDefault) wanted.add(section);
  if (all) for (const section of onDemand) wanted.add(section);
  wanted.add(name);
}
