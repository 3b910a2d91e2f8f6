import type {NodeReading, Reading} from './cluster-reading.js'

/** What is wrong at the moment of a reading, each one sentence; none if all is well. */
export function problemsOf({nodes, uncovered}: Reading): string[] {
  const problems = nodes.flatMap(problemOf)
  if (uncovered !== '') problems.push(`slots ${uncovered} have no owner`)
  const down = nodes.filter(({state}) => state === 'cluster-down').length
  if (down > 0) problems.push(`${down} of ${nodes.length} nodes report the cluster as down`)
  return problems
}

function problemOf({address, copy, lastSeenMs, linkDownSeconds, reason, state, suspectedBy}: NodeReading): string[] {
  if (state === 'down') {
    const seen = lastSeenMs === null ? '' : `, last seen ${Math.round(lastSeenMs / 1000)}s ago`
    return [`${address} does not answer${seen}: ${reason}`]
  }
  if (state === 'loading') return [`${address} is loading its data`]
  const found =
    state === 'suspected'
      ? [`${suspectedBy} ${suspectedBy === 1 ? 'node takes' : 'nodes take'} ${address} for dead`]
      : []
  if (copy === 'syncing') found.push(`${address} is copying its primary`)
  if (copy === 'link-down') {
    const since = linkDownSeconds === null ? '' : `, for ${linkDownSeconds}s now`
    found.push(`${address} has no link to its primary${since}`)
  }
  return found
}

/** What happened between two readings, each one short sentence. */
export function newsBetween(previous: Reading, current: Reading): string[] {
  const before = new Map(previous.nodes.map((node) => [node.id, node]))
  const now = new Map(current.nodes.map((node) => [node.id, node]))
  const gone = previous.nodes.filter(({id}) => !now.has(id)).map(({address}) => `${address} left the cluster`)
  const changed = current.nodes.flatMap((node) => {
    const old = before.get(node.id)
    return old ? changesOf(old, node) : [`${node.address} joined the cluster`]
  })
  return [...gone, ...changed, ...migrationNews(previous, current)]
}

function changesOf(old: NodeReading, node: NodeReading): string[] {
  const {address} = node
  const news: string[] = []
  const [wasDown, isDown] = [old.state === 'down', node.state === 'down']
  if (isDown && !wasDown) news.push(`${address} stopped answering`)
  if (wasDown && !isDown) news.push(`${address} answers again`)
  if (old.role !== node.role) news.push(`${address} became ${node.role === 'primary' ? 'a primary' : 'a replica'}`)
  const gained = node.slotCount - old.slotCount
  // Who changes roles takes or leaves all slots, which goes without saying.
  if (gained !== 0 && old.role === node.role) {
    news.push(`${address} ${gained > 0 ? 'gained' : 'gave away'} ${Math.abs(gained)} slots`)
  }
  if (node.role === 'replica' && old.copy === 'link-down' && node.copy === 'ok') {
    news.push(`${address} is linked to its primary again`)
  }
  return news
}

function migrationNews(previous: Reading, current: Reading): string[] {
  const [was, is] = [previous.migrations.length > 0, current.migrations.length > 0]
  if (was === is) return []
  return [is ? 'slots are on the move' : 'no slot is open any more']
}
