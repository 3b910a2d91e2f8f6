import {bool, choice, int, memory, octal, text} from '../parameter.js'
import {outputLimits, words} from '../special.js'

const MB = 1024 ** 2

/** Sockets, clients, TLS. */
export const networkParameters = {
  bind: words('bind', ['*', '-::*'], 16, {acts: true, immutable: true}),
  bindSourceAddr: text('bind-source-addr'),
  port: int('port', 6379, 0, 65_535, {acts: true, immutable: true}),
  tcpBacklog: int('tcp-backlog', 511, 0, undefined, {acts: true, immutable: true}),
  tcpKeepalive: int('tcp-keepalive', 300, 0, undefined, {acts: true}),
  socketMarkId: int('socket-mark-id', 0, 0, 4_294_967_295, {immutable: true}),
  unixsocket: text('unixsocket', '', {immutable: true}),
  unixsocketperm: octal('unixsocketperm', 0, 0o777, {immutable: true}),
  protectedMode: bool('protected-mode', true, {acts: true}),
  requirepass: text('requirepass', '', {acts: true}),
  aclfile: text('aclfile', '', {immutable: true}),
  aclPubsubDefault: choice('acl-pubsub-default', 'resetchannels', ['allchannels', 'resetchannels']),
  acllogMaxLen: int('acllog-max-len', 128, 0, Number.POSITIVE_INFINITY),
  maxclients: int('maxclients', 10_000, 1, 4_294_967_295, {acts: true}),
  timeout: int('timeout', 0, 0, undefined, {acts: true}),
  clientOutputBufferLimit: outputLimits(
    {
      normal: {hardBytes: 0, softBytes: 0, softSeconds: 0},
      replica: {hardBytes: 256 * MB, softBytes: 64 * MB, softSeconds: 60},
      pubsub: {hardBytes: 32 * MB, softBytes: 8 * MB, softSeconds: 60},
    },
    {acts: true},
  ),
  clientQueryBufferLimit: memory('client-query-buffer-limit', 1024 * MB, MB, {acts: true}),
  protoMaxBulkLen: memory('proto-max-bulk-len', 512 * MB, MB, {acts: true}),
  ioThreads: int('io-threads', 1, 1, 128, {immutable: true}),
  ioThreadsDoReads: bool('io-threads-do-reads', false, {immutable: true}),
  trackingTableMaxKeys: int('tracking-table-max-keys', 1_000_000, 0, Number.POSITIVE_INFINITY, {acts: true}),

  tlsPort: int('tls-port', 0, 0, 65_535, {immutable: true}),
  tlsAuthClients: choice('tls-auth-clients', 'yes', ['no', 'yes', 'optional']),
  tlsCaCertDir: text('tls-ca-cert-dir'),
  tlsCaCertFile: text('tls-ca-cert-file'),
  tlsCertFile: text('tls-cert-file'),
  tlsCiphers: text('tls-ciphers'),
  tlsCiphersuites: text('tls-ciphersuites'),
  tlsClientCertFile: text('tls-client-cert-file'),
  tlsClientKeyFile: text('tls-client-key-file'),
  tlsClientKeyFilePass: text('tls-client-key-file-pass'),
  tlsCluster: bool('tls-cluster', false),
  tlsDhParamsFile: text('tls-dh-params-file'),
  tlsKeyFile: text('tls-key-file'),
  tlsKeyFilePass: text('tls-key-file-pass'),
  tlsPreferServerCiphers: bool('tls-prefer-server-ciphers', false),
  tlsProtocols: text('tls-protocols'),
  tlsReplication: bool('tls-replication', false),
  tlsSessionCacheSize: int('tls-session-cache-size', 20_480),
  tlsSessionCacheTimeout: int('tls-session-cache-timeout', 300),
  tlsSessionCaching: bool('tls-session-caching', true),
} as const
