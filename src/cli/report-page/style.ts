/** Of the page: light, dark and print. No fonts, images or scripts from anywhere. */
export const style = `
:root{color-scheme:light dark;--bg:#fff;--fg:#1c2128;--dim:#57606a;--line:#d0d7de;--soft:#f6f8fa;--better:#0b6e4f;--worse:#b3261e;--unsure:#57606a;--c0:#0757b8;--c1:#b3470a}
@media (prefers-color-scheme:dark){:root{--bg:#0f1419;--fg:#e6e9ee;--dim:#a3adb8;--line:#343c46;--soft:#181f27;--better:#4fc38f;--worse:#ff8f85;--unsure:#a3adb8;--c0:#6cb0ff;--c1:#ffab6b}}
*{box-sizing:border-box}
body{margin:0;background:var(--bg);color:var(--fg);font:16px/1.55 system-ui,-apple-system,"Segoe UI",sans-serif}
main{max-width:1080px;margin:0 auto;padding:32px 20px 80px}
h1{font-size:1.9rem;line-height:1.2;margin:0 0 .3em}
h2{font-size:1.3rem;margin:2.6em 0 .5em;padding-top:.6em;border-top:1px solid var(--line)}
h3{font-size:1.02rem;margin:1.6em 0 .4em}
p,ul,ol{margin:.6em 0;max-width:74ch}
li{margin:.25em 0}
.dim{color:var(--dim)}
.answers{display:grid;grid-template-columns:repeat(auto-fit,minmax(260px,1fr));gap:14px;margin:1.4em 0}
.answers>div{background:var(--soft);border:1px solid var(--line);border-radius:10px;padding:14px 16px}
.answers b{display:block;font-size:1.55rem;line-height:1.25;font-variant-numeric:tabular-nums}
.answers small{display:block;color:var(--dim)}
nav ul{columns:2;padding-left:1.2em}
a{color:var(--c0)}
.scroll{overflow-x:auto;margin:.8em 0}
table{border-collapse:collapse;font-size:.84rem;font-variant-numeric:tabular-nums;width:100%}
th,td{padding:4px 6px;border-bottom:1px solid var(--line);text-align:right;white-space:nowrap;vertical-align:top}
th{font-weight:600;vertical-align:bottom}
th small{display:block;font-weight:400;color:var(--dim)}
th:first-child,td:first-child,.left{text-align:left}
td.wide{white-space:normal;min-width:9em;text-align:left}
tr.own td{font-weight:600}tr.own small{font-weight:400}
.many{font-size:.76rem}.many th,.many td{padding:4px}
td small{display:block;color:var(--dim);font-size:.88em}
.better{color:var(--better)}.worse{color:var(--worse)}
code,pre{font:.86em/1.45 ui-monospace,SFMono-Regular,Menlo,monospace}
pre{background:var(--soft);border:1px solid var(--line);border-radius:8px;padding:12px 14px;overflow-x:auto;white-space:pre-wrap;overflow-wrap:anywhere}
details{margin:.8em 0}summary{cursor:pointer;color:var(--c0)}
figure{margin:1.2em 0;break-inside:avoid}
figure{max-width:920px}figcaption{color:var(--dim);font-size:.86rem;max-width:80ch}
svg{display:block;width:100%;height:auto;font:12px system-ui,-apple-system,"Segoe UI",sans-serif;fill:var(--fg)}
svg .tick,svg .axis{fill:var(--dim)}svg .group{font-weight:600}svg .value{fill:var(--dim);font-variant-numeric:tabular-nums}
svg .grid{stroke:var(--line)}svg .zero{stroke:var(--dim);stroke-width:1.4}
svg .whisker{stroke-width:2}svg .better .whisker{stroke:var(--better)}svg .better circle{fill:var(--better)}
svg .worse .whisker{stroke:var(--worse)}svg .worse circle{fill:var(--worse)}
svg .unsure .whisker{stroke:var(--unsure)}svg .unsure circle{fill:var(--unsure)}
svg .line{fill:none;stroke-width:2}svg .band{fill-opacity:.17;stroke:none}
svg .c0 .line{stroke:var(--c0)}svg .c0 circle,svg .c0 .band,svg .c0 .name{fill:var(--c0)}
svg .c1 .line{stroke:var(--c1)}svg .c1 circle,svg .c1 .band,svg .c1 .name{fill:var(--c1)}
svg .cell.better{fill:var(--better)}svg .cell.worse{fill:var(--worse)}svg .cell-text{font-size:11px;font-variant-numeric:tabular-nums}
@media (max-width:700px){th:first-child,td:first-child{position:sticky;left:0;background:var(--bg)}td.wide{min-width:10em}figure .scroll svg{width:760px}nav ul{columns:1}}
@media print{:root{--bg:#fff;--fg:#000;--dim:#444;--line:#bbb;--soft:#f4f4f4;--better:#0b6e4f;--worse:#b3261e;--unsure:#444;--c0:#0757b8;--c1:#b3470a}
body{font-size:10pt}main{max-width:none;padding:0}table{font-size:7pt}th,td{padding:2px 4px}.many{font-size:6.4pt}.many th,.many td{white-space:normal;padding:2px}td.wide{min-width:7em}.scroll{overflow:visible}a{color:inherit;text-decoration:none}
h2,h3,summary{break-after:avoid}details::details-content{content-visibility:visible}summary{color:inherit;font-weight:600;list-style:none}tr{break-inside:avoid}svg .cell{print-color-adjust:exact}}
`;
