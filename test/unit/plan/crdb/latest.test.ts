import {describe, expect, it} from 'vitest'
import type {CrdbConfig} from '../../../../src/lib/model/crdb.js'
import {planCreate} from '../../../../src/lib/plan/crdb/create.js'
import {parseInstance} from '../../../../src/lib/plan/crdb/instance-list.js'
import {latestOf} from '../../../../src/lib/plan/crdb/latest.js'

const instances = [1, 2, 3].map((id) => parseInstance(`fqdn=c${id}`))
const GUID = 'd84f6fe4-5bb7-49d2-a188-8900e09c6f66'
const made = planCreate({database: {}, instances, name: 'db', settings: {memorySize: 1}}, GUID).config
const config = (version: number, memorySize = version): CrdbConfig => ({
  ...made,
  settings: {...made.settings, memorySize},
  version,
})
const heard = (...configs: CrdbConfig[]) => configs.map((each, index) => ({config: each, id: index + 1}))

describe('the configuration in force', () => {
  it('is what is on record where nobody says another', () => {
    const recorded = config(2)
    expect(latestOf(recorded, [])).toEqual({config: recorded, notes: []})
    const same = latestOf(recorded, heard(config(2), config(2), config(2)))
    expect(same.config).toBe(recorded)
    expect(same.notes).toEqual([])
  })

  it('is the same whoever has the passwords, and in whatever order it stands', () => {
    const {guid, ...rest} = config(2)
    const shuffled = {...rest, guid, instances: rest.instances.map((each) => ({...each, password: 'hush'}))}
    const recorded = config(2)
    expect(latestOf(recorded, heard(shuffled)).config).toBe(recorded)
  })

  it('is the latest that a node has, and who has an earlier one still is named', () => {
    const {config: found, notes} = latestOf(config(1), heard(config(1), config(4), config(3)))
    expect(found).toEqual(config(4))
    expect(notes).toEqual([
      'the record of this machine was behind: it had version 1, the instances have 4',
      'instance 1 has version 1 of the configuration still',
      'instance 3 has version 3 of the configuration still',
    ])
  })

  it('is what is on record while it has not come to the nodes', () => {
    const recorded = config(5)
    const {config: found, notes} = latestOf(recorded, heard(config(4), config(3)))
    expect(found).toBe(recorded)
    expect(notes).toEqual([
      expect.stringContaining('the instances have version 4 of the configuration, this machine 5'),
    ])
  })

  it('is what nodes have, where two machines made different ones of a version', () => {
    const {config: found, notes} = latestOf(config(2, 10), heard(config(2, 20), config(2, 20)))
    expect(found.settings.memorySize).toBe(20)
    expect(notes).toEqual(['the record of this machine was behind: it had another one'])
  })

  it('is that of the record among several of a version, and it is said that there are several', () => {
    const recorded = config(2, 20)
    const {config: found, notes} = latestOf(recorded, heard(config(2, 10), config(2, 20)))
    expect(found).toBe(recorded)
    expect(notes).toEqual([expect.stringContaining('instances have different configurations of version 2')])
  })
})
