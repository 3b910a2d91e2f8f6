import {execFileSync} from 'node:child_process'
import {readFileSync, statSync} from 'node:fs'
import {join} from 'node:path'
import {afterAll, afterEach, beforeAll, expect, it} from 'vitest'
import {Session, type SessionSettings} from '../../src/lib/cli/prompt/session.js'
import {parseTyped} from '../../src/lib/cli/prompt/typed.js'
import {runShoal, stateDir} from '../support/cli.js'
import {callRedis, describeWithPeers, peerProgram, type RedisNode, startRedis} from '../support/peers.js'
import {claimPorts} from '../support/ports.js'
import {processesWith, waitFor} from '../support/processes.js'
import {hasTmux, Terminal} from './wizard-terminal.js'

const REQUIRED = process.env['REQUIRE_PEERS'] === '1'

/** Every kind of reply; those of DEBUG PROTOCOL that redis-cli 7.0 cannot read (attributes, big numbers) are left out. */
const LINES = [
  'PING',
  'NOSUCH a',
  'GET "never closed',
  'SET k "a b\\x00\\xff\\n\\"é"',
  'GET k',
  'GET missing',
  'INCR n',
  '3 INCR n',
  'RPUSH l 1 2 3 4 5 6 7 8 9 10',
  'LRANGE l 0 -1',
  'LRANGE missing 0 -1',
  'HSET h a 1 b 2',
  'HGETALL h',
  'HGETALL missing',
  'SADD s x',
  'SMEMBERS s',
  'SMEMBERS missing',
  'ZADD z 1.5 m',
  'ZSCORE z m',
  'ZRANGE z 0 -1 WITHSCORES',
  "EVAL \"return {1,{2,{'x',false},{}},redis.error_reply('ERR in'),redis.status_reply('ok')}\" 0",
  'EVAL "redis.setresp(3); return {map={a={1}}}" 0',
  'EVAL "redis.setresp(3); return {map={a={{1}}}}" 0',
  'EVAL "redis.setresp(3); return {map={a={1,2}}}" 0',
  'EVAL "redis.setresp(3); return {map={a={map={b=1}}}}" 0',
  'EVAL "redis.setresp(3); return {{map={a={set={b=true}}}},{double=1.5},{map={}},{set={}}}" 0',
  'XADD st 1-1 f v',
  'XREAD STREAMS st 0',
  'XINFO STREAM st FULL',
  'COMMAND DOCS get',
  'COMMAND INFO get nosuch',
  'CLUSTER INFO',
  'CLIENT LIST TYPE pubsub',
  'LOLWUT VERSION 1',
  'MEMORY DOCTOR',
  'LATENCY DOCTOR',
  'DEBUG PROTOCOL double',
  'DEBUG PROTOCOL verbatim',
  'DEBUG PROTOCOL true',
  'DEBUG PROTOCOL null',
  'DEBUG PROTOCOL set',
  'DEBUG PROTOCOL map',
  'SELECT 1',
  'GET k',
  'MULTI',
  'SET k 1',
  'EXEC',
  'FLUSHALL',
]

/** What our prompt says to the lines. */
async function ours(port: number, lines: readonly string[], how: Partial<SessionSettings>) {
  let said = ''
  const write = (text: string) => {
    said += text
  }
  const plain = {db: 0, isCluster: false, isRaw: false, isResp3: false, isTalkative: true, timeoutMs: 5000}
  const session = new Session({...plain, address: {host: '127.0.0.1', port}, write, ...how})
  for (const line of lines) {
    const typed = parseTyped(line)
    if (typed.kind === 'command') await session.run(typed.argv, typed.times)
    else if (typed.kind === 'invalid') write(`${typed.text}\n`)
  }
  session.close()
  return Buffer.from(said, 'latin1').toString()
}

/** What redis-cli says to them. */
function theirs(port: number, lines: readonly string[], ...options: string[]): string {
  return String(
    execFileSync(peerProgram('redis-cli'), ['-p', String(port), ...options], {input: `${lines.join('\n')}\n`}),
  )
}

describeWithPeers('replies at the prompt', () => {
  let redis: RedisNode

  beforeAll(async () => {
    redis = await startRedis()
  })
  afterAll(() => redis?.stop())

  it.each([
    ['on a terminal', false, false],
    ['on a terminal under RESP3', false, true],
    ['in a pipe', true, false],
    ['in a pipe under RESP3', true, true],
  ])('look as in redis-cli %s', async (_, isRaw, isResp3) => {
    const options = [isRaw ? '--raw' : '--no-raw', ...(isResp3 ? ['-3'] : [])]
    const expected = theirs(redis.port, LINES, ...options)
    expect((await ours(redis.port, LINES, {isRaw, isResp3})).split('\n')).toEqual(expected.split('\n'))
  })
})

describeWithPeers('the prompt of an environment', () => {
  const test = hasTmux() || REQUIRED ? it : it.skip
  let port: number
  let terminal: Terminal | undefined

  beforeAll(async () => {
    port = await claimPorts(3)
    const up = await runShoal(['up', '--primaries', '3', '--replicas', '0', '--base-port', String(port)], {
      env: {SHOAL_PASSWORD: "it's"},
    })
    expect(up.code, up.stderr).toBe(0)
  })

  afterEach(() => terminal?.close())
  afterAll(async () => {
    for (const pid of processesWith(stateDir())) process.kill(pid, 'SIGKILL')
    await waitFor(() => processesWith(stateDir()).length === 0, {what: 'end of all nodes'})
  })

  test('is typed into: redirects, transactions, subscriptions, help, history, the end', async () => {
    terminal = new Terminal(['cli', 'n1', '--builtin'])
    const type = (text: string) => {
      terminal?.type(text)
      terminal?.press('Enter')
    }
    const at = (node: number) => `127\\.0\\.0\\.1:${port + node - 1}`
    await terminal.see(new RegExp(`${at(1)}>$`))
    // Slot 15495 is the third node's, 3300 the first one's.
    type('set a "1 2"')
    await terminal.see(new RegExp(`-> Redirected to slot \\[15495\\] located at ${at(3)}\nOK\n${at(3)}>`))
    type('get a')
    await terminal.see(new RegExp(`get a\n"1 2"\n${at(3)}>`))
    type('multi')
    await terminal.see(new RegExp(`OK\n${at(3)}\\(TX\\)>`))
    type('2 incr {a}n')
    await terminal.see(/QUEUED\nQUEUED\n/)
    type('exec')
    await terminal.see(new RegExp(`1\\) \\(integer\\) 1\n2\\) \\(integer\\) 2\n${at(3)}>`))
    type('auth nonsense')
    await terminal.see('(error) WRONGPASS')
    type('subscribe news')
    await terminal.see(/Reading messages.*\n1\) "subscribe"\n2\) "news"\n3\) \(integer\) 1/)
    await callRedis(port + 2, ['PUBLISH', 'news', 'hello'], "it's")
    await terminal.see(/1\) "message"\n2\) "news"\n3\) "hello"/)
    terminal.press('C-c')
    await terminal.see(new RegExp(`"hello"\\s+${at(3)}>`))
    type('clear')
    await terminal.see(new RegExp(`^${at(3)}>`))
    type('help set')
    await terminal.see(/SET key value .*\n {2}summary: Set the string value of a key/)
    terminal.press('Up', 'Up', 'Up', 'Up', 'Enter')
    // What came before the subscription is the EXEC: the AUTH between them is not remembered.
    await terminal.see('(error) ERR EXEC without MULTI')
    type('exit')
    expect(await terminal.exitCode()).toBe(0)
    const file = join(stateDir(), 'cli-history')
    expect(readFileSync(file, 'utf8')).toMatch(/exec\nsubscribe news\nclear\nhelp set\nexec\nexit\n$/)
    expect(statSync(file).mode & 0o777).toBe(0o600)
  })

  it('follows redirects as redis-cli does', async () => {
    const lines = ['SET q 1', 'GET q', 'SET b 1', 'APPEND q 2', '2 DEL q', 'PING']
    const expected = theirs(port, lines, '-c', '--no-raw', '-a', "it's", '--no-auth-warning')
    expect(expected).toContain('-> Redirected to slot')
    expect(await ours(port, lines, {isCluster: true, password: "it's"})).toBe(expected)
  })

  test('ends on Ctrl-C', async () => {
    terminal = new Terminal(['cli', 'n2', '--builtin'])
    await terminal.see(`:${port + 1}>`)
    terminal.press('C-c')
    expect(await terminal.exitCode()).toBe(0)
  })

  it('is none for one command or lines in a pipe, and without redis-cli on PATH', async () => {
    const shoal = (args: readonly string[], stdin?: string, env = {}) =>
      runShoal(['cli', ...args], {env, ...(stdin !== undefined && {stdin})})
    const [one, piped, error, told, unknown] = await Promise.all([
      shoal(['n1', '--', 'SET', 'greeting', 'hello'], undefined, {PATH: '/nonexistent'}),
      shoal(['n1', '--builtin'], 'get nothing\nset b "x y"\nget b\nexit\nset b 2\n'),
      shoal(['n1', '--builtin', '--', 'incr'], ''),
      shoal(['n1', '--builtin', '--', '-e', '--no-raw', 'incr'], ''),
      shoal(['n1', '--builtin', '--', '--latency'], ''),
    ])
    expect([one?.code, one?.stdout]).toEqual([0, 'OK\n'])
    expect([piped?.code, piped?.stdout]).toEqual([0, '\nOK\nx y\n'])
    expect(error?.code).toBe(0)
    expect([told?.code, told?.stdout]).toEqual([1, "(error) ERR wrong number of arguments for 'incr' command\n"])
    expect([unknown?.code, unknown?.stderr]).toEqual([2, expect.stringContaining('--latency')])
  })
})
