import {requireInteger} from '../../arguments.js'
import type {Client} from '../../client.js'
import {ReplyError, SYNTAX_ERROR} from '../../reply-error.js'
import type {Server} from '../../server.js'
import type {ClientTracking, TrackingOptions} from '../../tracking/tracking.js'
import type {CommandContext} from '../command.js'
import {requireSwitch} from './arguments.js'

type Mutable<T> = {-readonly [K in keyof T]: T[K]}

function parseOptions(server: Server, argv: readonly string[]): TrackingOptions & {readonly prefixes: string[]} {
  const options: Mutable<TrackingOptions> & {prefixes: string[]} = {
    broadcast: false,
    noLoop: false,
    optIn: false,
    optOut: false,
    prefixes: [],
    redirect: 0,
  }
  for (let i = 3; i < argv.length; i++) {
    const word = argv[i]!.toLowerCase()
    const next = argv[i + 1]
    if (word === 'redirect' && next !== undefined) {
      if (options.redirect !== 0) throw new ReplyError('ERR A client can only redirect to a single other client')
      options.redirect = requireInteger(next)
      if (!server.clients.has(options.redirect)) {
        throw new ReplyError('ERR The client ID you want redirect to does not exist')
      }
      i++
    } else if (word === 'prefix' && next !== undefined) {
      options.prefixes.push(next)
      i++
    } else if (word === 'bcast') options.broadcast = true
    else if (word === 'optin') options.optIn = true
    else if (word === 'optout') options.optOut = true
    else if (word === 'noloop') options.noLoop = true
    else throw new ReplyError(SYNTAX_ERROR)
  }
  return options
}

const REENABLE = 'before disabling tracking for this client, and then re-enabling it with a different mode.'

/** Do the options agree with each other, and with how the client tracks already? */
function requireCompatible(before: ClientTracking | undefined, options: TrackingOptions): void {
  const {broadcast, optIn, optOut, prefixes} = options
  if (!broadcast && prefixes.length > 0) throw new ReplyError('ERR PREFIX option requires BCAST mode to be enabled')
  if (before !== undefined && before.broadcast !== broadcast) {
    throw new ReplyError(`ERR You can't switch BCAST mode on/off ${REENABLE}`)
  }
  if (broadcast && (optIn || optOut)) throw new ReplyError('ERR OPTIN and OPTOUT are not compatible with BCAST')
  if (optIn && optOut) throw new ReplyError("ERR You can't specify both OPTIN mode and OPTOUT mode")
  if ((optIn && before?.optOut) || (optOut && before?.optIn)) {
    throw new ReplyError(`ERR You can't switch OPTIN/OPTOUT mode ${REENABLE}`)
  }
  if (broadcast) requireApart(before, prefixes)
}

/** No prefix may begin with another, or a key would be told twice. */
function requireApart(before: ClientTracking | undefined, prefixes: readonly string[]): void {
  const refuse = (prefix: string, which: string, other: string): never => {
    throw new ReplyError(
      `ERR Prefix '${prefix}' overlaps with ${which} prefix '${other}'. Prefixes for a single client must not overlap.`,
    )
  }
  for (const [index, prefix] of prefixes.entries()) {
    for (const other of [...(before?.prefixes ?? [])].sort()) {
      if (overlap(prefix, other)) refuse(prefix, 'an existing', other)
    }
    for (const other of prefixes.slice(index + 1)) if (overlap(prefix, other)) refuse(prefix, 'another provided', other)
  }
}

function overlap(a: string, b: string): boolean {
  return a.startsWith(b) || b.startsWith(a)
}

/** CLIENT TRACKING ON|OFF [REDIRECT id] [PREFIX prefix ...] [BCAST] [OPTIN] [OPTOUT] [NOLOOP] */
export function clientTracking({client, reply, server}: CommandContext, argv: string[]): void {
  const options = parseOptions(server, argv)
  if (requireSwitch(argv[2]!)) {
    requireCompatible(client.tracking, options)
    server.tracking.enable(client, options)
  } else {
    server.tracking.disable(client)
  }
  reply.ok()
}

/** CLIENT CACHING YES|NO: about the next command, or the transaction that begins with it. */
export function clientCaching({client: {tracking}, reply}: CommandContext, argv: string[]): void {
  if (tracking === undefined) {
    throw new ReplyError(
      'ERR CLIENT CACHING can be called only when the client is in tracking mode with OPTIN or OPTOUT mode enabled',
    )
  }
  const word = argv[2]!.toLowerCase()
  if (word !== 'yes' && word !== 'no') throw new ReplyError(SYNTAX_ERROR)
  const mode = word === 'yes' ? 'OPTIN' : 'OPTOUT'
  if (!(word === 'yes' ? tracking.optIn : tracking.optOut)) {
    throw new ReplyError(
      `ERR CLIENT CACHING ${word.toUpperCase()} is only valid when tracking is enabled in ${mode} mode.`,
    )
  }
  tracking.caching = true
  reply.ok()
}

/** -1 without tracking, 0 if the client gets its invalidations itself. */
export function redirectOf({tracking}: Client): number {
  return tracking?.redirect ?? -1
}

function flagsOf({tracking}: Client): string[] {
  if (tracking === undefined) return ['off']
  const flags = ['on']
  if (tracking.broadcast) flags.push('bcast')
  if (tracking.optIn) {
    flags.push('optin')
    if (tracking.caching) flags.push('caching-yes')
  }
  if (tracking.optOut) {
    flags.push('optout')
    if (tracking.caching) flags.push('caching-no')
  }
  if (tracking.noLoop) flags.push('noloop')
  if (tracking.brokenRedirect) flags.push('broken_redirect')
  return flags
}

export function clientTrackinginfo({client, reply}: CommandContext): void {
  const flags = flagsOf(client)
  reply.map(3)
  reply.bulk('flags')
  reply.set(flags.length)
  for (const flag of flags) reply.bulk(flag)
  reply.bulk('redirect')
  reply.integer(redirectOf(client))
  reply.bulk('prefixes')
  reply.bulks([...(client.tracking?.prefixes ?? [])].sort())
}
