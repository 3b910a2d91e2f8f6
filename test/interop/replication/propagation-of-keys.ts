/** Lines of commands; see propagation.test.ts. */
export const SCENARIOS_OF_KEYS: Readonly<Record<string, readonly string[]>> = {
  keys: [
    `
      ZADD z 1 a 2 b 3 c
      SORT z ALPHA STORE sorted
      SORT nope STORE sorted
      COPY z zcopy
      COPY z zcopy
      COPY z zother DB 1
      MOVE zcopy 2
      RENAME z z1
      RENAMENX z1 z2
      RENAME z2 z2
      SWAPDB 0 1
      SELECT 3
      SET x 1
      SELECT 0
      FLUSHDB
      FLUSHALL
      FLUSHALL ASYNC`,
    `
      SET r hello
      SETEX r 100 v
      COPY r rc
      PERSIST r
      TOUCH r
      OBJECT ENCODING r
      RENAME r q
      MOVE q 3
      MOVE q 3
      SWAPDB 0 3
      SWAPDB 1 1
      SELECT 5
      FLUSHDB`,
  ],
  'messages and functions': [
    `
      PUBLISH ch m
      SPUBLISH ch m
      SCRIPT LOAD "return 1"
      SCRIPT FLUSH
      FUNCTION LOAD "#!lua name=l\\nredis.register_function('f', function(keys, args) return redis.call('set', keys[1], args[1]) end)"
      FUNCTION FLUSH
      FUNCTION FLUSH ASYNC`,
  ],
  scripts: [
    `
      EVAL "return redis.call('set','k','1')" 0`,
    `
      EVAL "redis.call('set','k','1') return redis.call('incr','k')" 0`,
    `
      EVAL "return 1" 0`,
    `
      EVAL "redis.set_repl(redis.REPL_NONE) redis.call('set','k','1') redis.set_repl(redis.REPL_ALL) return redis.call('incr','k')" 0`,
    `
      EVAL "redis.call('set','k','1') redis.call('select','1') return redis.call('incr','k')" 0`,
    `
      EVAL "redis.call('set','k','1') error('x')" 0`,
    `
      EVAL "redis.call('spop','nos') redis.call('expire','k',100)" 0`,
    `
      EVAL "redis.call('publish','k',100)" 0`,
    `
      EVAL "redis.call('set','k','1') return redis.call('incr','k')" 0`,
    `
      EVAL "redis.call('rpush','zz','a') redis.call('lpop','zz') redis.call('spop','zy')" 0`,
    `
      SADD s a
      EVAL "redis.call('spop','s') redis.call('set','x','1','EX','5')" 0`,
    `
      EVAL "return redis.call('xadd','s','*','f','v')" 0`,
  ],
  transactions: [
    `
      MULTI
      SET a 1
      EXEC
      MULTI
      SET a 1
      SET b 1
      EXEC
      MULTI
      SELECT 1
      SET a 1
      SELECT 2
      SET b 1
      EXEC
      SELECT 0`,
    `
      MULTI
      GET a
      EXEC
      MULTI
      SET a 1
      EVAL "redis.call('set','k','1') return redis.call('incr','k')" 0
      EXEC
      MULTI
      LPUSH l 1 2
      BLPOP l 0
      EXEC
      MULTI
      SET a 1
      DISCARD
      MULTI
      EXPIRE a 100
      EXEC
      MULTI
      SPOP nos 2
      SET x 1
      EXEC`,
  ],
  'blocked clients': [
    `
      1> BLPOP bl 0
      RPUSH bl a b
      BLPOP bl 0`,
    `
      1> BLPOP bl 0
      2> BRPOP bl 0
      3> BLMOVE bl bl2 LEFT RIGHT 0
      4> BLMPOP 0 1 bl2 LEFT COUNT 2
      RPUSH bl a b c d`,
    `
      1> BLPOP bl 0
      MULTI
      RPUSH bl a
      SET x 1
      EXEC`,
    `
      1> BZPOPMIN bz 0
      2> BZMPOP 0 1 bz MAX COUNT 2
      ZADD bz 1 a 2 b 3 c`,
    `
      1> BRPOPLPUSH bl bl2 0
      RPUSH bl a`,
    `
      1> BLPOP bl 0
      2> BRPOP bl 0
      EVAL "redis.call('rpush','bl','1','2')" 0`,
  ],
  'keys that run out': [
    `
      DEBUG SET-ACTIVE-EXPIRE 0
      SET a 1
      SET v 1 PX 2
      SET w 1 PX 2
      pass 3
      GET v`,
    `
      DEBUG SET-ACTIVE-EXPIRE 0
      SET a 1
      SET v 1 PX 2
      SET w 1 PX 2
      pass 3
      INCR v`,
    `
      DEBUG SET-ACTIVE-EXPIRE 0
      SET a 1
      SET v 1 PX 2
      SET w 1 PX 2
      pass 3
      MGET v w`,
    `
      DEBUG SET-ACTIVE-EXPIRE 0
      SET a 1
      SET v 1 PX 2
      SET w 1 PX 2
      pass 3
      DEL v`,
    `
      DEBUG SET-ACTIVE-EXPIRE 0
      SET a 1
      SET v 1 PX 2
      SET w 1 PX 2
      pass 3
      SET v 2`,
    `
      DEBUG SET-ACTIVE-EXPIRE 0
      SET a 1
      SET v 1 PX 2
      SET w 1 PX 2
      pass 3
      EXPIRE v 10`,
    `
      DEBUG SET-ACTIVE-EXPIRE 0
      SET a 1
      SET v 1 PX 2
      SET w 1 PX 2
      pass 3
      SETNX v 10`,
    `
      DEBUG SET-ACTIVE-EXPIRE 0
      SET a 1
      SET v 1 PX 2
      SET w 1 PX 2
      pass 3
      RENAME a v`,
    `
      DEBUG SET-ACTIVE-EXPIRE 0
      SET a 1
      SET v 1 PX 2
      SET w 1 PX 2
      pass 3
      EXISTS v`,
    `
      DEBUG SET-ACTIVE-EXPIRE 0
      SET a 1
      SET v 1 PX 2
      SET w 1 PX 2
      pass 3
      TTL v`,
    `
      DEBUG SET-ACTIVE-EXPIRE 0
      SET a 1
      SET v 1 PX 2
      SET w 1 PX 2
      pass 3
      GETDEL v`,
    `
      DEBUG SET-ACTIVE-EXPIRE 0
      SET a 1
      SET v 1 PX 2
      SET w 1 PX 2
      pass 3
      PERSIST v`,
    `
      DEBUG SET-ACTIVE-EXPIRE 0
      SET a 1
      SET v 1 PX 2
      SET w 1 PX 2
      pass 3
      LPUSH v x`,
    `
      DEBUG SET-ACTIVE-EXPIRE 0
      SET a 1
      SET v 1 PX 2
      SET w 1 PX 2
      pass 3
      EVAL "redis.call('get','v') redis.call('incr','w')" 0`,
    `
      DEBUG SET-ACTIVE-EXPIRE 0
      SET a 1
      SET v 1 PX 2
      SET w 1 PX 2
      pass 3
      COPY v q`,
    `
      DEBUG SET-ACTIVE-EXPIRE 0
      SET a 1
      SET v 1 PX 2
      SET w 1 PX 2
      pass 3
      SORT v`,
    `
      DEBUG SET-ACTIVE-EXPIRE 0
      SET a 1
      SET v 1 PX 2
      SET w 1 PX 2
      pass 3
      OBJECT ENCODING v`,
    `
      DEBUG SET-ACTIVE-EXPIRE 0
      SET a 1
      SET v 1 PX 2
      SET w 1 PX 2
      pass 3
      TOUCH v w`,
    `
      DEBUG SET-ACTIVE-EXPIRE 0
      SET a 1
      SET v 1 PX 2
      SET w 1 PX 2
      pass 3
      UNLINK v`,
    `
      DEBUG SET-ACTIVE-EXPIRE 0
      SET a 1
      SET v 1 PX 2
      SET w 1 PX 2
      pass 3
      APPEND v x`,
    `
      DEBUG SET-ACTIVE-EXPIRE 0
      SET a 1
      SET v 1 PX 2
      SET w 1 PX 2
      pass 3
      HSET v f 1`,
    `
      DEBUG SET-ACTIVE-EXPIRE 0
      SET a 1
      SET v 1 PX 2
      SET w 1 PX 2
      pass 3
      DUMP v`,
    `
      DEBUG SET-ACTIVE-EXPIRE 0
      SET a 1
      SET v 1 PX 2
      SET w 1 PX 2
      pass 3
      TYPE v`,
    `
      DEBUG SET-ACTIVE-EXPIRE 0
      SET a 1
      SET v 1 PX 2
      SET w 1 PX 2
      pass 3
      XADD v * f v`,
    `
      DEBUG SET-ACTIVE-EXPIRE 0
      SET a 1
      SET v 1 PX 2
      SET w 1 PX 2
      pass 3
      PFADD v a`,
    `
      DEBUG SET-ACTIVE-EXPIRE 0
      SET a 1
      SET v 1 PX 2
      SET w 1 PX 2
      pass 3
      WATCH v`,
    `
      DEBUG SET-ACTIVE-EXPIRE 0
      CONFIG SET lazyfree-lazy-expire yes
      SET v 1 PX 2
      pass 3
      GET v
      SET v 1
      EXPIRE v -1
      CONFIG SET lazyfree-lazy-user-del yes
      SET v 1
      GETDEL v
      SET v 1
      GETEX v PXAT 1`,
  ],
}
