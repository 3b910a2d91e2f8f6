/** Lines of commands; see propagation.test.ts. */
export const SCENARIOS_OF_TYPES: Readonly<Record<string, readonly string[]>> = {
  strings: [
    `
      SET a 1
      SET a 1 EX 100
      SET a 1 PX 100000 NX
      SET b 1 PX 100000 NX
      SET c 1 NX
      SET c 1 XX GET
      SET c 1 GET KEEPTTL
      SET c 1 EX 10 GET
      SETEX a 10 v
      PSETEX a 10000 v
      SET a 1 EXAT 1
      GET a
      GETSET a 5
      GETEX a EX 100
      GETEX a PERSIST
      GETEX a PERSIST
      GETEX a EXAT 1
      GETDEL a
      GETDEL c
      SETNX a 1
      SETNX a 1
      MSET a 1 b 2
      MSETNX x 1 y 2
      MSETNX x 1 y 2`,
    `
      EXPIRE a 100
      EXPIRE a 200 GT
      PEXPIRE a 200000 NX
      PEXPIRE a 3000000
      EXPIREAT a 99999999999
      PEXPIREAT a 99999999999999
      EXPIRE a -1
      PERSIST b
      EXPIRE b 10
      PERSIST b
      INCR a
      INCRBYFLOAT a 1.5
      INCRBY n 5
      DECRBY n 5`,
    `
      SET a 1
      EXPIRE a 100
      EXPIRE a 200 GT
      PEXPIRE a 200000 NX
      PEXPIRE a 3000000
      EXPIREAT a 99999999999
      PEXPIREAT a 99999999999999
      EXPIRE a -1
      PERSIST b
      EXPIRE b 10
      PERSIST b
      INCR a
      INCRBYFLOAT a 1.5
      INCRBY n 5
      DECRBY n 5`,
    `
      APPEND a x
      APPEND a ""
      SETRANGE a 0 ""
      SETRANGE a 0 zz
      SETBIT bit 1 1
      SETBIT bit 1 1
      BITFIELD bit GET u8 0
      BITFIELD bit SET u8 0 1
      BITOP AND nob q1 q2
      BITOP AND nob bit bit
      PFADD hll a
      PFADD hll a
      PFCOUNT hll
      PFCOUNT hll
      PFMERGE hll2 hll`,
  ],
  'hashes and sets': [
    `
      HINCRBYFLOAT h f 1.5
      HINCRBY h g 1
      HSET h g 1
      HSETNX h g 1`,
    `
      SADD s a
      SADD s a
      SPOP s
      SADD s b
      SPOP s 1
      SADD s c
      SPOP s 10
      SREM s q
      SADD s a
      SMOVE s t a
      SINTERSTORE d s t
      SUNIONSTORE d s t
      SINTERSTORE d s t
      SDIFFSTORE sd nosuch nosuch2`,
    `
      HSET h a 1 b 2
      HDEL h a zz
      HDEL h zz
      HMSET h a 1`,
  ],
  lists: [
    `
      LPUSH l 1 2 3 4 5
      LPUSHX nol 1
      LPOP l
      LPOP l 2
      LPOP l 0
      LPOP nol
      RPOPLPUSH l l
      LMOVE l l2 LEFT RIGHT
      LMPOP 2 nol l LEFT COUNT 2
      LREM l 0 zz
      LTRIM l 0 100
      LTRIM l 5 4
      LSET l2 0 x
      LINSERT l2 BEFORE x y
      LINSERT l2 BEFORE nope y
      BLPOP l2 0
      BLMPOP 0 1 l2 LEFT
      RPUSH l2 a b c
      BLMOVE l2 l3 LEFT LEFT 0
      BRPOPLPUSH l2 l3 0
      BLMPOP 0 1 l3 LEFT COUNT 10
      DEL l2 l3 nope
      DEL nope
      UNLINK nope`,
    `
      LPUSH l a
      LSET l 0 a
      LPUSHX l b
      PEXPIREAT l 1`,
  ],
  'sorted sets and geo': [
    `
      ZADD z 1 a 2 b 3 c
      ZADD z 1 a
      ZADD z INCR 1 a
      ZINCRBY z 0 a
      ZADD z NX 5 a
      ZPOPMIN z
      ZPOPMAX z 5
      ZADD z 1 a 2 b 3 c 4 d
      BZPOPMIN z 0
      ZMPOP 1 z MIN COUNT 2
      BZMPOP 0 1 z MIN
      ZADD z 1 a 2 b 3 c 4 d
      ZRANGESTORE zz z 0 1
      ZUNIONSTORE zz 1 z
      ZREMRANGEBYRANK z 5 7
      ZREMRANGEBYSCORE z 1 1
      GEOADD g 13.361389 38.115556 Palermo
      GEOADD g NX CH 13.361389 38.115556 Palermo
      GEOSEARCHSTORE g2 g FROMLONLAT 15 37 BYRADIUS 200 km
      GEORADIUS g 15 37 200 km STORE g3`,
    `
      ZREM z nope
      ZADD z 1 a
      ZINCRBY z 2 a
      ZREMRANGEBYLEX z [q [r
      GEOADD g 1 1 a
      GEOADD g XX CH 2 2 a
      GEORADIUSBYMEMBER g a 100 km STOREDIST g5
      ZDIFFSTORE zd 2 a1 a2
      BITOP NOT bn newk
      PFMERGE pnew
      PFADD pnew
      SETRANGE newk 3 x
      GETSET newk 1
      DECR newk`,
  ],
  streams: [
    `
      XADD st 5-5 f v
      XADD st NOMKSTREAM MINID ~ 5 6-6 f v
      XADD none MINID ~ 9-9 5-5 f v
      XLEN none`,
    `
      XADD st * f v
      XADD st 9999999999999-* f v
      XADD st MAXLEN 1 9999999999999-5 f v
      XADD st MAXLEN = 2 * f v
      XADD st MAXLEN ~ 2 LIMIT 10 * f v
      XADD st MINID 5 9999999999999-90 f v
      XADD st MAXLEN ~ 2 LIMIT 0 9999999999999-91 f v
      XTRIM st MAXLEN ~ 1
      XTRIM st MAXLEN 3
      XTRIM st MINID ~ 9999999999999-90
      XTRIM st MINID 9999999999999-90
      XTRIM st MAXLEN 3
      CONFIG SET stream-node-max-entries 2
      XADD st MAXLEN ~ 2 9999999999999-92 f v
      XADD st 9999999999999-93 f v
      XADD st 9999999999999-94 f v
      XTRIM st MAXLEN ~ 1
      XTRIM st MINID ~ 9999999999999-94
      XTRIM st MAXLEN ~ 0
      CONFIG SET stream-node-max-entries 100`,
    `
      XADD st 9999999999999-90 f v
      XADD st 9999999999999-91 f v
      XDEL st 1-1
      XSETID st 9999999999999-95
      XSETID st 9999999999999-95 ENTRIESADDED 100 MAXDELETEDID 9999999999999-94
      XGROUP CREATE st g 0
      XGROUP CREATE st g2 $ ENTRIESREAD 3
      XGROUP CREATE st3 g $ MKSTREAM
      XGROUP CREATECONSUMER st g bob
      XGROUP CREATECONSUMER st g bob
      XREADGROUP GROUP g alice COUNT 1 STREAMS st >
      XREADGROUP GROUP g alice STREAMS st >
      XREADGROUP GROUP g alice STREAMS st >
      XREADGROUP GROUP g alice STREAMS st 0
      XREADGROUP GROUP g carl STREAMS st 0
      XREADGROUP GROUP g2 alice NOACK STREAMS st >
      XADD st * f v
      XREADGROUP GROUP g2 alice NOACK STREAMS st >
      XADD st * f v
      XREADGROUP GROUP g2 al NOACK COUNT 1 STREAMS st >
      XACK st g 9999999999999-95
      XACK st g 9999999999999-90 9999999999999-91
      XCLAIM st g dave 0 9999999999999-90 9999999999999-91
      XREADGROUP GROUP g2 al COUNT 10 STREAMS st >
      XADD st 9999999999999-200 f v
      XADD st 9999999999999-201 f v
      XREADGROUP GROUP g2 al COUNT 10 STREAMS st >
      XCLAIM st g2 dave 0 9999999999999-200
      XCLAIM st g2 dave 0 9999999999999-200 JUSTID
      XCLAIM st g2 dave 0 9999999999999-200 IDLE 5 RETRYCOUNT 7 FORCE LASTID 9999999999999-201
      XCLAIM st g2 dave 0 9999999999999-300 FORCE
      XCLAIM st g2 dave 100000000 9999999999999-200
      XCLAIM st g2 newc 100000000 9999999999999-200
      XAUTOCLAIM st g2 erin 0 0 COUNT 1
      XAUTOCLAIM st g2 erin 0 0 JUSTID
      XDEL st 9999999999999-200
      XAUTOCLAIM st g2 erin2 0 0
      XAUTOCLAIM st g2 erin3 100000 0
      XCLAIM st g2 dave 0 9999999999999-200
      XADD st 9999999999999-400 f v
      XREADGROUP GROUP g2 al COUNT 10 STREAMS st >
      XDEL st 9999999999999-400
      XCLAIM st g2 dave 0 9999999999999-400
      XGROUP SETID st g 0
      XGROUP SETID st g 0 ENTRIESREAD 5
      XGROUP DELCONSUMER st g alice
      XGROUP DELCONSUMER st g alicex
      XGROUP DESTROY st g
      XGROUP DESTROY st g`,
    `
      XADD st 1-1 f v
      XGROUP CREATE st g 0
      XCLAIM st g c 0 1-1 LASTID 1-1
      XCLAIM st g c 0 1-1 LASTID 5-1
      XCLAIM st g c 0 1-1 FORCE LASTID 6-1
      XREADGROUP GROUP g c COUNT 1 STREAMS st nosuch > >
      1> XREADGROUP GROUP g d BLOCK 0 STREAMS st >
      XADD st 9-1 f v
      1> XREADGROUP GROUP g e NOACK BLOCK 0 STREAMS st >
      XADD st 9-2 f v`,
  ],
}
