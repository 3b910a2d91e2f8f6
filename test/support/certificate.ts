import {execFileSync} from 'node:child_process'
import {readFileSync} from 'node:fs'
import {join} from 'node:path'
import {temporaryFolder} from './processes.js'

export interface Certificate {
  /** PEM texts; the certificate is its own authority. */
  readonly cert: string
  readonly key: string
  readonly certFile: string
  readonly keyFile: string
}

/**
 * A certificate made now, so that no key is kept and none expires.
 *
 * @param names - `DNS:node.test`, `IP:127.0.0.1`
 * @returns undefined where there is no openssl
 */
export function makeCertificate(names: readonly string[]): Certificate | undefined {
  const folder = temporaryFolder('tls')
  const [keyFile, certFile] = [join(folder, 'key.pem'), join(folder, 'cert.pem')]
  const kind = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-days', '2']
  const subject = ['-subj', '/CN=node.test', '-addext', `subjectAltName=${names.join(',')}`]
  try {
    execFileSync('openssl', ['req', '-x509', ...kind, '-keyout', keyFile, '-out', certFile, ...subject], {
      stdio: 'ignore',
    })
  } catch {
    return undefined
  }
  return {cert: readFileSync(certFile, 'utf8'), key: readFileSync(keyFile, 'utf8'), certFile, keyFile}
}
