import {expect} from 'vitest'
import {rows} from './worlds.js'

rows('crdb.md 3.4: one key, two types', (row) => {
  row('what was made first is seen everywhere', async (world) => {
    await world.meanwhile(async () => {
      if (!world.apart) return
      await world.at(2, 'SADD @k member')
      await world.at(1, 'HSET @k f v')
      await world.at(3, 'RPUSH @k element')
    })
    if (!world.apart) {
      await world.at(2, 'SADD @k member')
      for (const region of world.regions) await world.refuses(region, 'HSET @k f v', /WRONGTYPE/)
    }
    await world.everywhere('TYPE @k', 'set')
    await world.everywhere('SMEMBERS @k', ['member'])
  })

  row('made at the same time: the lower region', async (world) => {
    await world.meanwhile(() =>
      world.atOnce(async () => {
        await world.at(1, 'LPUSH @k one')
        if (world.apart) await world.at(2, 'SADD @k two')
        if (world.apart) await world.at(3, 'ZADD @k 3 three')
      }),
    )
    await world.everywhere('TYPE @k', 'list')
    await world.everywhere('LRANGE @k 0 -1', ['one'])
  })

  row('the next write ends the clash', async (world) => {
    await world.meanwhile(async () => {
      await world.at(1, 'SADD @k first')
      if (world.apart) await world.at(2, 'HSET @k f v')
    })
    await world.at(2, 'SADD @k second')
    await world.at(1, 'DEL @k')
    await world.everywhere('EXISTS @k', 0)
  })

  row('a string against a set', async (world) => {
    await world.meanwhile(async () => {
      await world.at(1, 'SET @k text')
      if (world.apart) await world.at(2, 'SADD @k member')
    })
    await world.everywhere('GET @k', 'text')
  })

  row('SET over another type replaces what it saw', async (world) => {
    await world.at(1, 'SADD @k a')
    await world.meanwhile(async () => {
      await world.at(1, 'SET @k text')
    })
    await world.everywhere('GET @k', 'text')
  })
})

rows('crdb.md 3.4: DEL, UNLINK, RENAME, COPY, SMOVE, SORT STORE', (row) => {
  row('UNLINK is DEL', async (world) => {
    await world.at(1, 'SADD @k a')
    await world.meanwhile(async () => {
      await world.at(2, 'SADD @k b')
      expect(await world.at(1, 'UNLINK @k')).toBe(1)
    })
    await world.everywhere('SMEMBERS @k', world.either(['b'], []))
  })

  row('RENAME of every type takes along what it saw, and the deadline', async (world) => {
    await world.at(1, 'SET @string v EX 1000')
    await world.at(1, 'HSET @hash f 1')
    await world.at(1, 'ZADD @zset 1.5 m')
    await world.at(1, 'RPUSH @list a b')
    await world.at(1, 'XADD @stream 100 f v')
    await world.at(1, 'PFADD @hll a b')
    await world.meanwhile(async () => {
      for (const type of ['string', 'hash', 'zset', 'list', 'stream', 'hll'])
        await world.at(2, `RENAME @${type} @new-${type}`)
    })
    await world.everywhere('EXISTS @string @hash @zset @list @stream @hll', 0)
    await world.everywhere('GET @new-string', 'v')
    expect(await world.alike('TTL @new-string')).toBeGreaterThan(990)
    await world.everywhere('HGETALL @new-hash', ['f', '1'])
    await world.everywhere('ZSCORE @new-zset m', '1.5')
    await world.everywhere('LRANGE @new-list 0 -1', ['a', 'b'])
    await world.everywhere('XRANGE @new-stream - +', [['100-1', ['f', 'v']]])
    await world.everywhere('PFCOUNT @new-hll', 2)
  })

  row('COPY copies what it saw', async (world) => {
    await world.at(1, 'HINCRBY @from n 5')
    await world.meanwhile(async () => {
      await world.at(2, 'HINCRBY @from n 1')
      expect(await world.at(1, 'COPY @from @to')).toBe(1)
    })
    await world.everywhere('HGET @from n', '6')
    await world.everywhere('HGET @to n', world.either('5', '6'))
    await world.at(1, 'HINCRBY @to n 1')
    await world.everywhere('HGET @to n', world.either('6', '7'))
  })

  row('SORT .. STORE writes a list', async (world) => {
    await world.at(1, 'SADD @from 3 1 2')
    await world.meanwhile(async () => {
      await world.at(1, 'SORT @from STORE @to')
      await world.at(2, 'SADD @from 0')
    })
    await world.everywhere('LRANGE @to 0 -1', ['1', '2', '3'])
  })

  row('RENAME, COPY, SMOVE, SORT STORE, *STORE of two slots are refused, with one shard too', async (world) => {
    await world.at(1, 'SADD @k a')
    for (const line of [
      'RENAME @k @@k',
      'RENAMENX @k @@k',
      'COPY @k @@k',
      'SMOVE @k @@k a',
      'SORT @k STORE @@k',
      'SUNIONSTORE @@k @k',
      'LMOVE @k @@k LEFT LEFT',
      'PFMERGE @@k @k',
    ]) {
      for (const region of world.regions) await world.refuses(region, line, /CROSSSLOT/)
    }
    await world.everywhere('SMEMBERS @k', ['a'])
  })
})

rows('crdb.md 3.4: keys of several slots', (row) => {
  row('MSET, MSETNX, DEL, UNLINK are refused', async (world) => {
    for (const line of ['MSET @a 1 @@b 2', 'MSETNX @a 1 @@b 2', 'DEL @a @@b', 'UNLINK @a @@b']) {
      for (const region of world.regions) await world.refuses(region, line, /CROSSSLOT/)
    }
    await world.everywhere('EXISTS @a', 0)
  })

  row('MGET, EXISTS, TOUCH are not', async (world) => {
    await world.at(1, 'SET @a 1')
    await world.meanwhile(async () => {
      await world.at(2, 'SET @@b 2')
    })
    await world.everywhere('MGET @a @@b', ['1', '2'])
    await world.everywhere('EXISTS @a @@b @none', 2)
    await world.everywhere('TOUCH @a @@b', 2)
  })
})

rows('crdb.md 3.4: transactions and scripts', (row) => {
  row('MULTI/EXEC: what it changed comes elsewhere as one', async (world) => {
    await world.at(1, 'SET @a old')
    await world.meanwhile(async () => {
      await world.reads(1, 'MULTI')
      await world.reads(1, 'SET @a new')
      await world.reads(1, 'INCR @n')
      await world.reads(1, 'SADD @s m')
      expect(await world.at(1, 'EXEC')).toEqual(['OK', 1, 1])
      await world.at(2, 'INCR @n')
    })
    await world.everywhere('GET @a', 'new')
    await world.everywhere('GET @n', '2')
    await world.everywhere('SMEMBERS @s', ['m'])
  })

  row('a transaction of two slots is refused', async (world) => {
    await world.reads(1, 'MULTI')
    await world.reads(1, 'SET @a 1')
    await world.reads(1, 'SET @@b 1').catch(() => undefined)
    await world.refuses(1, 'EXEC', /CROSSSLOT|EXECABORT/)
    await world.everywhere('EXISTS @a', 0)
  })

  row('WATCH notices changes that are here, also those of other regions', async (world) => {
    await world.at(1, 'SET @k 1')
    await world.reads(1, 'WATCH @k')
    await world.meanwhile(async () => {
      await world.at(2, 'SET @k 2')
      await world.reads(1, 'MULTI')
      await world.reads(1, 'SET @mine 1')
      // Apart it has not heard of the other's write.
      expect(await world.at(1, 'EXEC')).toEqual(world.either(['OK'], null))
    })
    await world.everywhere('EXISTS @mine', world.either(1, 0))
  })

  row('Lua: what it changed travels, not the script', async (world) => {
    const script =
      "local t = redis.call('TIME') redis.call('SET', KEYS[1], ARGV[1]) return redis.call('INCRBY', KEYS[2], 5)"
    await world.meanwhile(async () => {
      expect(await world.at(1, ['EVAL', script, '2', ...world.words('@k @n'), 'text'])).toBe(5)
      await world.at(2, 'INCR @n')
    })
    await world.everywhere('GET @k', 'text')
    await world.everywhere('GET @n', '6')
  })

  row('Lua: redis.set_repl is not there', async (world) => {
    await expect(world.reads(1, ['EVAL', 'redis.set_repl(redis.REPL_NONE)', '0'])).rejects.toThrow(/ERR/)
  })

  row('scripts, functions, ACLs and configuration stay in their region', async (world) => {
    await world.meanwhile(async () => {
      const sha = (await world.at(1, ['SCRIPT', 'LOAD', `return '${world.words('@')[0]}'`])) as string
      await world.at(1, 'ACL SETUSER alice on nopass +get')
      await world.at(1, 'CONFIG SET slowlog-max-len 77')
      expect(await world.reads(2, `SCRIPT EXISTS ${sha}`)).toEqual([0])
    })
    await world.answers(2, 'ACL GETUSER alice', null)
    await world.answers(2, 'CONFIG GET slowlog-max-len', ['slowlog-max-len', '128'])
    await world.at(1, 'ACL DELUSER alice')
    await world.at(1, 'CONFIG SET slowlog-max-len 128')
  })
})

rows('crdb.md 3.4: WAIT', (row) => {
  row('WAIT counts local replicas, never other regions', async (world) => {
    await world.meanwhile(async () => {
      await world.at(1, 'SET @k v')
      const waiting = world.reads(1, 'WAIT 1 10')
      await world.passUntil(waiting)
      expect(await waiting).toBe(0)
    })
    await world.everywhere('GET @k', 'v')
  })
})

const REFUSED = [
  'FLUSHALL',
  'FLUSHDB',
  'SWAPDB 0 1',
  'MOVE @k 1',
  'MIGRATE 127.0.0.1 1 @k 0 10',
  'RESTORE-ASKING @k 0 payload',
  'OBJECT ENCODING @k',
  'SCRIPT DEBUG NO',
  'DEBUG OBJECT @k',
  'SAVE',
  'BGSAVE',
  'PSYNC ? -1',
  'REPLICAOF NO ONE',
  'CLIENT PAUSE 10',
  'ROLE',
]

rows('crdb.md 3.4: what is not there', (row) => {
  for (const line of REFUSED) {
    row(`${line.replace(' @k', '')} is refused`, async (world) => {
      await world.at(1, 'SET @k v')
      await world.meanwhile(async () => {
        for (const region of world.regions) await world.refuses(region, line, /^(?:ERR|NOMASTERLINK) /)
      })
      await world.everywhere('GET @k', 'v')
    })
  }

  row('JSON, vector sets, arrays and searches are unknown commands', async (world) => {
    for (const line of [
      'JSON.SET @k $ 1',
      'VADD @k VALUES 1 1 e',
      'ARSET @k 0 v',
      'FT.DROPINDEX i',
      'FT.SUGADD @k s 1',
    ]) {
      for (const region of world.regions) await world.refuses(region, line, /unknown command/)
    }
  })
})

rows('crdb.md 3.4: what is there', (row) => {
  row('CRDT.DEBUG ENCODING, OBJECT FREQ, IDLETIME, REFCOUNT, DUMP', async (world) => {
    await world.at(1, 'SADD @k a b')
    await world.meanwhile(async () => {
      for (const region of world.regions) {
        expect(typeof (await world.reads(region, 'CRDT.DEBUG ENCODING @k'))).toBe('string')
        expect(await world.reads(region, 'OBJECT REFCOUNT @k')).toBe(1)
        expect(typeof (await world.reads(region, 'OBJECT IDLETIME @k'))).toBe('number')
        await world.refuses(region, 'OBJECT FREQ @k', /LFU/)
        expect(await world.reads(region, 'DUMP @k')).not.toBeNull()
      }
    })
  })

  row('DBSIZE counts keys', async (world) => {
    const before = Number(await world.alike('DBSIZE'))
    await world.meanwhile(async () => {
      await world.at(1, 'SET @a 1')
      await world.at(2, 'SADD @b 1')
    })
    await world.everywhere('DBSIZE', before + 2)
    await world.at(2, 'DEL @a @b')
    await world.everywhere('DBSIZE', before)
  })
})
