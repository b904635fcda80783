import { cp, mkdir, readFile, readdir, symlink } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { succeed } from './program.ts'

const root = fileURLToPath(new URL('../..', import.meta.url))
const tsc = join(dirname(createRequire(import.meta.url).resolve('typescript/package.json')), 'bin/tsc')

/**
 * Packs every package into the folder `into`, from a copy in the folder `stage` as a fresh checkout has it: nothing that an
 * earlier build has left is packed. The paths of the tarballs come back.
 */
export async function packPackages(stage: string, into: string): Promise<string[]> {
  await mkdir(stage)
  await buildAfresh(stage)
  const { packageManager } = JSON.parse(await readFile(join(root, 'package.json'), 'utf8')) as Record<string, string>
  const args = ['--yes', packageManager!, '--filter', './packages/*', 'pack', '--pack-destination', into]
  await succeed('npx', args, stage)
  return (await readdir(into)).filter((file) => file.endsWith('.tgz')).map((file) => join(into, file))
}

async function buildAfresh(stage: string): Promise<void> {
  for (const file of ['package.json', 'pnpm-workspace.yaml', 'tsconfig.base.json', 'tsconfig.build.json', 'LICENSE']) {
    await cp(join(root, file), join(stage, file))
  }
  await symlink(join(root, 'node_modules'), join(stage, 'node_modules'), 'junction')
  const filter = (source: string): boolean => !/[\\/]packages[\\/][^\\/]+[\\/]dist$/.test(source)
  await cp(join(root, 'packages'), join(stage, 'packages'), { recursive: true, verbatimSymlinks: true, filter })
  await succeed(process.execPath, [tsc, '-b', 'tsconfig.build.json'], stage)
}
