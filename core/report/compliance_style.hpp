// What the compliance report adds to the style sheet of html_style.hpp: results as words in frames, a page
// for executives, and page breaks on paper.
//
// Threads: a constant.
#pragma once

#include <string_view>

namespace curfew::report {

inline constexpr std::string_view compliance_style = R"css(
.eyebrow{color:var(--soft);font-size:.85rem;letter-spacing:.06em;text-transform:uppercase;margin:0 0 .3rem}
.r{display:inline-block;border:1.5px solid currentColor;border-radius:.3rem;padding:0 .45rem;font-size:.8rem;font-weight:600;white-space:nowrap}
.r.satisfied{color:var(--good)}.r.not_satisfied{color:var(--bad);border-width:2.5px}
.r.not_testable{color:var(--soft);border-style:dotted}.r.no_data{color:var(--ink);border-style:dashed}
.facts .r-not_satisfied{border-width:2.5px;border-color:var(--bad)}
.facts .r-no_data{border-style:dashed}.facts .r-not_testable{border-style:dotted}
article{border-top:1px solid var(--line);padding:.8rem 0 .4rem}
article h4{font-size:1rem;margin:0 0 .25rem;display:flex;gap:.7rem;align-items:baseline;flex-wrap:wrap}
article h4 .id{font-variant-numeric:tabular-nums;color:var(--soft)}
article h4 .r{margin-left:auto}
article p{max-width:50rem}
article dl{font-size:.86rem}
article .why{border-left:3px solid var(--line);padding-left:.7rem;margin:.4rem 0}
article.not_satisfied .why{border-left-color:var(--bad)}
td code{white-space:nowrap}
.tight thead th{white-space:normal}.tight td,.tight th{padding-right:.6rem}.tight th[scope=row]{overflow-wrap:anywhere}
.share{display:flex;height:1rem;border:1px solid var(--mark);border-radius:2px;overflow:hidden;min-width:9rem}
.share i{display:block;height:100%}
.share .signed_out{background:var(--mark)}.share .timed_out{background:var(--fill)}
.share .ended_by_others{background:repeating-linear-gradient(45deg,transparent 0 3px,var(--mark) 3px 5px)}
.share .vanished{background:repeating-linear-gradient(90deg,transparent 0 2px,var(--soft) 2px 3px)}
.share .unknown,.share .open{background:transparent;border-left:1px solid var(--soft)}
@media print{@page{size:A4;margin:16mm 14mm 18mm;@bottom-right{content:"page " counter(page) " of " counter(pages);font:8pt sans-serif}}
:root{color-scheme:light}li,dd,.share{break-inside:avoid}caption,thead{break-after:avoid}.tight{font-size:8pt}
.executive{break-after:page}h2,h3,h4{break-after:avoid}article{break-inside:avoid-page}article.long{break-inside:auto}
section.framework{break-before:page}details{display:block}details>summary{list-style:none}
.r.not_satisfied{border-width:2.5px}.share,.share i{-webkit-print-color-adjust:exact;print-color-adjust:exact}}
)css";

}  // namespace curfew::report
