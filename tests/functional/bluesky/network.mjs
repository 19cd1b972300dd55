// A whole Bluesky on this machine alone: says in one line of JSON where, and ends with its input.
// With DB_POSTGRES_URL it has an index too, which is what a search asks.
// node network.mjs FOLDER: where install.sh put the packages.
import net from 'node:net'
import { pathToFileURL } from 'node:url'

const listen = net.Server.prototype.listen
net.Server.prototype.listen = function (...args) {
  const [first] = args
  const where = first !== null && typeof first === 'object' ? first : { port: Number(first ?? 0) }
  const then = args.find((one) => typeof one === 'function')
  return listen.call(this, { ...where, host: '127.0.0.1' }, then)
}

const folder = pathToFileURL(`${process.argv[2]}/`)
const { TestNetwork, TestNetworkNoAppView } = await import(
  new URL('node_modules/@atproto/dev-env/dist/index.js', folder)
)
const Network = process.env.DB_POSTGRES_URL ? TestNetwork : TestNetworkNoAppView
const network = await Network.create({ pds: { hostname: 'localhost' } })
console.log(JSON.stringify({ pds: network.pds.url, index: network.bsky?.url ?? null }))

process.stdin.on('end', async () => {
  await network.close()
  process.exit(0)
})
process.stdin.resume()
