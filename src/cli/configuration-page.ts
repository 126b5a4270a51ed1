/**
 * docs/configuration.md, from the options table and the parameters of CONFIG. `scripts/configuration-page.mjs`
 * writes it.
 */
import { configParameters, type Parameter } from '../node/index.js';
import { exitCodeMeanings } from './exit-codes.js';
import {
  defaultText,
  flagOf,
  type OptionName,
  optionGroups,
  optionNames,
  optionSpec,
} from './options-table.js';
import { variableOf } from './variables.js';

export function configurationPage(): string {
  const groups = optionGroups.map((group) => {
    const names = optionNames.filter((name) => optionSpec(name).group === group);
    return `## ${group}\n\n${names.map(optionSection).join('\n')}`;
  });
  return `${introduction}\n${groups.join('\n')}\n${running}\n${ending}`;
}

function optionSection(name: OptionName): string {
  const spec = optionSpec(name);
  const { kind, help } = spec;
  const isSwitch = kind.placeholder === '';
  const key = spec.inFile === false ? '' : `, \`${name}\` in the file`;
  const flag = isSwitch
    ? `\`${flagOf(name)}\` or \`--no-${name}\``
    : `\`${flagOf(name)} ${kind.placeholder}\``;
  const fallback = defaultText(spec);
  const shown =
    kind.secret || fallback === '' ? 'none' : spec.defaultNote === fallback ? fallback : `\`${fallback}\``;
  return [
    `### ${name}\n`,
    `${help}.\n`,
    `- Set by ${flag}, \`${variableOf(name)}\`${key}`,
    `- Value: ${kind.form}`,
    `- Default: ${shown}`,
    `- Since ${spec.since}\n`,
  ].join('\n');
}

const introduction = `<!-- Written by scripts/configuration-page.mjs from src/cli/options-table.ts. Change that, then run the script. -->

# Configuration

Everything that \`nuthatch start\` can be told. Each option has one name and can be set in three places:

| place | example |
|---|---|
| a flag | \`nuthatch start --max-memory 2gb\` |
| an environment variable | \`NUTHATCH_MAX_MEMORY=2gb nuthatch start\` |
| a line of a file | \`max-memory = "2gb"\`, with \`nuthatch start --config nuthatch.toml\` |

A flag counts before a variable, a variable before the file, the file before the default. A variable that is set
to nothing is not set. Every value is checked before the node starts, also one that another place overrides (a file that
another place overrides is not opened), and all problems are reported together, each with its place.

A configuration file is [TOML](https://toml.io), one option a line, without sections; a name it does not know is an error:

\`\`\`toml
port = 7000
max-memory = "2gb"
idle-timeout = "5m"
output-limit-pubsub = "32mb 8mb 60s"
\`\`\`

**Sizes** are bytes, or a number with \`kb\`, \`mb\`, \`gb\` or \`tb\`, by 1024: \`512mb\`, \`1.5gb\`. As in Redis, \`k\`, \`m\`, \`g\` and \`t\`
are by 1000. **Times** need a unit: \`250ms\`, \`10s\`, \`5m\`, \`1h\`, \`1d\`; only \`0\` needs none.

**In Kubernetes** a service named \`nuthatch\` makes variables such as \`NUTHATCH_PORT=tcp://...\` and \`NUTHATCH_SERVICE_HOST\`
in every container. They are recognized and ignored. Other variables that start with \`NUTHATCH_\` and are not known are
named in a warning at the start.
`;

const running = `## CONFIG GET and CONFIG SET

A running node is asked and told by the names that tools know from Redis. What CONFIG SET changes lasts until the node ends.

- Take effect at once: ${namesOf('effective')}.
- Accepted, told by CONFIG GET, and without effect, since this node does these things in another way: ${namesOf('remembered')}.
- Set at the start: ${namesOf('immutable')}.

Refused, although Redis takes it, where OK would be a promise that this node does not keep:

| parameter | value it takes | any other |
|---|---|---|
${parametersOf('fixed')
  .map(({ name, only, reason }) => `| \`${name}\` | \`${only === '' ? '""' : only}\` | ${reason} |`)
  .join('\n')}

${parametersOf('effective')
  .filter(({ reason }) => reason !== undefined)
  .map(({ name, reason }) => `\`${name}\`: ${reason}.`)
  .join(' ')}
`;

function parametersOf(sort: Parameter['sort']): Parameter[] {
  return configParameters.filter((parameter) => parameter.sort === sort);
}

function namesOf(sort: Parameter['sort']): string {
  return parametersOf(sort)
    .map(({ name }) => `\`${name}\``)
    .join(', ');
}

const ending = `## Exit codes

| code | meaning |
|---|---|
${exitCodeMeanings.map(([code, meaning]) => `| ${code} | ${meaning} |`).join('\n')}

The first SIGTERM or SIGINT drains the node: it accepts no new clients, answers the requests that have arrived, says to each
client that no more will follow, waits for the replies to be read, and ends with code 0. That takes at most \`drain-timeout\`; a
client that goes on sending is answered for half of it. A second signal ends the node at once.
`;
