/** The looks of the page: colours by meaning first, light and dark. */
export const STYLE = `
:root {
  color-scheme: light dark;
  --paper: #ffffff; --panel: #f6f7f9; --ink: #1b2330; --quiet: #5d6878; --rule: #d9dee6;
  --follower: #b3bdcb; --candidate: #e79a0c; --leader: #2f6fed; --stopped: #7b2d3b;
  --vote: #a86500; --append: #1f57c9; --heartbeat: #76839a; --birth: #0b7a75;
  --disk: #0f766e; --disk-paper: #e3f4f1; --fault: #c2410c; --fault-paper: #fdeadd;
  --commit: #15803d; --commit-paper: #e2f4e6; --client: #7e3fb8; --client-paper: #f2e9fb;
  --role: #4b5768; --role-paper: #eef1f5; --broken: #c81e2c; --broken-paper: #fde8e9; --on-broken: #ffffff;
  --candidate-ink: #5c3b00; --candidate-paper: #fdf0d3; --follower-ink: #3d4858; --follower-paper: #eaedf2;
  --on-leader: #ffffff;
}
@media (prefers-color-scheme: dark) {
  :root {
    --paper: #12161d; --panel: #1a2029; --ink: #e6eaf1; --quiet: #97a3b5; --rule: #303947;
    --follower: #566276; --candidate: #e0a02b; --leader: #5a92ff; --stopped: #b0606f;
    --vote: #e6b04c; --append: #86afff; --heartbeat: #8592a8; --birth: #4cc2b8;
    --disk: #4fc3b5; --disk-paper: #12312f; --fault: #ff9a62; --fault-paper: #3b2216;
    --commit: #62cf83; --commit-paper: #14321f; --client: #c99cf5; --client-paper: #2e2140;
    --role: #a9b4c5; --role-paper: #232b37; --broken: #e5484d; --broken-paper: #3d181c; --on-broken: #ffffff;
    --candidate-ink: #f7d48a; --candidate-paper: #3a2c0d; --follower-ink: #c3ccd9; --follower-paper: #262e3a;
    --on-leader: #0c1524;
  }
}
* { box-sizing: border-box; }
body {
  margin: 0; background: var(--paper); color: var(--ink);
  font: 14px/1.5 system-ui, -apple-system, 'Segoe UI', Roboto, 'Helvetica Neue', Arial, sans-serif;
  font-variant-numeric: tabular-nums;
}
header { padding: 28px 24px 14px; max-width: 1340px; }
h1 { margin: 0 0 12px; font-size: 24px; line-height: 1.25; font-weight: 650; letter-spacing: -0.01em; overflow-wrap: anywhere; }
.verdict { margin: 0 0 16px; padding: 12px 16px; border-radius: 8px; border-left: 5px solid; overflow-wrap: anywhere; }
.verdict.bad { border-color: var(--broken); background: var(--broken-paper); }
.verdict.good { border-color: var(--commit); background: var(--commit-paper); }
.verdict strong { font-size: 17px; font-weight: 650; }
.verdict p { margin: 4px 0 0; }
.verdict a { color: inherit; }
.facts { margin: 0 0 12px; display: flex; flex-wrap: wrap; gap: 4px 28px; }
.facts div { display: flex; gap: 7px; }
.facts dt { color: var(--quiet); }
.facts dd { margin: 0; font-weight: 600; }
.replay { display: flex; align-items: center; gap: 10px; margin: 0 0 14px; }
.replay code {
  padding: 7px 12px; border: 1px solid var(--rule); border-radius: 6px; background: var(--panel);
  font: 13px/1.4 ui-monospace, 'SF Mono', Menlo, Consolas, 'DejaVu Sans Mono', monospace; user-select: all; overflow-wrap: anywhere;
}
.replay button {
  padding: 6px 12px; border: 1px solid var(--rule); border-radius: 6px; background: var(--paper); color: inherit;
  font: inherit; font-size: 13px; cursor: pointer;
}
.replay button:hover { border-color: var(--quiet); }
.legend { display: flex; flex-wrap: wrap; gap: 6px 18px; color: var(--quiet); font-size: 12.5px; }
.legend span { display: inline-flex; align-items: center; gap: 6px; white-space: nowrap; }
.omitted { margin: 12px 0 0; color: var(--quiet); }
svg { display: block; }
svg.nodes, .bar { background: var(--paper); }
.bar { position: sticky; top: 0; z-index: 1; border-bottom: 1px solid var(--rule); min-width: max-content; }
main { padding: 0 0 40px; }
.canvas { position: relative; }
#broken { position: absolute; scroll-margin-top: 55vh; }
text { fill: var(--ink); font-size: 11.5px; }
.node { fill: var(--panel); stroke: var(--rule); stroke-width: 1.5; }
.node-name { font-size: 15px; font-weight: 650; text-anchor: middle; }
.time { fill: var(--quiet); font-size: 11.5px; text-anchor: end; }
.lifeline.follower { fill: var(--follower); }
.lifeline.candidate { fill: var(--candidate); }
.lifeline.leader { fill: var(--leader); }
.absent { stroke: var(--quiet); stroke-width: 1.6; stroke-dasharray: 1.6 5; stroke-linecap: round; }
.absent.unborn { stroke: var(--rule); stroke-dasharray: none; }
.absent.stopped { stroke: var(--stopped); stroke-width: 2.6; stroke-dasharray: 7 5; }
.badge text { text-anchor: middle; font-weight: 600; }
.badge rect { stroke-width: 1.4; }
.badge.follower rect { fill: var(--follower-paper); stroke: var(--follower); }
.badge.follower text { fill: var(--follower-ink); }
.badge.candidate rect { fill: var(--candidate-paper); stroke: var(--candidate); }
.badge.candidate text { fill: var(--candidate-ink); }
.badge.leader rect { fill: var(--leader); stroke: var(--leader); }
.badge.leader text { fill: var(--on-leader); }
.badge.down rect { fill: var(--paper); stroke: var(--quiet); stroke-dasharray: 3 3; }
.badge.down text { fill: var(--quiet); }
.badge.stopped rect { fill: var(--paper); stroke: var(--stopped); }
.badge.stopped text { fill: var(--stopped); }
.note text, .band text { text-anchor: middle; }
.note rect, .band rect { stroke-width: 1; }
.note.role, .band.role { --wash: var(--role-paper); }
.note.role rect, .band.role rect { fill: var(--wash); stroke: var(--role); }
.note.disk, .band.disk { --wash: var(--disk-paper); }
.note.disk rect, .band.disk rect { fill: var(--wash); stroke: var(--disk); }
.note.fault, .band.fault { --wash: var(--fault-paper); }
.note.fault rect, .band.fault rect { fill: var(--wash); stroke: var(--fault); }
.note.commit, .band.commit { --wash: var(--commit-paper); }
.note.commit rect, .band.commit rect { fill: var(--wash); stroke: var(--commit); }
.note.client, .band.client { --wash: var(--client-paper); }
.note.client rect, .band.client rect { fill: var(--wash); stroke: var(--client); }
.note.broken, .band.broken { --wash: var(--broken-paper); }
.note.broken rect, .band.broken rect { fill: var(--wash); stroke: var(--broken); stroke-width: 2; }
.note.broken text, .band.broken text { font-weight: 650; }
.band text { font-size: 12px; font-weight: 600; paint-order: stroke; stroke: var(--wash); stroke-width: 4.4px; stroke-linejoin: round; }
.fold line { stroke: var(--rule); stroke-width: 1.2; }
.fold rect { fill: var(--paper); stroke: var(--rule); }
.fold text { fill: var(--quiet); text-anchor: middle; }
.fold.gap line { stroke: var(--quiet); stroke-dasharray: 2 5; }
.fold.gap text { font-style: italic; }
g.break > rect { fill: var(--broken); }
g.break text { fill: var(--on-broken); text-anchor: middle; }
g.break .what { font-size: 11px; font-weight: 700; letter-spacing: 0.14em; }
g.break .promise text { font-size: 16px; font-weight: 650; }
g.break .detail text { font-size: 13px; }
.vote { --tint: var(--vote); }
.append { --tint: var(--append); }
.heartbeat { --tint: var(--heartbeat); }
.birth { --tint: var(--birth); }
.arrow path { fill: none; }
.arrow .line { stroke: var(--tint); stroke-width: 1.5; }
.arrow .head, .arrow circle { fill: var(--tint); }
.arrow circle.open { fill: var(--paper); stroke: var(--tint); stroke-width: 1.5; }
.arrow .cross { stroke: var(--broken); stroke-width: 2.4; stroke-linecap: round; }
.arrow.copy .line { stroke-dasharray: 6 4; }
.arrow.late .line { stroke-width: 1.2; opacity: 0.45; }
.arrow .reach { stroke: transparent; stroke-width: 13; }
.label text { paint-order: stroke; stroke: var(--paper); stroke-width: 4.4px; stroke-linejoin: round; }
.label .above { font-size: 12px; fill: var(--tint); font-weight: 500; }
.label .below { font-size: 11px; fill: var(--quiet); }
.lit .line { stroke-width: 3; opacity: 1; }
.lit .above { text-decoration: underline; }
#tip {
  position: fixed; z-index: 2; max-width: 560px; padding: 8px 11px; border-radius: 6px; pointer-events: none;
  background: var(--ink); color: var(--paper); font-size: 12.5px; line-height: 1.45; white-space: pre-wrap; overflow-wrap: anywhere;
}
@media print { .bar { position: static; } .replay button { display: none; } }
`
