import {type CommandParser, createClient, defineScript, RESP_TYPES} from 'redis'
import {describeWithPeers} from '../../support/peers.js'
import {connect} from './node-redis.js'
import {type Bench, failure, itScenarios, type Scenario} from './scenarios.js'

/** Functions and scripts, as the library's typed options offer them. */

const LIBRARY = `#!lua name=accounts
local function transfer(keys, args)
  local balance = tonumber(redis.call('GET', keys[1]) or '0')
  if balance < tonumber(args[1]) then return redis.error_reply('POOR only ' .. balance) end
  redis.call('DECRBY', keys[1], args[1])
  return redis.call('INCRBY', keys[2], args[1])
end
redis.register_function('transfer', transfer)
redis.register_function{function_name='balance', flags={'no-writes'}, description='What is left', callback=function(keys)
  return tonumber(redis.call('GET', keys[1]) or '0')
end}
redis.register_function{function_name='facts', flags={'no-writes'}, callback=function()
  redis.setresp(3)
  return {map={a=1, b={double=1.5}}}
end}
`

const transfer = {
  NUMBER_OF_KEYS: 2,
  parseCommand(parser: CommandParser, from: string, to: string, amount: number) {
    parser.pushKey(from)
    parser.pushKey(to)
    parser.push(String(amount))
  },
  transformReply: undefined as unknown as () => number,
}
const balance = {
  NUMBER_OF_KEYS: 1,
  IS_READ_ONLY: true,
  parseCommand(parser: CommandParser, key: string) {
    parser.pushKey(key)
  },
  transformReply: undefined as unknown as () => number,
} as const

const addAll = defineScript({
  SCRIPT: "local sum = 0 for _, one in ipairs(ARGV) do sum = sum + one end return redis.call('INCRBY', KEYS[1], sum)",
  NUMBER_OF_KEYS: 1,
  parseCommand(parser: CommandParser, key: string, ...numbers: number[]) {
    parser.pushKey(key)
    parser.push(...numbers.map(String))
  },
  transformReply: undefined as unknown as () => number,
})

/** The functions of a library are listed in no order. */
function ordered(libraries: readonly {functions: readonly {name: string}[]}[]): unknown {
  return libraries.map((one) => ({...one, functions: [...one.functions].sort((a, b) => a.name.localeCompare(b.name))}))
}

async function connectTyped(bench: Bench) {
  const client = createClient({
    functions: {accounts: {balance, transfer}},
    scripts: {addAll},
    socket: {host: '127.0.0.1', port: bench.port},
  })
  client.on('error', () => undefined)
  bench.defer(() => client.destroy())
  await client.connect()
  return client
}

const SCENARIOS: Record<string, Scenario> = {
  async 'loads a library and calls its functions by name'(bench) {
    const client = await connectTyped(bench)
    const seen: unknown[] = [await failure(client.accounts.transfer('a', 'b', 1))]
    seen.push(await client.functionLoad(LIBRARY), await failure(client.functionLoad(LIBRARY)))
    seen.push(await client.functionLoad(LIBRARY, {REPLACE: true}), await client.set('a', '10'))
    seen.push(await client.accounts.transfer('a', 'b', 7), await failure(client.accounts.transfer('a', 'b', 7)))
    seen.push(await client.accounts.balance('a'), await client.fCallRo('balance', {arguments: [], keys: ['b']}))
    seen.push(await failure(client.fCallRo('transfer', {arguments: ['1'], keys: ['a', 'b']})))
    seen.push(await client.fCallRo('facts', {arguments: [], keys: []}))
    seen.push(await client.multi().accounts.transfer('b', 'a', 2).accounts.balance('a').exec())
    return seen
  },

  async 'lists, dumps, restores and deletes libraries'(bench) {
    const client = await connect(bench)
    await client.functionLoad(LIBRARY)
    const seen: unknown[] = [await client.functionList(), await client.functionListWithCode({LIBRARYNAME: 'acc*'})].map(
      ordered,
    )
    const stats = await client.functionStats()
    seen.push(stats.running_script, JSON.parse(JSON.stringify(stats.engines)))
    const payload = await client.functionDump()
    seen.push(await client.functionDelete('accounts'), await failure(client.functionDelete('accounts')))
    seen.push(await client.functionList(), await failure(client.functionRestore('garbage')))
    const binary = client.withTypeMapping({[RESP_TYPES.BLOB_STRING]: Buffer})
    await client.functionLoad(LIBRARY)
    const dump = await binary.functionDump()
    seen.push(typeof payload, await failure(client.functionRestore(dump)))
    seen.push(await client.functionRestore(dump, {mode: 'REPLACE'}), await client.functionFlush('SYNC'))
    seen.push(await client.functionRestore(dump), (await client.functionList()).length)
    seen.push(await failure(client.functionLoad('#!lua name=x\nnonsense(')))
    seen.push(
      await failure(client.functionLoad('#!python name=x\npass')),
      await failure(client.functionLoad('no head')),
    )
    seen.push(await failure(client.functionKill()))
    return seen
  },

  async 'runs a defined script, which is loaded when it is not known'(bench) {
    const client = await connectTyped(bench)
    const seen: unknown[] = [await client.scriptExists(addAll.SHA1), await client.addAll('sum', 1, 2, 3)]
    seen.push(await client.scriptExists([addAll.SHA1, '0'.repeat(40)]), await client.addAll('sum', 4))
    seen.push(await client.scriptFlush(), await client.addAll('sum', 5), await client.scriptFlush('ASYNC'))
    seen.push(await client.multi().addAll('sum', 1).addAll('sum', 2).get('sum').exec())
    seen.push(await client.scriptLoad('return 1'), await failure(client.scriptLoad('return (')))
    seen.push(await failure(client.scriptKill()), await failure(client.addAll('sum', Number.NaN)))
    return seen
  },

  async 'gives what Lua gives, in both protocols'(bench) {
    const scripts = [
      "return {1, 'two', 3.9, false, true, {nested = 'lost', 'kept'}, nil, 'behind nil'}",
      "return redis.status_reply('FINE')",
      "return {ok = 'TOO'}",
      "return {err = 'BAD thing'}",
      "return redis.call('NOPE')",
      "return redis.pcall('LPUSH', KEYS[1])",
      "redis.setresp(3) return redis.call('HGETALL', KEYS[1])",
      "return redis.call('HGETALL', KEYS[1])",
      'redis.setresp(3) return {double = 0.1}',
      'redis.setresp(3) return {set = {a = true, b = true}}',
      'return cjson.encode({cjson.decode(\'[1,{"a":null}]\'), #ARGV, ARGV[1]})',
      'return redis.sha1hex(ARGV[1])',
      "return redis.call('SET', KEYS[1], 'x', 'EX', '0')",
      "error('thrown')",
      'return undefined_variable',
      "return {redis.call('TYPE', KEYS[1]), redis.call('EXISTS', 'none')}",
      'return tostring(1/3)',
    ]
    const seen: unknown[] = []
    for (const RESP of [2, 3] as const) {
      const client = await connect(bench, {RESP})
      await client.hSet('h', {f: 'v'})
      for (const script of scripts) {
        seen.push(
          await client
            .eval(script, {arguments: ['é'], keys: ['h']})
            .catch(() => failure(client.eval(script, {arguments: ['é'], keys: ['h']}))),
        )
      }
      seen.push(await failure(client.evalRo("return redis.call('SET', KEYS[1], 1)", {keys: ['x']})))
      seen.push(await client.evalRo("return redis.call('EXISTS', KEYS[1])", {keys: ['h']}))
    }
    return seen
  },

  async 'ends a script that does not end'(bench) {
    const [client, other] = await Promise.all([connect(bench), connect(bench)])
    await bench.admin('CONFIG', 'SET', 'busy-reply-threshold', 1)
    bench.defer(() => bench.admin('CONFIG', 'SET', 'busy-reply-threshold', 5000))
    const endless = failure(client.eval('while true do end'))
    let busy = await failure(other.ping())
    while (busy.startsWith('no failure')) busy = await failure(other.ping())
    const seen = [busy, await failure(other.functionKill()), await other.scriptKill(), await endless]
    return [...seen, await client.ping(), await failure(other.scriptKill())]
  },
}

describeWithPeers('node-redis functions and scripts', () => {
  itScenarios(SCENARIOS)
})
