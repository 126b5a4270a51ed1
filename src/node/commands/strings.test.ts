import { testTranscript } from './transcript.testkit.js';

testTranscript(
  'commands on strings answer as Redis',
  String.raw`
# GET, GETDEL, MGET
> SET k "\x00\xff\r\n"
OK
> GET k
"\x00\xff\r\n"
> STRLEN k
(integer) 4
> GETDEL k
"\x00\xff\r\n"
> GETDEL k
(nil)
> SET "" empty
OK
> GET ""
"empty"
> MSET a 1 b 2 a 3
OK
> MGET a b nothing a
1) "3"
2) "2"
3) (nil)
4) "3"
> MSET a 1 b
(error) ERR wrong number of arguments for 'mset' command
> MSETNX c 1 a 2
(integer) 0
> EXISTS c
(integer) 0
> MSETNX c 1 c 2 d 3
(integer) 1
> MGET c d
1) "2"
2) "3"
> MSETNX a 1 b
(error) ERR wrong number of arguments for 'msetnx' command
> MSETNX a
(error) ERR wrong number of arguments for 'msetnx' command
> SET __proto__ x
OK
> MGET __proto__ constructor toString
1) "x"
2) (nil)
3) (nil)
# GETRANGE
> SET s "Hello, world"
OK
> GETRANGE s 0 4
"Hello"
> GETRANGE s -5 -1
"world"
> GETRANGE s 0 -1
"Hello, world"
> GETRANGE s 7 100
"world"
> GETRANGE s 5 2
""
> GETRANGE s -1 -5
""
> GETRANGE s -100 -50
"H"
> GETRANGE s 100 200
""
> GETRANGE s 9223372036854775807 -9223372036854775808
""
> GETRANGE s -9223372036854775808 9223372036854775807
"Hello, world"
> GETRANGE s -9223372036854775807 -9223372036854775808
""
> GETRANGE s -9223372036854775808 -9223372036854775807
"H"
> GETRANGE s 9223372036854775808 1
(error) ERR value is not an integer or out of range
> GETRANGE s 0 1.0
(error) ERR value is not an integer or out of range
> GETRANGE nothing 0 -1
""
> GETRANGE nothing 0 x
(error) ERR value is not an integer or out of range
> SUBSTR s 0 4
"Hello"
# APPEND and SETRANGE
> APPEND fresh ""
(integer) 0
> EXISTS fresh
(integer) 1
> APPEND fresh abc
(integer) 3
> APPEND fresh def
(integer) 6
> GET fresh
"abcdef"
> SETRANGE fresh 3 XYZ
(integer) 6
> GET fresh
"abcXYZ"
> SETRANGE fresh 8 end
(integer) 11
> GET fresh
"abcXYZ\x00\x00end"
> SETRANGE fresh 2 ""
(integer) 11
> SETRANGE nothing 5 ""
(integer) 0
> EXISTS nothing
(integer) 0
> SETRANGE gap 3 x
(integer) 4
> GET gap
"\x00\x00\x00x"
> SETRANGE fresh -1 x
(error) ERR offset is out of range
> SETRANGE fresh x x
(error) ERR value is not an integer or out of range
> SETRANGE fresh 536870912 x
(error) ERR string exceeds maximum allowed size (proto-max-bulk-len)
> SETRANGE fresh 4294967295 x
(error) ERR string exceeds maximum allowed size (proto-max-bulk-len)
> SETRANGE fresh 9223372036854775807 x
(error) ERR string exceeds maximum allowed size (proto-max-bulk-len)
> STRLEN nothing
(integer) 0
> EXPIREAT fresh 4102444800
(integer) 1
> APPEND fresh !
(integer) 12
> SETRANGE fresh 20 !
(integer) 21
> EXPIRETIME fresh
(integer) 4102444800
`,
);
