import { testTranscript } from './transcript.testkit.js';

testTranscript(
  'commands on keys answer as Redis',
  `
# Counting and deleting
> MSET a 1 b 2 c 3
OK
> EXISTS a b a nothing
(integer) 3
> TOUCH a b nothing a
(integer) 3
> TYPE a
string
> TYPE nothing
none
> DEL a nothing a
(integer) 1
> UNLINK b b
(integer) 1
> DBSIZE
(integer) 1
# RENAME
> RENAME nothing x
(error) ERR no such key
> RENAMENX nothing x
(error) ERR no such key
> RENAME c c
OK
> RENAMENX c c
(integer) 0
> MSET c 3 d 4
OK
> EXPIREAT c 4102444800
(integer) 1
> RENAMENX c d
(integer) 0
> RENAME c d
OK
> GET d
"3"
> EXPIRETIME d
(integer) 4102444800
> EXISTS c
(integer) 0
> RENAMENX d e
(integer) 1
> MGET d e
1) (nil)
2) "3"
> EXPIRETIME e
(integer) 4102444800
# COPY
> COPY e f
(integer) 1
> EXPIRETIME f
(integer) 4102444800
> COPY e f
(integer) 0
> COPY e f REPLACE
(integer) 1
> COPY e e
(error) ERR source and destination objects are the same
> COPY e e REPLACE
(error) ERR source and destination objects are the same
> COPY nothing f
(integer) 0
> COPY e e DB 3
(integer) 1
> COPY e e DB 16
(error) ERR DB index is out of range
> COPY e e DB -1
(error) ERR DB index is out of range
> COPY e e DB x
(error) ERR value is not an integer or out of range
> COPY e e DB 2147483648
(error) ERR value is out of range, value must between -2147483648 and 2147483647
> COPY e f DB
(error) ERR syntax error
> COPY e f FOO
(error) ERR syntax error
> COPY e g REPLACE DB 3
(integer) 1
# MOVE and SWAPDB
> MOVE e 0
(error) ERR source and destination objects are the same
> MOVE e 3
(integer) 0
> MOVE nothing 3
(integer) 0
> MOVE f 3
(integer) 1
> MOVE e 16
(error) ERR DB index is out of range
> MOVE e x
(error) ERR value is not an integer or out of range
> MOVE e -1
(error) ERR DB index is out of range
> EXISTS f
(integer) 0
> SWAPDB 0 3
OK
> MGET e f g
1) "3"
2) "3"
3) "3"
> DBSIZE
(integer) 3
> EXPIRETIME f
(integer) 4102444800
> SWAPDB 0 0
OK
> SWAPDB 0 16
(error) ERR DB index is out of range
> SWAPDB -1 0
(error) ERR DB index is out of range
> SWAPDB x y
(error) ERR invalid first DB index
> SWAPDB 0 y
(error) ERR invalid second DB index
> SWAPDB 2147483648 0
(error) ERR invalid first DB index
# Emptying
> FLUSHDB
OK
> DBSIZE
(integer) 0
> SWAPDB 0 3
OK
> DBSIZE
(integer) 1
> RANDOMKEY
"e"
> FLUSHALL ASYNC
OK
> RANDOMKEY
(nil)
> FLUSHALL SYNC
OK
> FLUSHDB async
OK
> FLUSHALL NOW
(error) ERR syntax error
> FLUSHDB SYNC ASYNC
(error) ERR syntax error
> SET only 1
OK
> RANDOMKEY
"only"
`,
);
