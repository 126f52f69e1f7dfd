import './style/main.css'
import type { Cluster, Hardware, Status } from './api.ts'
import { byId } from './dom.ts'
import { Stream } from './stream.ts'
import { ConnectionView } from './views/connection.ts'
import { DetailView } from './views/detail.ts'
import { HardwareView } from './views/hardware.ts'
import { HashrateChart } from './views/chart.ts'
import { MapView } from './views/map.ts'
import { NodesView } from './views/nodes.ts'
import { ContributionsView } from './views/contributions.ts'
import { EventsView } from './views/events.ts'
import { HeaderView } from './views/header.ts'
import { SharesView } from './views/shares.ts'
import { TilesView } from './views/tiles.ts'
import { WorkView } from './views/work.ts'

let status: Status | null = null
let cluster: Cluster | null = null
let hardware: Hardware | null = null

/** The node that is looked at; this one until another is chosen. */
let selected: string | null = null

const header = new HeaderView()
const tiles = new TilesView(byId('tiles'))
const map = new MapView(byId('map'), byId('map-legend'), select)
const detail = new DetailView(byId('detail'), byId('detail-title'), byId('detail-badges'))
const chart = new HashrateChart(byId('chart'), byId('chart-ranges'), byId('chart-readout'))
const work = new WorkView(byId('work'))
const nodes = new NodesView(byId('nodes'), byId('nodes-note'), select)
const contributions = new ContributionsView(byId('contributions'), byId('contributions-note'))
const shares = new SharesView(byId('shares'), byId('shares-note'))
const machine = new HardwareView(byId('hardware'))
const events = new EventsView(byId('events'))

function select (peerId: string): void {
  selected = peerId
  showCluster()
}

function showCluster (): void {
  if (cluster === null) return
  const chosen = cluster.members.find(member => member.peerId === selected) ?? cluster.members[0]
  map.update(cluster, chosen?.peerId ?? null)
  nodes.update(cluster, chosen?.peerId ?? null)
  if (chosen !== undefined) detail.update(chosen, cluster)
  header.update(status, cluster)
  if (status !== null) tiles.update(status, cluster)
  contributions.nameBy(cluster)
}

const connection = new ConnectionView(
  () => { stream.retry() },
  token => { stream.useToken(token) }
)

const stream = new Stream({
  status: body => {
    status = body
    byId('content').removeAttribute('aria-busy')
    header.update(status, cluster)
    tiles.update(status, cluster)
    work.update(status, cluster)
    shares.count(status)
    events.update(status.events)
    machine.update(hardware, status)
  },
  cluster: body => {
    cluster = body
    showCluster()
  },
  history: body => { chart.replace(body) },
  point: body => { chart.add(body) },
  shares: body => { shares.update(body.shares) },
  contributions: body => { contributions.update(body) },
  hardware: body => {
    hardware = body
    machine.update(hardware, status)
  }
}, report => { connection.update(report) })

stream.start()
