import {CliError} from '../kernel/errors.js'
import type {ClusterStatus} from '../model/cluster-status.js'

/**
 * The rows of one node: itself, its endpoint and its shard, and the modules it has loaded. Databases are left as they are.
 *
 * @param name - `node:3`, `3`, HOST:PORT, or an id or its beginning (4 characters at least)
 * @throws {CliError} UNKNOWN_NODE if none, or more than one, is called so
 */
export function filterStatus(status: ClusterStatus, name: string): ClusterStatus {
  const number = Number(/^\*?(?:node:)?(\d{1,4})$/.exec(name)?.[1])
  const prefix = /^[0-9a-z]{4,40}$/i.test(name) ? name.toLowerCase() : undefined
  // A number is never read as the beginning of an id while a node has it.
  const byNumber = status.nodes.filter(({node}) => node === number)
  const found =
    byNumber.length > 0
      ? byNumber
      : status.nodes.filter(
          ({address, externalAddress, id}) =>
            address === name || externalAddress === name || (prefix !== undefined && id.startsWith(prefix)),
        )
  const [only, another] = found
  if (!only || another) {
    const problem = only ? 'names more than one node' : 'names no node of this cluster'
    throw new CliError('UNKNOWN_NODE', `${name} ${problem}`, {
      details: {node: name},
      suggestions: [`shoal status ${status.seed} nodes`],
    })
  }
  const {node} = only
  return {
    ...status,
    nodes: [only],
    endpoints: status.endpoints.filter((endpoint) => endpoint.node === node),
    shards: status.shards.filter((shard) => shard.node === node),
    modules: status.modules.filter(({nodes}) => nodes.includes(node)),
  }
}
