import {existsSync, readdirSync, readFileSync, writeFileSync} from 'node:fs'
import {connect, createServer, type Server} from 'node:net'
import {join, resolve} from 'node:path'
import {expect} from 'vitest'
import {connectWire} from '../../src/lib/client/migration/wire.js'
import {type Certificate, makeCertificate} from '../support/certificate.js'
import {type RunOptions, type RunResult, runShoal} from '../support/cli.js'
import {evenShares, type RedisNode, startRedis} from '../support/peers.js'
import {claimPorts} from '../support/ports.js'
import {temporaryFolder} from '../support/processes.js'
import {baseValue, keysIn} from './reshard-load.js'

/** Nodes that speak TLS alone, reached in one way or another by a user who may do what a command needs and no more. */

/** Neither ASCII nor one word, as a password may be. */
const PASSWORD = 'öperators secret'
const SOURCE_PASSWORD = 'sources secret'
/** Of the nodes among themselves; it stands in their arguments. */
const NODES_PASSWORD = 'nodes-secret'
const USER = 'operator'

interface Ports {
  readonly port: number
  /** The one it tells others; what is sent there arrives. */
  readonly announced: number
}

/** How nodes are named, and reached. */
export interface Way {
  readonly name: string
  /** What the certificate is for; the tests themselves come as `localhost`. */
  readonly certificate: readonly string[]
  /** Further arguments of redis-server. */
  readonly args: (ports: Ports) => readonly string[]
  /** Whether nodes announce other ports than they listen on. */
  readonly isTranslated: boolean
  /** How the operator names a node. */
  readonly nameOf: (ports: Ports) => string
  /** The host of a server that is in no cluster. */
  readonly host: string
  /** What it takes to reach a node, on the command line. */
  readonly flagsFor: (ports: Ports) => readonly string[]
}

export const HOSTNAMES: Way = {
  name: 'announced hostnames',
  // For no address: where a node is reached without its name being known, that fails.
  certificate: ['DNS:localhost'],
  args: () => ['--cluster-announce-hostname', 'localhost'],
  isTranslated: false,
  nameOf: ({port}) => `localhost:${port}`,
  host: 'localhost',
  flagsFor: () => [],
}

export const IPV6: Way = {
  name: 'IPv6',
  certificate: ['DNS:localhost', 'IP:::1'],
  args: () => ['--bind', '127.0.0.1', '::1'],
  isTranslated: false,
  nameOf: ({port}) => `[::1]:${port}`,
  host: '[::1]',
  flagsFor: () => [],
}

export const ADDRESS_MAP: Way = {
  name: 'an address map',
  // What is announced can be connected to from here as well, but fails as the certificate is not for it.
  certificate: ['DNS:localhost'],
  args: ({announced}) => ['--cluster-announce-tls-port', String(announced)],
  isTranslated: true,
  nameOf: ({announced}) => `127.0.0.1:${announced}`,
  host: 'localhost',
  flagsFor: ({announced, port}) => ['--address-map', `127.0.0.1:${announced}=localhost:${port}`],
}

const DOCS = resolve(import.meta.dirname, '../../docs/permissions.md')

/**
 * The rules that the documentation promises to be enough.
 *
 * @param rows - how rows of its table begin; after `; `, what is told of some cases, which semicolons set apart there too
 */
function promisedRules(...rows: readonly string[]): string[] {
  const table = readFileSync(DOCS, 'utf8')
    .split('\n')
    .filter((line) => line.startsWith('| '))
    .map((line) => line.split(/(?<!\\)\|/).map((cell) => cell.trim().replaceAll('\\|', '|')))
  return rows.flatMap((row) => {
    const [name = '', ...cases] = row.split('; ')
    const [, , cell = ''] = table.find(([, title]) => title?.startsWith(name)) ?? []
    const [always = '', ...others] = cell.split('; ')
    const parts = [always, ...cases.map((each) => others.find((other) => other.includes(each)) ?? '')]
    if (parts.includes('')) throw new Error(`docs/permissions.md has no row "${row}"`)
    const text = parts.join()
    const rules = [...text.matchAll(/`([^`]+)`/g)].flatMap(([, words = '']) => words.split(' '))
    const shared = [...text.matchAll(/those of `([^`]+)`/g)].flatMap(([, title]) => promisedRules(`\`${title}\``))
    return [...shared, ...rules.filter((rule) => /^[+~]/.test(rule))]
  })
}

const LOCK = 'the lock that keeps two operators apart'
const SPAWN_HOOK = resolve(import.meta.dirname, '../support/spawn-log.cjs')

/** Nodes that are to become a cluster, a server in none, and the operator before them. */
export class Stage {
  /** Shoal's own folder. */
  readonly state = temporaryFolder('transports')
  /** What commands write at the operator's wish. */
  readonly files = temporaryFolder('transports-files')
  private readonly outputs = temporaryFolder('transports-outputs')
  private readonly spawnLog = join(temporaryFolder('transports-spawned'), 'log')
  private runCount = 0
  private readonly bridges: Server[] = []

  private constructor(
    readonly way: Way,
    readonly certificate: Certificate,
    readonly nodes: readonly RedisNode[],
    private readonly ports: readonly Ports[],
    readonly source: RedisNode,
  ) {}

  static async set(way: Way, count: number): Promise<Stage> {
    const certificate = makeCertificate(way.certificate)
    if (!certificate) throw new Error('there is no openssl')
    const base = await claimPorts(count * 2)
    const ports = Array.from({length: count}, (_, index) => {
      const port = base + index
      return {port, announced: way.isTranslated ? port + count : port}
    })
    const common = {password: NODES_PASSWORD, tls: certificate}
    const start = (own: Ports, options: {cluster: boolean; port?: number}) =>
      startRedis({...common, ...options, args: ['--repl-diskless-sync-delay', '0', ...way.args(own)]})
    const [source, ...nodes] = await Promise.all([
      start({port: 0, announced: 0}, {cluster: false}),
      ...ports.map((own) => start(own, {cluster: true, port: own.port})),
    ])
    const stage = new Stage(way, certificate, nodes, ports, source as RedisNode)
    if (way.isTranslated) await Promise.all(ports.map((own) => stage.bridge(own)))
    return stage
  }

  async clear(): Promise<void> {
    await Promise.all([this.source, ...this.nodes].map((node) => node.stop()))
    for (const bridge of this.bridges) bridge.close()
  }

  node(index: number): RedisNode {
    return this.nodes[index] as RedisNode
  }

  /** How the operator names a node. */
  name(index: number): string {
    return this.way.nameOf(this.ports[index] as Ports)
  }

  /** A file or folder that a command is to write. */
  file(name: string): string {
    return join(this.files, name)
  }

  /**
   * Runs a command as a user who has these rules and no others, at every node. Nothing that it says or leaves behind, and
   * no process that it starts, is given a password.
   *
   * @param rules - rows of docs/permissions.md, as `promisedRules` takes them
   */
  async run(rules: readonly string[], words: readonly string[], options: RunOptions = {}): Promise<RunResult> {
    await permit(this.nodes, PASSWORD, promisedRules(...rules, LOCK))
    const maps = this.ports.flatMap(this.way.flagsFor)
    const login = ['--user', USER, '--cacert', this.certificate.certFile, ...maps]
    return this.runBare([...words, ...login], options)
  }

  /** As `run`, of a command that asks no node. */
  async runBare(words: readonly string[], options: RunOptions = {}): Promise<RunResult> {
    const env = {
      SHOAL_STATE_DIR: this.state,
      SHOAL_PASSWORD: PASSWORD,
      SHOAL_FROM_PASSWORD: SOURCE_PASSWORD,
      SPAWN_LOG: this.spawnLog,
      NODE_OPTIONS: `--require ${SPAWN_HOOK}`,
    }
    const result = await runShoal(words, {...options, env})
    writeFileSync(join(this.outputs, String(++this.runCount)), `${result.stdout}\n${result.stderr}`)
    this.expectNoSecrets(words.join(' '))
    return result
  }

  /** As `run`, of a command that must succeed. @returns its `--json` document */
  async done<T = Record<string, unknown>>(rules: readonly string[], ...words: string[]): Promise<T> {
    return documentOf<T>(words, await this.run(rules, [...words, '--json']))
  }

  /** As `done`, of a command that asks no node. */
  async doneBare<T = Record<string, unknown>>(...words: string[]): Promise<T> {
    return documentOf<T>(words, await this.runBare([...words, '--json']))
  }

  /** Lets the operator take keys from the server that is in no cluster. @returns the flags that name it */
  async openSource(...rules: string[]): Promise<string[]> {
    await permit([this.source], SOURCE_PASSWORD, promisedRules(...rules))
    const login = ['--from-user', USER, '--from-cacert', this.certificate.certFile]
    return ['--from', `${this.way.host}:${this.source.port}`, ...login]
  }

  /** Sets keys at the nodes that share the slots evenly. @returns how many */
  async fill(owners: number, keysEach: number): Promise<number> {
    for (const [index, [first, last]] of evenShares(owners).entries()) {
      const keys = keysIn({first, last}, keysEach, 'key')
      await this.send(
        this.node(index),
        keys.map((key) => ['SET', key, baseValue(key)]),
      )
    }
    return owners * keysEach
  }

  /** Commands of latin1 text on one connection, as the default user. */
  async send({port}: RedisNode, commands: readonly (readonly string[])[]): Promise<void> {
    const tls = {ca: this.certificate.cert, servername: 'localhost'}
    const wire = await connectWire({host: '127.0.0.1', port}, {timeoutMs: 20_000, password: NODES_PASSWORD, tls})
    try {
      const refused = (await wire.send(commands)).find((reply) => reply instanceof Error)
      if (refused) throw refused
    } finally {
      wire.close()
    }
  }

  /** The primaries, by their own word. */
  async primaries(): Promise<RedisNode[]> {
    const told = await Promise.all(this.nodes.map((node) => node.call('ROLE')))
    return this.nodes.filter((_, index) => (told[index] as unknown[])[0] === 'master')
  }

  /** Keys at all primaries together. */
  async keyCount(): Promise<number> {
    const counts = await Promise.all((await this.primaries()).map(async (node) => Number(await node.call('DBSIZE'))))
    return counts.reduce((sum, count) => sum + count, 0)
  }

  private expectNoSecrets(context: string): void {
    const logs = [this.source, ...this.nodes].map(({logFile}) => logFile)
    const files = [this.state, this.files, this.outputs].flatMap(filesBelow)
    for (const file of [...files, ...logs, this.spawnLog].filter((path) => existsSync(path))) {
      const bytes = readFileSync(file)
      for (const secret of [PASSWORD, SOURCE_PASSWORD, NODES_PASSWORD]) {
        expect(bytes.includes(secret), `${context}: ${file} holds ${secret}`).toBe(false)
      }
    }
  }

  /** What is sent to the announced port arrives. */
  private async bridge({announced, port}: Ports): Promise<void> {
    const server = createServer((incoming) => {
      const outgoing = connect({host: '127.0.0.1', port})
      incoming.pipe(outgoing).pipe(incoming)
      incoming.on('error', () => outgoing.destroy())
      outgoing.on('error', () => incoming.destroy())
    })
    this.bridges.push(server)
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject)
      server.listen({host: '127.0.0.1', port: announced}, resolve)
    })
  }
}

async function permit(nodes: readonly RedisNode[], password: string, rules: readonly string[]): Promise<void> {
  // Redis takes no pattern beside the one of all keys.
  const own = rules.includes('~*') ? [...rules.filter((rule) => !rule.startsWith('~')), '~*'] : rules
  await Promise.all(nodes.map((node) => node.call('ACL', 'SETUSER', USER, 'reset', 'on', `>${password}`, ...own)))
}

function documentOf<T>(words: readonly string[], {code, json, stderr, stdout}: RunResult): T {
  expect(code, `${words.join(' ')}: ${stdout}${stderr}`).toBe(0)
  // A rule that is missing is told, where there is a way without it.
  expect(stderr, words.join(' ')).not.toMatch(/NOPERM|no lock was taken/)
  return json<T>()
}

function filesBelow(folder: string): string[] {
  return readdirSync(folder, {recursive: true, withFileTypes: true})
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name))
}
