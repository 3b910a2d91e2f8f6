import {readdir, readFile} from 'node:fs/promises'
import {join} from 'node:path'
import type {ConnectOptions} from '../client/connect-options.js'
import {messageOf} from '../kernel/errors.js'
import {badFlag} from './flags.js'

const CERTIFICATE = /-----BEGIN CERTIFICATE-----[\s\S]*?-----END CERTIFICATE-----/g

/**
 * Adds the authorities of `--cacertdir`: every certificate in the files of a folder. Implies TLS.
 *
 * @param folder - undefined changes nothing
 * @throws {CliError} BAD_FLAG if it cannot be read or holds no certificate
 */
export async function withAuthorities(options: ConnectOptions, folder: string | undefined): Promise<ConnectOptions> {
  if (folder === undefined) return options
  const found = await certificatesIn(folder).catch((error: unknown) => {
    throw badFlag(`--cacertdir ${folder} cannot be read: ${messageOf(error)}`)
  })
  if (found.size === 0) throw badFlag(`--cacertdir ${folder} holds no certificate (PEM)`)
  const ca = [...(options.tls?.ca === undefined ? [] : [options.tls.ca]), ...found].join('\n')
  return {...options, tls: {...options.tls, ca}}
}

/** Each once: the names that OpenSSL looks for are links to the files themselves. */
async function certificatesIn(folder: string): Promise<Set<string>> {
  const entries = await readdir(folder, {withFileTypes: true})
  const files = entries.filter((entry) => !entry.isDirectory()).map(({name}) => join(folder, name))
  const texts = await Promise.all(files.sort().map((file) => readFile(file, 'utf8')))
  return new Set(texts.flatMap((text) => text.match(CERTIFICATE) ?? []))
}
