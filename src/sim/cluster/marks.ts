/** What a note tells of, in a word: places worth a fault. */
export function markOf(note: string): string | undefined {
  const words: readonly [start: string, mark: string][] = [
    ['leads in term', 'elected'],
    ['commits', 'commit'],
    ['holds', 'held-back'],
    ['publishes', 'publish-again'],
    ['has the write lease', 'lease'],
    ['releases', 'release'],
    ['wants promote', 'promote'],
    ['wants rehome', 'rehome'],
    ['wants renew-epoch', 'renew-epoch'],
    ['wants node-left', 'forget-node'],
    ['without its lease', 'lost-lease'],
  ];
  if (note.startsWith('wants set-voters')) return note.endsWith('too') ? 'more-voters' : 'replace-voter';
  return words.find(([start]) => note.startsWith(start))?.[1];
}
