// Compiles src/ to dist/ from nothing, makes one file of the server, and writes oclif.manifest.json.
// The manifest comes from @oclif/core's own Plugin class, which is what `oclif manifest` calls.
import {execFileSync} from 'node:child_process'
import {readFileSync, rmSync, writeFileSync} from 'node:fs'
import {createRequire} from 'node:module'
import {dirname, join} from 'node:path'
import {fileURLToPath} from 'node:url'
import {buildSync} from 'esbuild'

const root = dirname(dirname(fileURLToPath(import.meta.url)))
const require = createRequire(import.meta.url)
const tscBin = join(dirname(require.resolve('typescript/package.json')), 'bin', 'tsc')

rmSync(join(root, 'dist'), {force: true, recursive: true})
execFileSync(process.execPath, [tscBin, '-p', join(root, 'tsconfig.json')], {stdio: 'inherit'})

// A node is started often and must answer at once; resolving its 170 modules one by one takes longer than all the rest.
buildSync({
  allowOverwrite: true,
  bundle: true,
  entryPoints: [join(root, 'dist', 'lib', 'node', 'main.js')],
  format: 'esm',
  outfile: join(root, 'dist', 'lib', 'node', 'main.js'),
  platform: 'node',
  target: 'node20',
})

const {Plugin} = await import('@oclif/core/config')
const plugin = new Plugin({
  errorOnManifestCreate: true,
  ignoreManifest: true,
  respectNoCacheDefault: true,
  root,
  type: 'core',
})
await plugin.load()
const {manifest} = plugin
const sorted = Object.fromEntries(Object.entries(manifest.commands).sort(([a], [b]) => (a < b ? -1 : 1)))
const text = `${JSON.stringify({...manifest, commands: sorted}, null, 2)}\n`
const path = join(root, 'oclif.manifest.json')
let before = ''
try {
  before = readFileSync(path, 'utf8')
} catch {
  // The first build has no manifest yet.
}
if (before !== text) writeFileSync(path, text)
