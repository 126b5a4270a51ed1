/**
 * A process of its own that uses a connection and has nothing else to do: it must end by itself.
 * node idle-process.js PORT
 */
import { Connection, utf8Text } from '#layers/client';

const connection = new Connection({ port: Number(process.argv[2]) });
await connection.ready();
await connection.call(['SET', 'k', 'v']);
process.stdout.write(await connection.call(['GET', 'k'], { decode: utf8Text, take: String }));
// Not closed, and nobody waits: the process ends.
