import {GEO_REPLY_WITH} from 'redis'
import {describeWithPeers} from '../../support/peers.js'
import {connect} from './node-redis.js'
import {failure, itScenarios, type Scenario} from './scenarios.js'

/** The types of data, by the library's typed commands; iterators over many keys and members. */

async function collect<T>(pages: AsyncIterable<readonly T[]>): Promise<T[]> {
  const found: T[] = []
  for await (const page of pages) found.push(...page)
  return found
}

const sorted = <T>(values: readonly T[]): string[] => [...new Set(values.map((one) => JSON.stringify(one)))].sort()
const many = Array.from({length: 700}, (_, i) => `one:${i}`)

const SCENARIOS: Record<string, Scenario> = {
  async 'scans keys, hashes, sets and sorted sets with iterators'(bench) {
    const client = await connect(bench)
    await client.mSet(many.map((key): [string, string] => [key, key]))
    await client.hSet('h', Object.fromEntries(many.map((field, i) => [field, i])))
    await client.sAdd('s', many)
    await client.sAdd(
      'ints',
      many.map((_, i) => String(i * 3)),
    )
    await client.zAdd(
      'z',
      many.map((value, score) => ({score: score / 4, value})),
    )
    const seen: unknown[] = [sorted(await collect(client.scanIterator({COUNT: 50})))]
    seen.push(sorted(await collect(client.scanIterator({MATCH: 'one:1?', COUNT: 1000}))))
    seen.push(
      sorted(await collect(client.scanIterator({TYPE: 'zset'}))),
      sorted(await collect(client.hScanIterator('h'))),
    )
    seen.push(sorted(await collect(client.hScanIterator('h', {MATCH: '*:69*', COUNT: 100}))))
    seen.push(
      sorted(await collect(client.sScanIterator('s'))),
      sorted(await collect(client.sScanIterator('ints', {COUNT: 7}))),
    )
    seen.push(
      sorted(await collect(client.zScanIterator('z', {COUNT: 33}))),
      await collect(client.sScanIterator('none')),
    )
    seen.push(
      await failure(collect(client.hScanIterator('s'))),
      await failure(collect(client.hScanNoValuesIterator('h'))),
    )
    const packed = await client.hSet('small', {a: 1, b: 2}).then(() => collect(client.hScanIterator('small')))
    return [...seen, packed]
  },

  async 'finds places'(bench) {
    const client = await connect(bench)
    const places = [
      {latitude: 38.115556, longitude: 13.361389, member: 'Palermo'},
      {latitude: 37.502669, longitude: 15.087269, member: 'Catania'},
      {latitude: 37.316, longitude: 13.583333, member: 'Agrigento'},
    ]
    const from = {latitude: 37, longitude: 15}
    const by = {radius: 200, unit: 'km'} as const
    const all = [GEO_REPLY_WITH.DISTANCE, GEO_REPLY_WITH.HASH, GEO_REPLY_WITH.COORDINATES]
    const seen: unknown[] = [
      await client.geoAdd('g', places),
      await client.geoAdd('g', places[0]!, {condition: 'XX', CH: true}),
    ]
    seen.push(await client.geoPos('g', ['Palermo', 'Nowhere']), await client.geoHash('g', ['Palermo', 'Catania', 'x']))
    seen.push(await client.geoDist('g', 'Palermo', 'Catania', 'mi'), await client.geoDist('g', 'Palermo', 'x'))
    seen.push(
      await client.geoSearch('g', from, by, {SORT: 'ASC'}),
      await client.geoSearchWith('g', from, by, all, {SORT: 'DESC'}),
    )
    seen.push(await client.geoSearch('g', 'Catania', {height: 400, unit: 'km', width: 400}, {COUNT: 2, SORT: 'ASC'}))
    seen.push(
      await client.geoSearchStore('near', 'g', from, by, {STOREDIST: true}),
      await client.zRangeWithScores('near', 0, -1),
    )
    seen.push(await failure(client.geoAdd('g', {latitude: 99, longitude: 0, member: 'x'})))
    return seen
  },

  async 'counts with HyperLogLogs and bits'(bench) {
    const client = await connect(bench)
    const seen: unknown[] = [
      await client.pfAdd('a', many),
      await client.pfAdd('a', 'one:1'),
      await client.pfAdd('b', 'other'),
    ]
    seen.push(await client.pfCount('a'), await client.pfMerge('c', ['a', 'b']), await client.pfCount(['a', 'b', 'c']))
    seen.push(await client.set('t', 'x').then(() => failure(client.pfAdd('t', 'y'))))
    seen.push(await client.setBit('bits', 100, 1), await client.getBit('bits', 100), await client.bitCount('bits'))
    seen.push(
      await client.bitCount('bits', {end: 101, mode: 'BIT', start: 99}),
      await client.bitPos('bits', 1, 0, -1, 'BIT'),
    )
    seen.push(await client.bitOp('NOT', 'inverted', 'bits'), await client.bitCount('inverted'))
    seen.push(
      await client.bitField('field', [
        {encoding: 'u8', offset: 0, operation: 'SET', value: 250},
        {behavior: 'FAIL', operation: 'OVERFLOW'},
        {encoding: 'u8', increment: 10, offset: 0, operation: 'INCRBY'},
        {behavior: 'SAT', operation: 'OVERFLOW'},
        {encoding: 'u8', increment: 10, offset: 0, operation: 'INCRBY'},
        {encoding: 'i5', offset: '#3', operation: 'GET'},
      ]),
    )
    seen.push(await client.bitFieldRo('field', [{encoding: 'u4', offset: 4}]), await client.getRange('field', 0, -1))
    return seen
  },

  async 'handles strings, lists, hashes and times to live'(bench) {
    const client = await connect(bench)
    const seen: unknown[] = [
      await client.set('k', 'v', {condition: 'NX', GET: true}),
      await client.set('k', 'w', {GET: true}),
    ]
    seen.push(
      await client.set('k', 'x', {condition: 'NX'}),
      await client.getEx('k', {type: 'EX', value: 100}),
      await client.ttl('k'),
    )
    seen.push(await client.expire('k', 10, 'GT'), await client.expire('k', 1000, 'GT'), await client.persist('k'))
    seen.push(await client.expireAt('k', 4_000_000_000), await client.expireTime('k'), await client.pExpireTime('k'))
    seen.push(
      await client.incrByFloat('f', 0.1),
      await client.incrByFloat('f', 0.2),
      await client.getDel('f'),
      await client.get('f'),
    )
    seen.push(await client.mSetNX({a: '1', k: '2'}), await client.lcs('k', 'k'), await client.lcsIdx('k', 'k'))
    seen.push(
      await client.rPush('l', ['a', 'b', 'c', 'b']),
      await client.lPos('l', 'b', {RANK: -1}),
      await client.lPosCount('l', 'b', 0),
    )
    seen.push(
      await client.lInsert('l', 'BEFORE', 'c', 'x'),
      await client.lRange('l', 0, -1),
      await client.lmPop(['none', 'l'], 'LEFT', {COUNT: 2}),
    )
    seen.push(await client.lMove('l', 'm', 'RIGHT', 'LEFT'), await client.sort('m', {ALPHA: true, DIRECTION: 'DESC'}))
    seen.push(
      await client.hSet(
        'h',
        new Map([
          ['a', '1'],
          ['b', '2'],
        ]),
      ),
      await client.hmGet('h', ['a', 'c']),
      await client.hVals('h'),
    )
    seen.push(
      await client.hIncrByFloat('h', 'a', 1.5),
      await client.hExists('h', 'z'),
      await client.hRandFieldCountWithValues('h', 5),
    )
    seen.push(
      await client.objectEncoding('h'),
      await client.type('l'),
      await client.touch(['k', 'none']),
      await client.unlink(['k', 'h']),
    )
    seen.push(await client.copy('l', 'l2'), await client.rename('l2', 'l3'), await failure(client.rename('none', 'x')))
    return seen
  },

  async 'handles sets and sorted sets'(bench) {
    const client = await connect(bench)
    const seen: unknown[] = [await client.sAdd('a', ['1', '2', '3']), await client.sAdd('b', ['2', '3', '4'])]
    seen.push(
      (await client.sInter(['a', 'b'])).sort(),
      (await client.sUnion(['a', 'b'])).sort(),
      await client.sDiff(['a', 'b']),
    )
    seen.push(
      await client.sInterCard(['a', 'b'], {LIMIT: 1}),
      await client.smIsMember('a', ['1', '9']),
      await client.sMove('a', 'b', '1'),
    )
    const members = ['a', 'b', 'c', 'd', 'e'].map((value, i) => ({score: i * 1.1, value}))
    seen.push(
      await client.zAdd('z', members),
      await client.zAdd('z', {score: 9, value: 'a'}, {comparison: 'GT', CH: true}),
    )
    seen.push(
      await client.zRange('z', 0, -1, {REV: true}),
      await client.zRangeWithScores('z', '(1', '+inf', {BY: 'SCORE', LIMIT: {count: 2, offset: 1}}),
    )
    seen.push(
      await client.zRank('z', 'a'),
      await client.zRevRank('z', 'nope'),
      await client.zmScore('z', ['b', 'nope']),
      await client.zScore('z', 'nope'),
    )
    seen.push(
      await client.zIncrBy('z', -0.5, 'b'),
      await client.zCount('z', '-inf', 3),
      await client.zLexCount('z', '-', '+'),
    )
    seen.push(
      await client.zUnionWithScores(['z', 'b'], {AGGREGATE: 'MAX'}),
      await client.zInterStore('i', [
        {key: 'z', weight: 2},
        {key: 'b', weight: 1},
      ]),
    )
    seen.push(
      await client.zDiffWithScores(['z', 'b']),
      await client.zPopMinCount('z', 2),
      await client.zmPop(['none', 'z'], 'MAX', {COUNT: 2}),
    )
    seen.push(
      await client.zRandMemberCountWithScores('z', 3),
      await client.zRemRangeByScore('z', '-inf', '+inf'),
      await client.zPopMax('z'),
    )
    return seen
  },
}

describeWithPeers('node-redis data', () => {
  itScenarios(SCENARIOS)
})
