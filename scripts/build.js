// Writes dist/ from nothing: bundles for Node and declarations for TypeScript; then oclif.manifest.json.
// The manifest comes from @oclif/core's own Plugin class, which is what `oclif manifest` calls.
import {execFileSync} from 'node:child_process'
import {copyFileSync, readdirSync, readFileSync, rmSync, writeFileSync} from 'node:fs'
import {createRequire} from 'node:module'
import {dirname, join} from 'node:path'
import {fileURLToPath} from 'node:url'
import {buildSync} from 'esbuild'

const root = dirname(dirname(fileURLToPath(import.meta.url)))
const require = createRequire(import.meta.url)
const tscBin = join(dirname(require.resolve('typescript/package.json')), 'bin', 'tsc')

const {dependencies} = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'))
// Loaded at every start. Finding and reading their hundreds of files one by one takes longer than all that `check` does.
const BUNDLED = ['@oclif/core', 'ioredis']
const external = Object.keys(dependencies).filter((name) => !BUNDLED.includes(name))

rmSync(join(root, 'dist'), {force: true, recursive: true})
const commands = readdirSync(join(root, 'src', 'commands'), {recursive: true})
  .filter((name) => name.endsWith('.ts'))
  .map((name) => join(root, 'src', 'commands', name))
buildSync({
  absWorkingDir: root,
  // The bundled packages are CommonJS; these are the names such a module finds around itself.
  banner: {
    js: [
      "import {createRequire as createRequireOfBundle} from 'node:module'",
      "import {dirname as dirnameOfBundle} from 'node:path'",
      "import {fileURLToPath as pathOfBundle} from 'node:url'",
      'const require = createRequireOfBundle(import.meta.url)',
      'const __filename = pathOfBundle(import.meta.url)',
      'const __dirname = dirnameOfBundle(__filename)',
    ].join(';'),
  },
  bundle: true,
  chunkNames: 'chunks/[name]-[hash]',
  entryPoints: [
    ...commands,
    join(root, 'src', 'embedded.ts'),
    join(root, 'src', 'lib', 'cli', 'main.ts'),
    join(root, 'src', 'lib', 'engine', 'process', 'link-proxy-main.ts'),
    join(root, 'src', 'lib', 'node', 'main.ts'),
  ],
  external: [...external, 'ts-node', 'tsx', 'typescript'],
  format: 'esm',
  logLevel: 'warning',
  outbase: join(root, 'src'),
  outdir: join(root, 'dist'),
  platform: 'node',
  splitting: true,
  target: 'node20',
})

// Lua for scripts: of its package the module alone is used, so users get no package. Its licence asks to come along.
const lua = dirname(require.resolve('wasmoon-lua5.1/package.json'))
copyFileSync(join(lua, 'dist', 'liblua5.1.wasm'), join(root, 'dist', 'liblua5.1.wasm'))
copyFileSync(join(lua, 'LICENSE'), join(root, 'dist', 'liblua5.1.LICENSE'))

// After the bundles: what does not type-check still runs, which is what somebody in the middle of a change wants.
execFileSync(process.execPath, [tscBin, '-p', join(root, 'tsconfig.json'), '--emitDeclarationOnly'], {stdio: 'inherit'})

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
