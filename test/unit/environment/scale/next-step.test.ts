import fc from 'fast-check'
import {describe, expect, it} from 'vitest'
import {nextScaleStep, type ScaleMember, type ScaleTarget} from '../../../../src/lib/environment/scale/next-step.js'

const primary = (name: string, slotCount = 100): ScaleMember => ({name, role: 'primary', slotCount})
const replica = (name: string, replicaOf: string): ScaleMember => ({name, replicaOf, role: 'replica', slotCount: 0})

/** Does the steps as nodes would, and keeps what was done. */
class Model {
  readonly done: string[] = []
  nodes: string[]
  private lastNumber = 100
  members: ScaleMember[]

  constructor(members: readonly ScaleMember[], outsiders: readonly string[] = []) {
    this.members = [...members]
    this.nodes = [...members.map(({name}) => name), ...outsiders]
  }

  run(target: ScaleTarget, steps = 500): this {
    for (let count = 0; count < steps; count++) {
      const step = nextScaleStep(this.nodes, this.members, target)
      if (!step) return this
      this.done.push(Object.values(step).flat().join(' '))
      this.apply(step)
    }
    return this
  }

  private apply(step: NonNullable<ReturnType<typeof nextScaleStep>>): void {
    const others = (name: string) => this.members.filter((member) => member.name !== name)
    switch (step.kind) {
      case 'start':
        this.nodes.push(`n${++this.lastNumber}`)
        return
      case 'join':
        this.members.push(step.replicaOf === undefined ? primary(step.node, 0) : replica(step.node, step.replicaOf))
        return
      case 'spread':
        this.members = this.members.map((member) => {
          if (member.role === 'replica') return member
          return primary(member.name, step.owners.includes(member.name) ? 100 : 0)
        })
        return
      case 'follow':
        this.members = [...others(step.replica), replica(step.replica, step.primary)]
        return
      case 'remove': {
        expect(this.members.find(({name}) => name === step.node)?.slotCount).toBe(0)
        expect(step.seed).not.toBe(step.node)
        // Its replicas go to whoever has slots.
        const home = others(step.node).find(({slotCount}) => slotCount > 0)?.name as string
        this.members = others(step.node).map((each) => (each.replicaOf === step.node ? replica(each.name, home) : each))
        return
      }
      case 'retire':
        expect(this.members.map(({name}) => name)).not.toContain(step.node)
        this.nodes = this.nodes.filter((name) => name !== step.node)
    }
  }

  /** How many replicas each primary has, and who has no part in it. */
  shape(): {replicas: number[]; nodes: number; slots: boolean} {
    const primaries = this.members.filter(({role}) => role === 'primary')
    return {
      nodes: this.nodes.length,
      replicas: primaries.map(({name}) => this.members.filter(({replicaOf}) => replicaOf === name).length),
      slots: primaries.every(({slotCount}) => slotCount > 0),
    }
  }
}

const cluster = (primaries: number, replicas: number) =>
  new Model([
    ...Array.from({length: primaries}, (_, index) => primary(`n${index + 1}`)),
    ...Array.from({length: primaries * replicas}, (_, index) =>
      replica(`n${primaries + index + 1}`, `n${(index % primaries) + 1}`),
    ),
  ])

describe('the next step of scaling', () => {
  it('is none where all is as it should be', () => {
    expect(cluster(3, 1).run({primaries: 3, replicas: 1}).done).toEqual([])
  })

  it('adds a primary, then slots, then its replica', () => {
    expect(cluster(2, 1).run({primaries: 3, replicas: 1}).done).toEqual([
      'start',
      'join n101',
      'spread n1 n2 n101',
      'start',
      'join n102 n101',
    ])
  })

  it('empties primaries before they leave, and takes surplus replicas', () => {
    expect(cluster(3, 1).run({primaries: 2, replicas: 1}).done).toEqual([
      'spread n1 n2',
      'remove n3 n1',
      'remove n6 n1',
      'retire n3',
      'retire n6',
    ])
  })

  it('gives replicas to primaries that have none before it starts others', () => {
    expect(cluster(2, 2).run({primaries: 4, replicas: 1}).done).toEqual([
      ...['start', 'join n101', 'start', 'join n102', 'spread n1 n2 n101 n102'],
      ...['follow n101 n6', 'follow n102 n5'],
    ])
  })

  it('goes on with a node that was started and did not join', () => {
    const model = new Model([primary('n1'), primary('n2')], ['n3'])
    expect(model.run({primaries: 3, replicas: 0}).done).toEqual(['join n3', 'spread n1 n2 n3'])
  })

  it('does not fill again what was emptied', () => {
    const model = new Model([primary('n1', 0), primary('n2'), primary('n3')])
    expect(model.run({primaries: 2, replicas: 0}).done).toEqual(['remove n1 n2', 'retire n1'])
  })

  it('reaches every size from every other, wherever it was interrupted', () => {
    const size = fc.record({primaries: fc.integer({max: 5, min: 1}), replicas: fc.integer({max: 3, min: 0})})
    fc.assert(
      fc.property(size, size, size, fc.nat(12), (from, between, to, cut) => {
        const model = cluster(from.primaries, from.replicas).run(between, cut).run(to)
        expect(model.shape()).toEqual({
          nodes: to.primaries * (1 + to.replicas),
          replicas: Array.from({length: to.primaries}, () => to.replicas),
          slots: true,
        })
      }),
    )
  })
})
