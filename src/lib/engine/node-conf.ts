import type {NodeSpec} from './engine.js'

/** Quotes a value of redis.conf, which reads double-quoted strings with C escapes. */
export function quoteConfValue(value: string): string {
  if (/^[\w.:/@%+,=-]+$/.test(value)) return value
  const escaped = [...Buffer.from(value, 'utf8')].map((byte) => {
    if (byte === 0x22 || byte === 0x5c) return `\\${String.fromCharCode(byte)}`
    return byte >= 0x20 && byte < 0x7f ? String.fromCharCode(byte) : `\\x${byte.toString(16).padStart(2, '0')}`
  })
  return `"${escaped.join('')}"`
}

type ConfLine = readonly [directive: string, value: string]

/**
 * The start configuration of a node, as redis.conf text. It holds the password: the file must be 0600.
 *
 * @param folder - absolute; where the node keeps nodes.conf
 */
export function renderNodeConf(spec: NodeSpec, folder: string): string {
  const {address, busPort, cluster} = spec
  return renderConf(spec, [
    ['bind', address.host],
    ['port', String(address.port)],
    ...(cluster
      ? ([
          ['cluster-enabled', 'yes'],
          ['cluster-config-file', 'nodes.conf'],
          ['cluster-port', String(busPort)],
        ] as const)
      : []),
    ['dir', folder],
  ])
}

/** The whole text of a configuration: what the engine says of its place, then what the spec says wherever it runs. */
export function renderConf(spec: NodeSpec, place: readonly ConfLine[]): string {
  const {environment, name, password, primary, settings = []} = spec
  const secrets: readonly ConfLine[] = password === undefined ? [] : PASSWORDS.map((directive) => [directive, password])
  const text = [...place, ...secrets, ...settings].map(([directive, value]) => `${directive} ${quoteConfValue(value)}`)
  // Two words, where a quoted value is one.
  if (primary) text.push(`replicaof ${primary.host} ${primary.port}`)
  return `# ${environment}/${name}: written by shoal up, read at every start of this node.\n${text.join('\n')}\n`
}

/** What clients must give, and replicas. */
const PASSWORDS = ['requirepass', 'masterauth'] as const

/** Address of a configuration written by `renderNodeConf`. */
export function parseNodeConfAddress(text: string): {host: string; port: number} | undefined {
  const host = /^bind (\S+)/m.exec(text)?.[1]
  const port = Number(/^port (\d+)$/m.exec(text)?.[1])
  return host === undefined || !Number.isInteger(port) ? undefined : {host, port}
}
