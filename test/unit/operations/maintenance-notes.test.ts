import {mkdtempSync, readdirSync, rmSync, statSync, writeFileSync} from 'node:fs'
import {tmpdir} from 'node:os'
import {join} from 'node:path'
import {afterEach, beforeEach, expect, it} from 'vitest'
import type {NodeView} from '../../../src/lib/model/cluster-view.js'
import {noteOf} from '../../../src/lib/operations/maintenance.js'
import {MaintenanceNotes} from '../../../src/lib/operations/maintenance-notes.js'
import {planMaintenance} from '../../../src/lib/plan/maintenance.js'
import {idOf, viewOf} from '../plan/view-of.js'

const VIEW = viewOf([
  {name: 'a', slots: '0-8191'},
  {name: 'b', slots: '8192-16383'},
])
const NOTE = noteOf(VIEW, planMaintenance(VIEW, '127.0.0.1:7000', true), undefined)

let folder: string
let notes: MaintenanceNotes

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'shoal-notes-'))
  notes = new MaintenanceNotes(folder)
})
afterEach(() => rmSync(folder, {force: true, recursive: true}))

it('keeps what a node served, found by id and address, for its owner alone', async () => {
  expect(await notes.find(NOTE.address)).toBeUndefined()
  await notes.write(NOTE)
  expect(NOTE).toMatchObject({slots: '0-8191', way: 'drain', members: ['127.0.0.1:7001']})
  for (const name of ['127.0.0.1:7000', NOTE.node, NOTE.node.toUpperCase()])
    expect(await notes.find(name)).toEqual(NOTE)
  const [file = ''] = readdirSync(notes.folder)
  expect(statSync(join(notes.folder, file)).mode & 0o077).toBe(0)
  await notes.remove(NOTE)
  await notes.remove(NOTE)
  expect(await notes.all()).toEqual([])
})

it('finds it by every name that the cluster knows the node by, and that others know it by', async () => {
  const [a, b] = viewOf([
    {name: 'a', slots: '0-8191', hostname: 'a.example'},
    {name: 'b', slots: '8192-16383', hostname: 'b.example'},
  ]).nodes as [NodeView, NodeView]
  const view = {...VIEW, nodes: [{...a, address: {host: 'gateway', port: 30_000}}, b]}
  const note = noteOf(view, planMaintenance(view, 'a.example:7000', true), undefined)
  expect(note).toMatchObject({address: 'gateway:30000', members: ['127.0.0.1:7001', 'b.example:7001']})
  await notes.write(note)
  for (const name of ['a.example:7000', '127.0.0.1:7000']) {
    expect(await notes.find(name)).toBeUndefined()
    expect(await notes.findIn(view, name)).toEqual(note)
  }
  expect(await notes.findIn(view, 'b.example:7001')).toBeUndefined()
})

it('finds the last of those who were at one address', async () => {
  const at = (year: number, node: string) => ({...NOTE, node: idOf(node), at: `${year}-01-01T00:00:00.000Z`})
  for (const note of [at(2025, 'a'), at(2026, 'b'), at(2024, 'c')]) await notes.write(note)
  expect((await notes.find(NOTE.address))?.node).toBe(idOf('b'))
})

it('passes over what is no note', async () => {
  await notes.write(NOTE)
  writeFileSync(join(notes.folder, 'x.json'), '{"version":1}')
  writeFileSync(join(notes.folder, 'y.json'), 'cut o')
  expect(await notes.all()).toEqual([NOTE])
})

it('says so if it cannot be written', async () => {
  writeFileSync(notes.folder, 'a file')
  await expect(notes.write(NOTE)).rejects.toMatchObject({code: 'ENVIRONMENT_LACKS'})
})

it('remembers what an earlier run wrote, however far that got', () => {
  const later = viewOf([
    {name: 'a', slots: '4000-8191'},
    {name: 'b', slots: '0-3999,8192-16383'},
  ])
  const partly = noteOf(later, planMaintenance(later, NOTE.address, true), NOTE)
  expect([partly.slots, partly.at]).toEqual(['0-8191', NOTE.at])
  const empty = viewOf([{name: 'a'}, {name: 'b', slots: '0-16383'}])
  expect(noteOf(empty, planMaintenance(empty, NOTE.address, false), NOTE)).toEqual(NOTE)
})
