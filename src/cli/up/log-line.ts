/** A line of a node's log as people see it: what is a warning or an error, with the node's name. */

/** Undefined for what is neither. */
export function shownLogLine(name: string, line: string): string | undefined {
  let entry: Record<string, unknown>;
  try {
    entry = Object(JSON.parse(line)) as Record<string, unknown>;
  } catch {
    return `${name}  ${plain(line)}`;
  }
  const { level, message, time, pid, error, ...facts } = entry;
  if (level !== 'warn' && level !== 'error') return undefined;
  const why =
    error === undefined ? '' : `: ${String(Object(error)['stack'] ?? Object(error)['message'] ?? error)}`;
  const more = Object.keys(facts).length === 0 ? '' : ` ${JSON.stringify(facts)}`;
  return `${name}  ${level}: ${plain(`${String(message)}${why}${more}`)}`;
}

/** It moves no cursor. */
function plain(text: string): string {
  return text.replace(/[\u0000-\u0009\u000b-\u001f\u007f-\u009f]+/g, ' ');
}
