/** The 40-character name a cluster node gives itself. Branded, so that no other string passes for one. */
export type NodeId = string & {readonly __brand: 'NodeId'}

const NODE_ID_PATTERN = /^[0-9a-z]{40}$/

export function isNodeId(text: string): text is NodeId {
  return NODE_ID_PATTERN.test(text)
}

/** @throws {RangeError} if `text` is not 40 characters of [0-9a-z] */
export function nodeId(text: string): NodeId {
  if (!isNodeId(text)) throw new RangeError(`not a node id: ${JSON.stringify(text.slice(0, 60))}`)
  return text
}

/** How people see an id: the first eight characters, as redis-cli prints them. */
export function shortId(id: NodeId): string {
  return id.slice(0, 8)
}
