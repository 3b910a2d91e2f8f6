import {describeWithPeers} from '../../support/peers.js'
import {type Client, connect} from './node-redis.js'
import {type Bench, failure, itScenarios, type Scenario} from './scenarios.js'

/** Commands that wait: with what they wake up, and how they end without. */

/** Starts a wait on each of the clients, in order, then does something that ends them. */
async function awaken<T>(
  bench: Bench,
  waits: readonly (() => Promise<T>)[],
  act: () => Promise<unknown>,
): Promise<T[]> {
  const waiting: Promise<T>[] = []
  for (const wait of waits) {
    waiting.push(wait())
    await bench.blocked(waiting.length)
  }
  await act()
  return await Promise.all(waiting)
}

const SCENARIOS: Record<string, Scenario> = {
  async 'wakes from BLPOP, BRPOP and BLMPOP in the order of waiting'(bench) {
    const [a, b, c] = await Promise.all([connect(bench), connect(bench), connect(bench)])
    const other = await connect(bench)
    return await awaken<unknown>(
      bench,
      [() => a.blPop(['q1', 'q2'], 0), () => b.brPop('q2', 0), () => c.blmPop(0, ['q1', 'q2'], 'RIGHT', {COUNT: 5})],
      () => other.multi().rPush('q2', ['1', '2', '3', '4']).rPush('q1', 'x').exec(),
    ).then(async (woken) => [...woken, await other.lRange('q1', 0, -1), await other.lRange('q2', 0, -1)])
  },

  async 'moves along a chain of waiting clients'(bench) {
    const [a, b, c] = await Promise.all([connect(bench), connect(bench), connect(bench)])
    const other = await connect(bench)
    const woken = await awaken<unknown>(
      bench,
      [
        () => c.blPop('third', 0),
        () => b.brPopLPush('second', 'third', 0),
        () => a.blMove('first', 'second', 'LEFT', 'RIGHT', 0),
      ],
      () => other.rPush('first', ['one', 'two']),
    )
    return [woken, await other.lRange('first', 0, -1), await other.exists(['second', 'third'])]
  },

  async 'wakes from BZPOPMIN, BZPOPMAX and BZMPOP'(bench) {
    const [a, b, c] = await Promise.all([connect(bench), connect(bench), connect(bench)])
    const other = await connect(bench)
    const members = ['a', 'b', 'c', 'd'].map((value, score) => ({score: score + 0.5, value}))
    const woken = await awaken<unknown>(
      bench,
      [
        () => a.bzPopMin(['none', 'z'], 0),
        () => b.bzPopMax('z', 0),
        () => c.bzmPop(0, ['z', 'none'], 'MAX', {COUNT: 9}),
      ],
      () => other.zAdd('z', members),
    )
    return [woken, await other.exists('z')]
  },

  async 'wakes from XREAD and XREADGROUP'(bench) {
    const [a, b, c] = await Promise.all([connect(bench), connect(bench), connect(bench)])
    const other = await connect(bench)
    await other.xGroupCreate('s', 'workers', '$', {MKSTREAM: true})
    const woken = await awaken<unknown>(
      bench,
      [
        () =>
          a.xRead(
            [
              {id: '$', key: 's'},
              {id: '0', key: 'none'},
            ],
            {BLOCK: 0},
          ),
        () => b.xReadGroup('workers', 'b', {id: '>', key: 's'}, {BLOCK: 0, COUNT: 1}),
        () => c.xReadGroup('workers', 'c', {id: '>', key: 's'}, {BLOCK: 0, NOACK: true}),
      ],
      () => other.multi().xAdd('s', '1-1', {f: 'v'}).xAdd('s', '1-2', {f: 'w'}).xAdd('s', '1-3', {f: 'x'}).exec(),
    )
    return [woken, await other.xPending('s', 'workers')]
  },

  async 'gives up in time, with nothing'(bench) {
    const client = await connect(bench)
    const old = await connect(bench, {RESP: 2})
    const seen: unknown[] = []
    for (const one of [client, old]) {
      seen.push(await one.blPop('none', 0.01), await one.blMove('none', 'to', 'LEFT', 'LEFT', 0.01))
      seen.push(await one.blmPop(0.01, 'none', 'LEFT'), await one.bzPopMin('none', 0.01))
      seen.push(await one.bzmPop(0.01, 'none', 'MIN'), await one.brPopLPush('none', 'to', 0.01))
      seen.push(await one.xRead({id: '$', key: 'none'}, {BLOCK: 10}), await one.wait(1, 10))
      seen.push(await one.multi().blPop('none', 0).bzPopMax('none', 0).xRead({id: '$', key: 's'}, {BLOCK: 0}).exec())
    }
    return seen
  },

  async 'fails a wait whose key becomes something else or whose group goes'(bench) {
    const client = await connect(bench)
    const other = await connect(bench)
    const seen: unknown[] = [await failure(client.blPop('none', -1))]
    await other.xGroupCreate('s', 'g', '$', {MKSTREAM: true})
    const read = (): Promise<unknown> => failure(client.xReadGroup('g', 'c', {id: '>', key: 's'}, {BLOCK: 0}))
    seen.push(await awaken(bench, [read], () => other.del('s')))
    await other.xGroupCreate('s', 'g', '$', {MKSTREAM: true})
    seen.push(await awaken(bench, [read], () => other.set('s', 'text')))
    await other.del('s')
    await other.xGroupCreate('s', 'g', '$', {MKSTREAM: true})
    seen.push(await awaken(bench, [read], () => other.xGroupDestroy('s', 'g')))
    await other.set('q', 'text')
    seen.push(await failure(client.blPop('q', 0)), await failure(client.bzPopMin('q', 0)))
    return seen
  },

  async 'goes on waiting for the right type, and across databases'(bench) {
    const client = await connect(bench)
    const other = await connect(bench)
    const wait = () => client.blPop('q', 0)
    return await awaken(bench, [wait], async () => {
      await other.multi().zAdd('q', {score: 1, value: 'x'}).del('q').exec()
      await other.multi().rPush('q', 'x').del('q').exec()
      await other.select(1)
      await other.rPush('q', 'elsewhere')
      await other.swapDb(0, 1)
    })
  },

  async 'is unblocked by another client, with nothing or with an error'(bench) {
    const [a, b] = await Promise.all([connect(bench), connect(bench)])
    const other = await connect(bench)
    const ids = await Promise.all([a, b].map((client: Client) => client.clientId()))
    const seen = await awaken<unknown>(bench, [() => a.blPop('q', 0), () => failure(b.blPop('q', 0))], async () => {
      await other.clientUnblock(ids[0]!)
      await other.clientUnblock(ids[1]!, 'ERROR')
    })
    return [...seen, await other.clientUnblock(ids[0]!), await other.rPush('q', 'kept'), await a.lLen('q')]
  },

  async 'blocks a task of its own in an isolated connection while the client goes on'(bench) {
    const client = await connect(bench)
    const pool = client.duplicate()
    pool.on('error', () => undefined)
    bench.defer(() => pool.destroy())
    await pool.connect()
    const job = pool.brPop('jobs', 0)
    await bench.blocked(1)
    const seen: unknown[] = [await client.ping(), await client.lPush('jobs', 'work')]
    const abort = new AbortController()
    seen.push(await job)
    const queued = client.withAbortSignal(abort.signal).get('x')
    abort.abort()
    return [...seen, await failure(queued)]
  },
}

describeWithPeers('node-redis blocking commands', () => {
  itScenarios(SCENARIOS)
})
