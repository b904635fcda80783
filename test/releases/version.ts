import { cp, mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { packPackages } from '../packaging/packedPackages.ts'
import { pinned } from '../packaging/pinned.ts'
import { npmInstall } from '../packaging/program.ts'
import releases from './releases.json' with { type: 'json' }

const own = fileURLToPath(new URL('server.mjs', import.meta.url))
const PACKAGES = ['@quorate/core', '@quorate/disk', '@quorate/log', '@quorate/nats', '@quorate/wire']

/** Packages of ours that servers can run on, beside the present build. */
export interface Version {
  readonly name: string
  /** Puts them into a folder, and says where `server.mjs` is that runs on them. */
  install(folder: string): Promise<string>
}

/** The present build, as the workspace has it: what `npm run build` made. */
export const PRESENT = own

/** What npm has of each release that is listed. */
const published: readonly Version[] = (releases as readonly string[]).map((version) => ({
  name: `release ${version}`,
  install: (folder) =>
    installed(
      folder,
      PACKAGES.map((name) => `${name}@${version}`),
    ),
}))

/**
 * The present build as a release would be: packed, and installed by npm. It stands for one in a test of the test itself, and
 * says nothing about versions.
 */
const packed: Version = {
  name: 'the present build, packed, for no release is out yet',
  async install(folder) {
    const into = join(folder, 'packed')
    await mkdir(into)
    return installed(folder, await packPackages(join(folder, 'stage'), into))
  },
}

export const versions = published.length > 0 ? published : [packed]

async function installed(folder: string, wanted: readonly string[]): Promise<string> {
  const application = join(folder, 'application')
  await mkdir(application)
  await npmInstall(application, [...wanted, pinned('nats')])
  const program = join(application, 'server.mjs')
  await cp(own, program)
  return program
}
