import { mkdir, mkdtemp, readdir, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { packPackages } from '../packaging/packedPackages.ts'
import { run } from '../packaging/program.ts'

const program = fileURLToPath(new URL('publish.mjs', import.meta.url))
const packages = fileURLToPath(new URL('../../packages', import.meta.url))

let folder: string

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'quorate-publish-'))
})

afterEach(() => rm(folder, { recursive: true, force: true }))

test('npm takes every package, as far as it can be asked without publishing', async () => {
  const packed = join(folder, 'packed')
  await mkdir(packed)
  await packPackages(join(folder, 'stage'), packed)
  const { code, output } = await run(process.execPath, [program, packed, '--dry-run'], folder)
  expect(code, output).toBe(0)
  expect(output.match(/^\+ \S+@\S+$/gm)).toHaveLength((await readdir(packages)).length)
})
