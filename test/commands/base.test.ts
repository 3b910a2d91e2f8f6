import {spawn} from 'node:child_process'
import {once} from 'node:events'
import {type AddressInfo, createServer, type Server, type Socket} from 'node:net'
import {join} from 'node:path'
import {afterAll, beforeAll, describe, expect, it} from 'vitest'
import type {ErrorDocument} from '../../src/lib/kernel/errors.js'
import {packageFolder, runShoal, shoalEnv} from '../support/cli.js'
import {claimPorts} from '../support/ports.js'
import {ScriptedCluster} from '../support/scripted-cluster.js'

/** What every command does with failures, flags and Ctrl-C; shown on `check`, which needs no node to fail. */

let silent: Server
let silentSeed: string
let closedSeed: string
const sockets = new Set<Socket>()

beforeAll(async () => {
  silent = createServer((socket) => {
    sockets.add(socket)
    socket.on('error', () => undefined)
  })
  silent.listen(0, '127.0.0.1')
  await once(silent, 'listening')
  silentSeed = `127.0.0.1:${(silent.address() as AddressInfo).port}`
  closedSeed = `127.0.0.1:${await claimPorts()}`
})

afterAll(() => {
  for (const socket of sockets) socket.destroy()
  silent.close()
})

const failureOf = async (args: readonly string[]) => {
  const result = await runShoal([...args, '--json'])
  const {error} = result.json<ErrorDocument>()
  expect(result.code).toBe(error.exitCode)
  expect(result.stderr).toBe('')
  return error
}

describe('failures', () => {
  it('are one JSON document on stdout, with the exit code of the table', async () => {
    expect(await failureOf(['check', closedSeed])).toEqual({
      code: 'UNREACHABLE',
      message: `${closedSeed} refuses connections`,
      exitCode: 7,
      suggestions: [expect.any(String)],
      details: {address: closedSeed, cause: 'ECONNREFUSED'},
    })
  })

  it('are one sentence on stderr for people, with nothing on stdout', async () => {
    const {code, stdout, stderr} = await runShoal(['check', closedSeed])
    expect({code, stdout}).toEqual({code: 7, stdout: ''})
    expect(stderr).toMatch(/^Error: 127\.0\.0\.1:\d+ refuses connections\n {2}Try: .+\n$/)
  })

  it.each<[name: 'stdout' | 'stderr', args: string[], code: number]>([
    ['stderr', ['check', '127.0.0.1:1'], 7],
    ['stdout', ['jobs'], 0],
    ['stdout', ['check', '127.0.0.1:1', '--json'], 7],
  ])('do not come of a reader of %s that left: %s', async (name, args, code) => {
    const child = spawn(process.execPath, [join(packageFolder(), 'bin', 'run.js'), ...args], {env: shoalEnv()})
    child[name].destroy()
    expect(await once(child, 'exit')).toEqual([code, null])
  })

  it.each(['check', 'info', 'reshard'])(
    'come of %s HOST PORT, as redis-cli takes it, as of HOST:PORT',
    async (command) => {
      const error = await failureOf([command, ...closedSeed.split(':')])
      expect(error).toMatchObject({code: 'UNREACHABLE', details: {address: closedSeed}})
    },
  )

  const usage: [name: string, args: string[], message: RegExp][] = [
    ['a mistyped flag', ['check', '127.0.0.1:7000', '--jsn'], /Nonexistent flag: --jsn/],
    ['a missing argument', ['check'], /Missing 1 required arg/],
    ['an argument too many', ['check', '127.0.0.1:7000', 'more'], /Unexpected argument: more/],
    ['two arguments too many', ['check', '127.0.0.1', '7000', 'more'], /Unexpected argument: more/],
    ['a choice that is none', ['check', '127.0.0.1:7000', '--fail-on', 'info'], /--fail-on=info/],
    ['a time that is none', ['check', '127.0.0.1:7000', '--timeout', 'soon'], /--timeout soon is not a length of time/],
    ['an address map that is none', ['check', '127.0.0.1:7000', '--address-map', 'x'], /is not FROM=TO/],
    ['a user without a password', ['check', '127.0.0.1:7000', '--user', 'ops'], /--user needs a password/],
    ['a certificate without its key', ['check', '127.0.0.1:7000', '--cert', 'x'], /--key/],
  ]
  for (const [name, args, message] of usage) {
    it(`call ${name} BAD_FLAG and exit 2`, async () => {
      const error = await failureOf(args)
      expect(error).toMatchObject({code: 'BAD_FLAG', exitCode: 2})
      expect(error.message).toMatch(message)
      expect(JSON.stringify(error).length).toBeLessThan(2000)
    })
  }

  const unknown: [args: string[], message: string][] = [
    [['rehsard'], '"rehsard" is not a shoal command. Did you mean reshard?'],
    [['rehsard', '127.0.0.1:7000', '--slots', '5'], '"rehsard" is not a shoal command. Did you mean reshard?'],
    [['help', 'rehsard'], '"rehsard" is not a shoal command. Did you mean reshard?'],
    [['node', 'strat'], '"node strat" is not a shoal command. Did you mean node start?'],
    [['xyzzy', '-a', 'secret'], '"xyzzy" is not a shoal command.'],
    [['ps', 'more'], 'Unexpected argument: more'],
    [['--hlep'], 'Nonexistent flag: --hlep. Did you mean --help?'],
    [[], 'No command given'],
  ]
  for (const [args, message] of unknown) {
    it(`of shoal ${args.join(' ')}: BAD_FLAG and exit 2, as text and as one document`, async () => {
      // Without a word it is help that is asked for; help itself knows no --json.
      if (args[0] !== 'help') expect(await failureOf(args)).toMatchObject({code: 'BAD_FLAG', message})
      if (args.length === 0) return
      const {code, stdout, stderr} = await runShoal(args)
      expect({code, stdout}).toEqual({code: 2, stdout: ''})
      expect(stderr).toMatch(new RegExp(`^Error: ${message.replace(/[.?]/g, '\\$&')}\n( {2}Try: shoal .*\n)+$`))
      expect(stderr).not.toContain('secret')
    })
  }

  it('of a command of oclif are documents too', async () => {
    expect(await failureOf(['help', '--jsom'])).toMatchObject({code: 'BAD_FLAG', exitCode: 2})
  })

  it('name the nearest flag, and no value of it', async () => {
    const error = await failureOf(['reshard', closedSeed, '--form=x', '--pasword=secret'])
    expect(error).toMatchObject({
      code: 'BAD_FLAG',
      details: {didYouMean: ['--from', '--password']},
      message: 'Nonexistent flags: --form, --pasword. Did you mean --from, --password?',
      suggestions: ['shoal reshard --help'],
    })
  })

  it('call an address that is none BAD_ADDRESS and exit 2', async () => {
    expect(await failureOf(['info', 'localhost'])).toMatchObject({code: 'BAD_ADDRESS', exitCode: 2})
    expect(await failureOf(['create', '127.0.0.1:99999'])).toMatchObject({code: 'BAD_ADDRESS', exitCode: 2})
  })

  it('do not hang on a closed stdin', async () => {
    const error = await failureOf(['check', closedSeed, '--askpass'])
    expect(error).toMatchObject({code: 'NEEDS_TERMINAL', exitCode: 2})
  })
})

describe('--timeout', () => {
  it('bounds the wait for a silent seed, and exits 7', async () => {
    const started = performance.now()
    expect(await failureOf(['info', silentSeed, '--timeout', '300ms'])).toMatchObject({code: 'TIMED_OUT', exitCode: 7})
    expect(performance.now() - started).toBeLessThan(3000)
  })
})

describe('Ctrl-C', () => {
  for (const name of ['SIGINT', 'SIGTERM'] as const) {
    it(`${name} stops the work and exits 130`, async () => {
      const connected = once(silent, 'connection')
      const {code, stdout, stderr} = await runShoal(['check', silentSeed, '--timeout', '60s'], {
        onStart: ({kill}) => {
          connected.then(() => kill(name))
        },
      })
      expect({code, stdout, stderr}).toEqual({code: 130, stdout: '', stderr: 'Error: interrupted\n'})
    })
  }
})

describe('help', () => {
  for (const command of ['create', 'check', 'info']) {
    it(`of ${command} shows examples and the global flags, and hides redis-cli spellings`, async () => {
      const {code, stdout} = await runShoal([command, '--help'])
      expect(code).toBe(0)
      for (const text of ['EXAMPLES', `shoal ${command} `, '--json', '--yes', '--password', '--timeout']) {
        expect(stdout).toContain(text)
      }
      expect(stdout).not.toContain('--cluster-')
    })
  }
})

describe('a cluster of many nodes', () => {
  it('is looked at without a word on stderr', async () => {
    const cluster = await ScriptedCluster.start(16)
    try {
      const {code, stderr} = await runShoal(['info', cluster.seed])
      expect({code, stderr}).toEqual({code: 0, stderr: ''})
    } finally {
      await cluster.stop()
    }
  })
})
