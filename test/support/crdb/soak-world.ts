import {expect} from 'vitest'
import type {PeerStatus} from '../../../src/lib/server/crdt/peers/status.js'
import {callRedis} from '../peers.js'
import {waitFor} from '../processes.js'
import {expectKept, look, type Sight, SoakWriter, TAGS} from './soak-writers.js'
import {CrdbWorld} from './world.js'

export interface SoakNode {
  readonly name: string
  readonly region: number
  readonly port: number
}

interface Listed {
  readonly environments: readonly {
    readonly nodes: readonly {
      readonly name: string
      readonly address: {readonly port: number}
      readonly role: string
      readonly state: string
    }[]
  }[]
}

/** The database of a world, its nodes, and clients that write in each region. */
export class SoakWorld extends CrdbWorld {
  /** As they were last listed. */
  members: readonly SoakNode[] = []
  readonly writers: SoakWriter[] = []

  async create(...more: string[]): Promise<void> {
    await this.done(...(await this.createArgs(...more)))
    await this.list()
  }

  /** @returns names of the primaries */
  async list(): Promise<readonly string[]> {
    const {environments} = (await this.done('ps', '--json')).json<Listed>()
    const nodes = environments.flatMap(({nodes}) => nodes)
    this.members = nodes.map(({address, name}) => ({name, port: address.port, region: Number(name.split('-')[1])}))
    return nodes.filter(({role, state}) => role === 'primary' && state === 'running').map(({name}) => name)
  }

  get regions(): number[] {
    return [...new Set(this.members.map(({region}) => region))]
  }

  portsOf(region: number): number[] {
    return this.members.filter((node) => node.region === region).map(({port}) => port)
  }

  /** One client for each region and tag. */
  write(...regions: readonly number[]): void {
    for (const region of regions) {
      for (const tag of TAGS) {
        const life = this.writersOf(tag, region).length
        this.writers.push(new SoakWriter(region, tag, () => this.portsOf(region), life))
      }
    }
  }

  /** @param region - all, if undefined */
  writersOf(tag: string, region?: number): SoakWriter[] {
    return this.writers.filter((writer) => writer.tag === tag && (region === undefined || writer.region === region))
  }

  look(region: number, tag: string): Promise<Sight> {
    return look(this.portsOf(region), tag)
  }

  /** Clients of these regions have gone on. */
  async written(regions: readonly number[] = this.regions, count = 10): Promise<void> {
    const writers = this.writers.filter(({isRunning, region}) => isRunning && regions.includes(region))
    const before = writers.map(({acknowledged}) => acknowledged)
    await waitFor(() => writers.every(({acknowledged}, index) => acknowledged >= before[index]! + count), {
      deadlineMs: 30_000,
      what: () =>
        `writes: ${writers.map(({acknowledged, region, tag}, i) => `${region}${tag} ${before[i]}->${acknowledged}`)}`,
    })
  }

  /**
   * Every primary has a link in sync to every other region. Which nodes are primaries is asked anew each time: under load one
   * that lives may be voted out meanwhile, and a replica has no links.
   *
   * @param count - of primaries, at least
   * @returns their names
   */
  async settled(count: number): Promise<readonly string[]> {
    let last: unknown
    return waitFor(
      async () => {
        const primaries = await this.list()
        last = `${primaries}`
        if (primaries.length < count) return undefined
        const ports = this.members.filter(({name}) => primaries.includes(name)).map(({port}) => port)
        const texts = await Promise.all(ports.map(async (port) => `${port} ${await callRedis(port, ['CRDT.PEERS'])}`))
        last = texts.filter((text) => (JSON.parse(text.slice(text.indexOf(' '))) as PeerStatus[]).some(isOff))
        return (last as string[]).length === 0 ? primaries : undefined
      },
      {deadlineMs: 30_000, what: () => `${count} primaries with links in sync: ${last}`},
    )
  }

  /** Clients of a region stop, and another region has all that they were told. */
  async exchanged(region: number): Promise<void> {
    await this.stop(region)
    const other = this.regions.find((each) => each !== region)!
    for (const tag of TAGS) {
      await waitFor(
        async () => {
          const there = new Set((await this.look(other, tag)).list)
          return this.writersOf(tag, region).every(({entries}) => [...entries.acked].every((one) => there.has(one)))
        },
        {deadlineMs: 30_000, what: `what region ${region} wrote in region ${other}`},
      )
    }
  }

  /** Clients of a region, or all, stop. */
  async stop(region?: number): Promise<void> {
    const writers = this.writers.filter((writer) => region === undefined || writer.region === region)
    await Promise.all(writers.map((writer) => writer.stop()))
  }

  /** Writers end; then all regions are the same to the last digest. */
  async expectEqual(): Promise<void> {
    await this.stop()
    const run = await this.shoal(['crdb', 'verify', '--deep', '--json', '--wait', '30s'])
    expect(run.code, `${run.stdout}${run.stderr}`).toBe(0)
    expect(run.json<{equal: boolean; slots: number}>()).toMatchObject({equal: true})
  }

  /** And all have all that was acknowledged. */
  async expectAllKept(): Promise<void> {
    await this.expectEqual()
    for (const tag of TAGS) {
      for (const region of this.regions) expectKept(await this.look(region, tag), this.writersOf(tag))
    }
  }
}

function isOff({status}: PeerStatus): boolean {
  return status !== 'in-sync'
}
