import {afterAll, beforeAll, expect, it} from 'vitest'
import {runShoal} from '../support/cli.js'
import {describeWithPeers, type RealCluster, startRealCluster} from '../support/peers.js'

interface Document {
  readonly command: readonly string[]
  readonly nodes: readonly {
    readonly address: string
    readonly role?: string
    readonly reply?: unknown
    readonly error?: {readonly code: string; readonly message: string}
  }[]
}

describeWithPeers('call', () => {
  let cluster: RealCluster

  beforeAll(async () => {
    cluster = await startRealCluster(3)
  })

  afterAll(() => cluster?.stop())

  const call = (...words: string[]) => runShoal(['call', cluster.seed, '--json', ...words])

  it('asks every node and exits 0 if all took it', async () => {
    const run = await call('CONFIG', 'GET', 'appendonly')
    expect(run.code, run.stdout).toBe(0)
    const {command, nodes} = run.json<Document>()
    expect(command).toEqual(['CONFIG', 'GET', 'appendonly'])
    expect(nodes.map(({address}) => address)).toEqual(cluster.ports.map((port) => `127.0.0.1:${port}`).sort())
    expect(nodes.map(({reply, role}) => [role, reply])).toEqual(Array(3).fill(['primary', ['appendonly', 'no']]))
  })

  it('exits 6 if only some took it, and 3 if none did', async () => {
    const partly = await call('SET', '{a}', 'v')
    expect(partly.code).toBe(6)
    expect(
      partly
        .json<Document>()
        .nodes.map(({error, reply}) => error?.code ?? reply)
        .sort(),
    ).toEqual(['MOVED', 'MOVED', 'OK'])
    const nowhere = await call('NO-SUCH-COMMAND')
    expect(nowhere.code).toBe(3)
    expect(nowhere.json<Document>().nodes.every(({error}) => error?.code === 'ERR')).toBe(true)
  })

  it('sends words that begin with a dash after --, and shows bytes that are no text', async () => {
    expect((await call('--', 'SET', '{a}', '-1')).json<Document>().nodes.some(({reply}) => reply === 'OK')).toBe(true)
    expect((await call('GET', '{a}')).json<Document>().nodes.some(({reply}) => reply === '-1')).toBe(true)
    const dumped = (await call('DUMP', '{a}')).json<Document>().nodes.find(({error}) => !error)
    expect(dumped?.reply).toEqual({base64: expect.stringMatching(/^[A-Za-z0-9+/]+=*$/)})
  })

  it("takes redis-cli's filters", async () => {
    expect((await call('--cluster-only-masters', 'PING')).json<Document>().nodes).toHaveLength(3)
    const replicas = await call('--cluster-only-replicas', 'PING')
    expect([replicas.code, replicas.json<Document>().nodes]).toEqual([0, []])
  })

  it('prints a line per node, without colour in a pipe', async () => {
    const run = await runShoal(['call', cluster.seed, 'PING'])
    const expected = cluster.ports.map((port) => `127.0.0.1:${port}  PONG`).sort()
    expect(run.stdout.trim().split('\n')).toEqual(expected)
  })

  it('wants a command', async () => {
    const run = await call()
    expect([run.code, run.json<{error: {code: string}}>().error.code]).toEqual([2, 'BAD_FLAG'])
  })
})
