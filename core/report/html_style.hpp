// The report's style sheet: light and dark by the reader's own choice, black on white on paper, nothing told
// by colour alone.
//
// Threads: a constant.
#pragma once

#include <string_view>

namespace curfew::report {

inline constexpr std::string_view html_style = R"css(
:root{color-scheme:light dark;--ink:#1c2430;--soft:#566173;--line:#d5dbe3;--paper:#fff;--wash:#f4f6f9;--mark:#1f5fa8;--fill:#7fb0e4;
--good:#1d6b3a;--bad:#a32020}
@media (prefers-color-scheme:dark){:root{--ink:#e6eaf0;--soft:#a0abba;--line:#364050;--paper:#12161c;--wash:#1b212a;
--mark:#8fc0f5;--fill:#2f6098;--good:#7fd49b;--bad:#ff9a90}}
*{box-sizing:border-box}
body{margin:0;background:var(--paper);color:var(--ink);font:16px/1.5 system-ui,"Segoe UI",Roboto,"DejaVu Sans",sans-serif}
main{max-width:64rem;margin:0 auto;padding:2rem 1.25rem 4rem}
h1{font-size:1.9rem;line-height:1.2;margin:0}
h2{font-size:1.25rem;margin:2.6rem 0 .6rem;padding-top:.9rem;border-top:1px solid var(--line)}
h3{font-size:1rem;margin:1.4rem 0 .3rem}
p{margin:.4rem 0}
ul{margin:.4rem 0;padding-left:1.3rem}
li{margin:.2rem 0}
.sub{color:var(--soft);margin:.3rem 0 1.2rem}
.facts{display:grid;grid-template-columns:repeat(auto-fit,minmax(7.6rem,1fr));gap:.7rem;margin:1.2rem 0;padding:0;list-style:none}
.facts li{border:1px solid var(--line);border-radius:.5rem;padding:.6rem .8rem;background:var(--wash);margin:0}
.facts b{display:block;font-size:1.45rem;line-height:1.25;font-variant-numeric:tabular-nums}
.facts .good b{color:var(--good)} .facts .bad b{color:var(--bad)}
.facts span{color:var(--soft);font-size:.85rem}
.none,.note{color:var(--soft)}
nav{font-size:.9rem;margin:.8rem 0}
nav a{margin-right:.9rem;white-space:nowrap}
a{color:var(--mark)}
.wide{overflow-x:auto}
table{border-collapse:collapse;width:100%;font-size:.9rem;margin:.5rem 0}
caption{text-align:left;font-weight:600;padding:.3rem 0}
th,td{text-align:left;vertical-align:top;padding:.35rem .9rem .35rem 0;border-bottom:1px solid var(--line)}
thead th{color:var(--soft);font-weight:600;border-bottom:2px solid var(--line);white-space:nowrap}
td.n,th.n{text-align:right;font-variant-numeric:tabular-nums;white-space:nowrap;padding-right:1rem}
td.s{white-space:nowrap}
td.t{white-space:nowrap;font-variant-numeric:tabular-nums}
tbody th{font-weight:400}
.bars th{width:17rem}.bars td.n{width:5rem}
.bar{display:block;height:.85rem;margin-top:.3rem;background:var(--fill);border:1px solid var(--mark);border-radius:2px}
.bar.h{background:repeating-linear-gradient(45deg,transparent 0 3px,var(--mark) 3px 4px)}
figure{margin:1rem 0}
figcaption{font-weight:600;font-size:.9rem}
svg{display:block;width:100%;height:auto}
svg .g{stroke:var(--line);stroke-width:1}
svg .a{fill:var(--soft);font-size:12px}
svg .k{fill:var(--ink);font-size:12.5px;font-weight:600}
svg .v{fill:var(--fill);stroke:var(--mark);stroke-width:.6}
svg .s{stroke-width:1.2}
svg .p{fill:var(--ink)}
svg .t{fill:transparent}
pre{background:var(--wash);border:1px solid var(--line);border-radius:.4rem;padding:.7rem;overflow-x:auto;font-size:.82rem;
white-space:pre-wrap;overflow-wrap:anywhere}
code{font-size:.88em;overflow-wrap:anywhere}
.tag{border:1px solid currentColor;border-radius:.3rem;padding:0 .35rem;font-size:.78rem;white-space:nowrap}
dl{display:grid;grid-template-columns:max-content 1fr;gap:.15rem 1rem;font-size:.9rem;margin:.4rem 0}
dt{color:var(--soft)}dd{margin:0;overflow-wrap:anywhere}
details summary{cursor:pointer;color:var(--mark);font-size:.9rem}
@media (max-width:40rem){.bars th{width:9rem}dl{grid-template-columns:1fr}dt{margin-top:.4rem}}
@media print{:root{--ink:#000;--soft:#333;--line:#999;--paper:#fff;--wash:#fff;--mark:#000;--fill:#ccc;--good:#000;--bad:#000}
body{font-size:10pt}main{max-width:none;padding:0}nav{display:none}h2{break-after:avoid}figure,tr,.facts li{break-inside:avoid}
thead{display:table-header-group}details::details-content{content-visibility:visible;display:block}.wide{overflow:visible}.bar,svg{-webkit-print-color-adjust:exact;print-color-adjust:exact}}
)css";

}  // namespace curfew::report
