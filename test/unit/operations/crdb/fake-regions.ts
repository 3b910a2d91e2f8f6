import type {NodeConnection} from '../../../../src/lib/client/node-connection.js'
import {CliError} from '../../../../src/lib/kernel/errors.js'
import type {DatabaseInstance, KnownDatabase} from '../../../../src/lib/operations/crdb/known.js'
import type {Opened} from '../../../../src/lib/operations/crdb/sync.js'
import {planCreate} from '../../../../src/lib/plan/crdb/create.js'
import {parseInstance} from '../../../../src/lib/plan/crdb/instance-list.js'

export const GUID = 'd84f6fe4-5bb7-49d2-a188-8900e09c6f66'

/** A reply, or what makes one of the arguments. */
type Scripted = unknown | ((args: readonly unknown[]) => unknown)

/** A node that answers by name of the command. */
export class FakeNode {
  readonly log: string[] = []

  constructor(readonly replies: Record<string, Scripted>) {}

  call = async (command: string, ...args: unknown[]): Promise<unknown> => {
    this.log.push([command, ...args].join(' '))
    const scripted = this.replies[command]
    const reply = typeof scripted === 'function' ? scripted(args) : scripted
    if (reply instanceof Error) throw reply
    return reply
  }

  callBuffer = this.call
  callWith = (_options: unknown, command: string, ...args: unknown[]) => this.call(command, ...args)
}

type Content = readonly FakeNode[] | {readonly primaries: readonly FakeNode[]; readonly gap: string} | string

/** Regions by id, each a list of its primaries, or what makes one when it is opened; a text: why it is away. */
export class FakeRegions {
  opens = 0
  closes = 0
  readonly known: KnownDatabase

  constructor(readonly regions: Record<number, Content | (() => Content)>) {
    const instances = Object.keys(regions).map((id) => parseInstance(`fqdn=c${id}`))
    const {config} = planCreate({database: {}, instances, name: 'mycrdb', settings: {memorySize: 2 ** 29}}, GUID)
    this.known = {
      config,
      instances: config.instances.map(({cluster, id}) => ({
        id,
        login: {},
        place: {environment: 'default', kind: 'region', region: cluster},
        seeds: [],
      })),
      version: 1,
    }
  }

  /** In the place of `openInstances`. */
  open(instances: readonly DatabaseInstance[]): Opened {
    this.opens++
    const contents = new Map(
      instances.map(({id}) => {
        const content = this.regions[id]!
        return [id, typeof content === 'function' ? content() : content]
      }),
    )
    const nodesOf = ({id}: DatabaseInstance) => contents.get(id) as Content
    return {
      away: instances.flatMap((instance) => {
        const why = nodesOf(instance)
        return typeof why === 'string' ? [{error: new CliError('UNREACHABLE', why), instance}] : []
      }),
      close: () => {
        this.closes++
      },
      open: instances.flatMap((instance) => {
        const content = nodesOf(instance)
        if (typeof content === 'string') return []
        const {gap, primaries} = 'gap' in content ? content : {gap: undefined, primaries: content}
        const all = primaries as readonly unknown[] as readonly NodeConnection[]
        const why = gap === undefined ? {} : {gap: new CliError('UNREACHABLE', gap)}
        return [{instance, nodes: {all, close: () => undefined, primaries: all, ...why}}]
      }),
    }
  }
}
