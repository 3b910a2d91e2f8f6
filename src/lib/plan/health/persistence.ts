import {nameNode} from '../../model/cluster-map.js'
import type {ClusterView, NodeView} from '../../model/cluster-view.js'
import {type Finding, finding, list} from '../finding.js'
import type {NodeTraits, TraitsByNode} from './traits.js'

/** Whether data outlives a restart, and whether writing it down works. */
export function checkPersistence(view: ClusterView, traits: TraitsByNode): Finding[] {
  return [...view.nodes.flatMap((node) => checkWrites(node, traits.get(node.id))), ...checkOff(view, traits)]
}

function checkWrites(node: NodeView, traits: NodeTraits | undefined): Finding[] {
  const failed = (field: string) => node.info.get(field) === 'err'
  const settings = traits?.settings
  // A failed snapshot stops writes only where snapshots are asked for, unless that is turned off.
  const stops = settings?.get('save') !== '' && settings?.get('stop-writes-on-bgsave-error') !== 'no'
  const faults: [what: string, stops: boolean][] = [
    ...(failed('aof_last_write_status')
      ? [['could not write to its append-only file', true] as [string, boolean]]
      : []),
    ...(failed('rdb_last_bgsave_status') ? [['failed at its last snapshot', stops] as [string, boolean]] : []),
    ...(failed('aof_last_bgrewrite_status')
      ? [['failed to rewrite its append-only file', false] as [string, boolean]]
      : []),
  ]
  if (faults.length === 0) return []
  const stopped = faults.some(([, stop]) => stop)
  const text = `${nameNode(node)} ${faults.map(([what]) => what).join(' and ')}.${stopped ? ' It refuses writes.' : ''}`
  return [
    finding('persistence-failing', stopped ? 'error' : 'warning', [node], text, {
      suggestion: 'See its log; mostly the disk is full, or fork lacks memory. Then BGSAVE there.',
    }),
  ]
}

function checkOff(view: ClusterView, traits: TraitsByNode): Finding[] {
  const off = view.nodes.filter(({id, info}) => {
    const aof = info.get('aof_enabled')
    return traits.get(id)?.settings?.get('save') === '' && aof === '0'
  })
  if (off.length === 0) return []
  const all = off.length === view.nodes.length
  const who = all
    ? 'No node keeps its data over a restart'
    : `Data does not outlive a restart of ${list(off.map(nameNode))}`
  const text = `${who}: neither snapshots (save "") nor an append-only file.`
  return [finding('persistence-off', 'notice', off, text)]
}
