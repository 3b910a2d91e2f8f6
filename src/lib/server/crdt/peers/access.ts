import type {CrdbConfig} from '../../../model/crdb.js'
import type {PeerAccess} from './peer-connection.js'

/** For regions whose configuration names no password: what replicas of this cluster use. */
export interface OwnAccess {
  readonly username: string | undefined
  readonly password: string | undefined
}

/** How nodes of a region are entered. */
export function accessTo({instances, settings}: CrdbConfig, region: number, own: OwnAccess): PeerAccess {
  const {password, username} = instances.find(({id}) => id === region) ?? {}
  const isEncrypted = settings.encryption
  // An empty one: nothing is asked for there.
  if (password === '') return {isEncrypted, password: undefined, username: undefined}
  return {...(password === undefined ? own : {password, username}), isEncrypted}
}
