import {createClient, createClientPool, RESP_TYPES} from 'redis'
import {describeWithPeers} from '../../support/peers.js'
import {waitFor} from '../../support/processes.js'
import {connect, readyAgain} from './node-redis.js'
import {failure, itScenarios, type Scenario} from './scenarios.js'

/** How node-redis connects, fails, and comes back. */

const SCENARIOS: Record<string, Scenario> = {
  async 'connects in RESP2 and RESP3, with a name and a database'(bench) {
    const seen: unknown[] = []
    for (const RESP of [2, 3] as const) {
      const client = await connect(bench, {RESP, database: 3, name: `app-${RESP}`})
      const {addr, age, db, id, idle, laddr, fd, ...info} = await client.clientInfo()
      seen.push(
        db,
        Object.keys(info).filter((field) => !/mem|qbuf|multi/.test(field)),
        info.name,
        info.resp,
        info.cmd,
      )
      seen.push(await client.clientGetName(), await client.ping(), await client.ping('hello'), await client.echo('x'))
      seen.push(await client.select(1), await client.dbSize(), await client.sendCommand(['LOLWUT', 'VERSION', '9']))
      seen.push(await client.configGet(['maxmemory-policy', 'databases']), await client.hello(3).then(Object.keys))
    }
    return seen
  },

  async 'is told what the server does not know'(bench) {
    const client = await connect(bench)
    await client.set('text', 'x')
    const wrong = [
      client.lPush('text', 'y'),
      client.incr('text'),
      client.sendCommand(['NO-SUCH', 'a', 'b']),
      client.sendCommand(['CLIENT', 'SETINFO', 'LIB-NAME', 'app']),
      client.sendCommand(['CLIENT', 'NO-TOUCH', 'ON']),
      client.sendCommand(['CLIENT', 'MAINT_NOTIFICATIONS', 'ON']),
      client.sendCommand(['GET']),
      client.sendCommand(['HELLO', '4']),
      client.sendCommand(['JSON.GET', 'text']),
      client.sendCommand(['HPEXPIRE', 'h', '1', 'FIELDS', '1', 'f']),
      client.eval('return redis.error_reply("MY own")'),
      client.evalSha('0'.repeat(40)),
      client.fCall('nope', {arguments: [], keys: []}),
      client.xReadGroup('g', 'c', {key: 'text', id: '>'}),
      client.restore('copy', 0, Buffer.from('garbage')),
      client.set('text', 'y', {expiration: {type: 'EX', value: 0}}),
      client.setRange('text', -1, 'y'),
      client.hIncrBy('text', 'f', 1),
      client.select(99),
    ]
    return await Promise.all(wrong.map(failure))
  },

  async 'runs a transaction, and fails it when a watched key changed'(bench) {
    const client = await connect(bench)
    const other = await connect(bench)
    const seen: unknown[] = []
    await client.watch(['balance', 'other'])
    seen.push(await client.multi().incrBy('balance', 5).get('balance').hSet('h', {a: 1, b: '2'}).hGetAll('h').exec())
    await client.watch('balance')
    await other.set('balance', 'stolen')
    seen.push(await failure(client.multi().set('balance', 'mine').exec()))
    seen.push(await failure(client.multi().set('a', 1).lPush('a', 'x').incr('n').exec()))
    seen.push(await client.multi().set('p', 1).incr('p').execAsPipeline())
    seen.push(await failure(client.multi().addCommand(['GET']).exec()), await client.get('p'))
    await client.watch('balance')
    await other.set('balance', 'again')
    seen.push(await client.unwatch(), await client.multi().get('balance').exec())
    return seen
  },

  async 'shares a pool, with commands, transactions and isolated tasks'(bench) {
    const pool = createClientPool(
      {socket: {host: '127.0.0.1', port: bench.port}, name: 'pooled'},
      {minimum: 2, maximum: 4},
    )
    pool.on('error', () => undefined)
    bench.defer(() => pool.destroy())
    await pool.connect()
    const seen: unknown[] = []
    const tasks = Array.from({length: 4}, (_, i) => pool.execute((client) => client.blPop(`queue:${i}`, 0)))
    await bench.blocked(4)
    const waiting = pool.set('later', 'yes')
    await Promise.all([0, 1, 2, 3].map((i) => bench.admin('RPUSH', `queue:${i}`, `job ${i}`)))
    seen.push(await Promise.all(tasks), await waiting, await pool.multi().get('later').incr('n').exec())
    const optimistic = pool.execute(async (client) => {
      await client.watch('n')
      return client
        .multi()
        .set('n', Number(await client.get('n')) + 1)
        .exec()
    })
    seen.push(await optimistic, await pool.get('n'))
    return seen
  },

  async 'comes back after its connection was killed'(bench) {
    const client = await connect(bench, {name: 'victim'})
    const events: string[] = []
    for (const event of ['end', 'reconnecting', 'ready']) client.on(event, () => events.push(event))
    client.on('error', (error: Error) => events.push(`${error.constructor.name}: ${error.message}`))
    await client.set('kept', 'value')
    const id = await client.clientId()
    const killed = await bench.admin('CLIENT', 'KILL', 'ID', id)
    await waitFor(() => events.includes('ready'), {what: () => `reconnection: ${events}`})
    return [killed, events, await client.get('kept'), await client.clientGetName(), (await client.clientId()) > id]
  },

  async 'comes back after the server was started again'(bench) {
    const client = await connect(bench)
    const subscriber = await connect(bench)
    const seen: string[] = []
    await subscriber.subscribe('news', (message) => seen.push(message))
    await subscriber.pSubscribe('n*', (message, channel) => seen.push(`${channel}: ${message}`))
    await subscriber.sSubscribe('local', (message) => seen.push(`shard: ${message}`))
    await client.set('gone', 'value')
    // A subscriber is ready again once its subscriptions are.
    const ready = Promise.all([readyAgain(client), readyAgain(subscriber)])
    await bench.restart()
    await ready
    const heardBy = [await client.publish('news', 'back'), await client.sPublish('local', 'too')]
    await waitFor(() => seen.length === 3, {what: () => `three messages: ${seen}`})
    return [await client.get('gone'), heardBy, seen]
  },

  async 'speaks to the Unix socket, as a user of the ACL'(bench) {
    const rules = ['on', '>pässword', '~app:*', '&app:*', '+@all', '-@dangerous', '+client|setname']
    await bench.admin('ACL', 'SETUSER', 'app', 'reset', ...rules)
    bench.defer(() => bench.admin('ACL', 'DELUSER', 'app'))
    const socket = {path: bench.unixsocket, tls: false} as const
    const client = createClient({username: 'app', password: 'pässword', socket})
    client.on('error', () => undefined)
    bench.defer(() => client.isOpen && client.destroy())
    await client.connect()
    const seen: unknown[] = [await client.aclWhoAmI(), await client.set('app:key', 'x'), await client.get('app:key')]
    const refused = [client.get('other'), client.flushAll(), client.publish('news', 'x'), client.configGet('*')]
    seen.push(await Promise.all(refused.map(failure)))
    seen.push(await failure(client.multi().get('app:key').get('other').exec()))
    const stranger = createClient({username: 'app', password: 'wrong', socket: {...socket, reconnectStrategy: false}})
    stranger.on('error', () => undefined)
    seen.push(await failure(stranger.connect()))
    return seen
  },

  async 'gives binary values as they are, in the types the application wants'(bench) {
    const client = await connect(bench)
    const every = Buffer.from(Array.from({length: 256}, (_, i) => i))
    const seen: unknown[] = [
      await client.set(every, every),
      await client.strLen(every),
      await client.append(every, every),
    ]
    const binary = client.withTypeMapping({[RESP_TYPES.BLOB_STRING]: Buffer})
    seen.push(await binary.get(every), await binary.keys('*'), await binary.dump(every))
    seen.push(await binary.hSet('h', every, every), await binary.hGetAll('h'), await binary.hRandField('h'))
    seen.push(
      await client.zAdd('z', [
        {score: 1.5, value: 'a'},
        {score: Number.POSITIVE_INFINITY, value: 'b'},
      ]),
    )
    seen.push(
      await client.sAdd('s', ['1', '2', '3']),
      await client.withTypeMapping({[RESP_TYPES.SET]: Set}).sMembers('s'),
    )
    seen.push(await client.withTypeMapping({[RESP_TYPES.DOUBLE]: String}).zRangeWithScores('z', 0, -1))
    seen.push(await client.withTypeMapping({[RESP_TYPES.MAP]: Map}).hGetAll('h'), await client.zScore('z', 'b'))
    seen.push(await client.withTypeMapping({[RESP_TYPES.NUMBER]: String}).incrBy('big', Number.MAX_SAFE_INTEGER))
    seen.push(await client.get('utf8 — ü'), await client.set('utf8 — ü', '日本語 🚀'), await client.get('utf8 — ü'))
    return seen
  },
}

describeWithPeers('node-redis connections', () => {
  itScenarios(SCENARIOS)
})
