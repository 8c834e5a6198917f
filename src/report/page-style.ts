/** Inline, since the page must be whole by itself. Colours hold on paper and for readers who see no red or green: each verdict is also a word. */
export const pageStyle = `
:root{color-scheme:light;--ink:#1c2430;--soft:#5b6675;--line:#d9dee5;--paper:#fff;--tint:#f5f7f9;--accent:#23527c;--good:#1d6b43;--bad:#a3262a;--open:#8a5a00}
*{box-sizing:border-box}
body{margin:0;background:var(--paper);color:var(--ink);font:15px/1.5 system-ui,-apple-system,"Segoe UI","DejaVu Sans",sans-serif}
main{max-width:1040px;margin:0 auto;padding:32px 24px 64px}
h1{font-size:26px;line-height:1.25;margin:0 0 4px}
h2{font-size:18px;margin:36px 0 10px;padding-bottom:4px;border-bottom:1px solid var(--line)}
p{margin:6px 0}
.soft{color:var(--soft)}
.cards{display:flex;flex-wrap:wrap;gap:12px;margin-top:12px}
.card{flex:1 1 140px;background:var(--tint);border:1px solid var(--line);border-radius:6px;padding:10px 14px}
.card b{display:block;font-size:22px;line-height:1.3;font-variant-numeric:tabular-nums}
.card span{color:var(--soft);font-size:13px}
.scroll{overflow-x:auto}
table{border-collapse:collapse;width:100%;font-size:14px}
th,td{text-align:left;vertical-align:top;padding:6px 10px 6px 0;border-bottom:1px solid var(--line)}
th{color:var(--soft);font-weight:600;white-space:nowrap}
td.number,th.number{text-align:right;font-variant-numeric:tabular-nums;white-space:nowrap}
td.time{white-space:nowrap}
.code{font:12.5px/1.5 ui-monospace,"DejaVu Sans Mono",monospace;overflow-wrap:anywhere}
.verdict{font-weight:600;white-space:nowrap}
.PASS{color:var(--good)}.FAIL{color:var(--bad)}.UNKNOWN{color:var(--open)}
.bar-outer{display:inline-block;width:64px;height:8px;border:1px solid var(--line);background:var(--tint);vertical-align:middle;margin-right:6px}
.bar-inner{display:block;height:100%;background:var(--accent)}
.plot{width:100%;height:auto;margin-top:8px}
.plot .grid{stroke:var(--line);stroke-width:1}
.plot .tick{fill:var(--soft);font-size:11px}
.plot .bar{fill:#9db8d1}
.plot .total{fill:none;stroke:var(--accent);stroke-width:2}
ul{margin:6px 0;padding-left:20px}
li{margin:4px 0}
@media print{body{font-size:11pt}main{max-width:none;padding:0}h2{break-after:avoid}tr,.card,.plot{break-inside:avoid}.scroll{overflow:visible}*{print-color-adjust:exact;-webkit-print-color-adjust:exact}}
`;
