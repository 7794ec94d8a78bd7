#include "core/api/gate_pages.hpp"

#include "core/base/text.hpp"
#include "core/report/markup.hpp"

namespace curfew::api::gate_pages {
namespace {

using model::Refusal;

std::string_view words_of(Refusal reason) {
  switch (reason) {
    case Refusal::SignedOut:
      return "You signed out.";
    case Refusal::Expired:
      return "Your session has ended.";
    case Refusal::IdleTimeout:
      return "You were signed out because you had not been active for a while.";
    case Refusal::SessionTimeout:
      return "You were signed out because your session had reached its longest duration.";
    case Refusal::TooManySessions:
      return "You were signed out here because you signed in on another device.";
    case Refusal::Administrator:
      return "You were signed out by an administrator.";
    case Refusal::Policy:
      return "You were signed out by a rule of your organisation.";
    case Refusal::UnknownSession:
      return "Please sign in.";
    case Refusal::None:
      break;
  }
  return "You are not signed in.";
}

constexpr std::string_view style =
    "body{font:16px/1.5 system-ui,sans-serif;max-width:36rem;margin:15vh auto;padding:0 1rem;color:#222}"
    "a,button{display:inline-block;margin-top:1rem;padding:.5rem 1rem;border:1px solid #888;"
    "border-radius:.3rem;background:#f4f4f4;color:#222;text-decoration:none;font:inherit;cursor:pointer}"
    "@media(prefers-color-scheme:dark){body{background:#1b1b1b;color:#ddd}a,button{background:#333;"
    "color:#ddd}}";

GateAnswer page(int status, std::string_view title, std::string_view inside) {
  GateAnswer answer;
  answer.status = status;
  answer.content_type = "text/html; charset=utf-8";
  answer.headers = {{"Cache-Control", "no-store"},
                    {"X-Content-Type-Options", "nosniff"},
                    {"Referrer-Policy", "no-referrer"},
                    {"Content-Security-Policy",
                     "default-src 'none'; style-src 'unsafe-inline'; script-src 'self'; connect-src 'self'; "
                     "base-uri 'none'; form-action 'none'; frame-ancestors 'self'"}};
  std::string& text = answer.body;
  text = "<!doctype html><html lang=\"en\"><meta charset=\"utf-8\">";
  text += "<meta name=\"viewport\" content=\"width=device-width\"><title>";
  text += report::escaped(title);
  text += "</title><style>";
  text += style;
  text += "</style>";
  text += inside;
  text += "</html>\n";
  return answer;
}

constexpr std::string_view script_text =
    R"js(// Shows a warning before Curfew's gate ends the session, and leaves the page when it has ended.
// <script src="/curfew/curfew-warning.js" defer></script>; an application that has its own way of telling
// listens for the events curfew-warning {detail: {seconds}} and curfew-signed-out {detail: {reason}}, and
// calls preventDefault().
(() => {
  const script = document.currentScript;
  const base = script ? new URL(".", script.src).href : "/curfew/";
  const root = document.documentElement;
  let deadline = 0, bar = null, timer = 0, failures = 0, wasLive = false, heard = null, gone = false;
  // Other tabs of the session.
  const others = "BroadcastChannel" in window ? new BroadcastChannel("curfew " + base) : null;
  const tell = (name, detail) =>
    document.dispatchEvent(new CustomEvent(name, {detail, cancelable: true}));
  const cover = (on) => { root.style.visibility = on ? "hidden" : ""; };
  const hide = () => { if (bar) { bar.remove(); bar = null; } deadline = 0; };
  const styled = (name, style, text) => {
    const element = document.createElement(name);
    Object.assign(element.style, style);
    if (text) element.textContent = text;
    return element;
  };
  const build = () => {
    bar = styled("div", {position: "fixed", left: 0, right: 0, top: 0, zIndex: 2147483647,
      boxSizing: "border-box", display: "flex", flexWrap: "wrap", alignItems: "center",
      justifyContent: "center", textAlign: "center", gap: "0.5rem 1rem", padding: "0.75rem 1rem", background: "#7a1f1f",
      color: "#fff", font: "16px/1.4 system-ui,sans-serif", boxShadow: "0 1px 6px rgba(0,0,0,.4)"});
    bar.id = "curfew-warning";
    bar.setAttribute("role", "alert");
    const text = styled("span", {});
    text.setAttribute("aria-live", "off");  // read out once, not each second
    const stay = styled("button", {margin: 0, padding: "0.4rem 0.9rem", border: 0, borderRadius: "0.3rem",
      background: "#fff", color: "#7a1f1f", font: "inherit", fontWeight: 600, cursor: "pointer"},
      "Stay signed in");
    stay.type = "button";
    stay.addEventListener("click", () => ask("stay"));
    bar.append(text, stay);
    (document.body || root).append(bar);
  };
  const time = (seconds) => {
    const [count, unit] = seconds > 90 ? [Math.ceil(seconds / 60), "minute"] : [seconds, "second"];
    return count + " " + unit + (count === 1 ? "" : "s");
  };
  const show = () => {
    const seconds = Math.max(0, Math.ceil((deadline - Date.now()) / 1000));
    if (!tell("curfew-warning", {seconds})) return;
    if (!bar) build();
    const text = "You will be signed out in " + time(seconds) + ".";
    if (bar.firstChild.textContent !== text) bar.firstChild.textContent = text;
  };
  // It is another limit that nears, which no click moves.
  const cannotStay = () => {
    if (bar && bar.lastChild.localName === "button")
      bar.lastChild.replaceWith(styled("span", {}, "You can't stay longer: save your work now."));
  };
  const left = (reason) => {
    if (gone) return;
    gone = true;
    hide();
    if (others) others.postMessage(reason);
    if (!tell("curfew-signed-out", {reason})) return;
    root.style.display = "none";
    location.replace(base + "signed-out?reason=" + encodeURIComponent(reason || ""));
  };
  const next = (after) => { clearTimeout(timer); timer = setTimeout(() => ask("status"), after); };
  async function ask(what) {
    clearTimeout(timer);
    let told;
    try {
      const answer = await fetch(base + what, {method: what === "stay" ? "POST" : "GET", cache: "no-store",
        credentials: "same-origin", headers: what === "stay" ? {"X-Curfew": "stay"} : {}});
      told = await answer.json();
    } catch (error) {
      failures = Math.min(failures + 1, 6);
      return next(1000 * 2 ** failures);  // a covered page stays covered
    }
    failures = 0;
    if (told.state === "refused") return left(told.reason);
    // The cookie went: another tab was told first, or the person signed out there.
    if (told.state === "anonymous" && wasLive) return left(heard);
    if (told.state === "starting") return next(2000);
    cover(false);
    if (told.state === "live") { wasLive = true; gone = false; }
    if (told.state === "live" && told.seconds_left !== null) {
      const before = deadline;
      deadline = Date.now() + told.seconds_left * 1000;
      show();
      if (what === "stay" && before && deadline < before + 2000) cannotStay();
      return next(Math.min(5000, Math.max(500, told.seconds_left * 1000)));
    }
    hide();
    next(15000);
  }
  setInterval(() => { if (deadline) show(); }, 1000);
  if (others) others.onmessage = (event) => { heard = event.data; ask("status"); };
  // A page that Back brings out of the browser's memory went there covered, and is seen once it may be.
  addEventListener("pagehide", (event) => { if (event.persisted) cover(true); });
  addEventListener("pageshow", (event) => { if (event.persisted) ask("status"); });
  document.addEventListener("visibilitychange", () => { if (!document.hidden) ask("status"); });
  ask("status");
})();
)js";

}  // namespace

GateAnswer signed_out(int status, Refusal reason, std::string_view sign_in, std::string_view pages,
                      std::string_view provider_sign_out) {
  const bool is_offered =
      !provider_sign_out.empty() && reason != Refusal::None && reason != Refusal::UnknownSession;
  std::string inside = "<h1>Signed out</h1><p>";
  inside += words_of(reason);
  inside += "</p><a href=\"" + report::escaped(sign_in) + "\">Sign in</a>";
  if (is_offered)
    inside +=
        "<p>Your identity provider may still know you here, and sign you in again without asking.</p>"
        "<a href=\"" +
        report::escaped(provider_sign_out) + "\">Sign out there too</a>";
  GateAnswer answer = page(status, "Signed out", inside);
  if (is_offered) answer.headers.emplace_back("X-Curfew-Sign-Out", provider_sign_out);
  answer.headers.emplace_back("X-Curfew-Reason", model::name_of(reason));
  answer.headers.emplace_back("Link", "<" + std::string(pages) + "signed-out?reason=" +
                                          std::string(model::name_of(reason)) + ">; rel=\"help\"");
  // A scheme that no browser knows, so none asks for a password.
  if (status == 401) answer.headers.emplace_back("WWW-Authenticate", "Curfew realm=\"session\"");
  return answer;
}

GateAnswer starting(std::string_view) {
  GateAnswer answer =
      page(403, "One moment", "<h1>One moment</h1><p>This service is starting. Try again shortly.</p>");
  answer.headers.emplace_back("X-Curfew-Reason", "starting");
  answer.headers.emplace_back("Retry-After", "2");
  return answer;
}

GateAnswer warning(std::string_view pages) {
  return page(200, "Your session",
              "<h1>Your session</h1><p>A warning appears here before you are signed out.</p><script src=\"" +
                  report::escaped(pages) + "curfew-warning.js\" defer></script>");
}

GateAnswer script() {
  GateAnswer answer;
  answer.content_type = "text/javascript; charset=utf-8";
  answer.headers = {{"Cache-Control", "max-age=300"}, {"X-Content-Type-Options", "nosniff"}};
  answer.body = script_text;
  return answer;
}

GateAnswer state(std::string_view name, Refusal reason, std::int64_t seconds_left) {
  GateAnswer answer;
  answer.content_type = "application/json";
  answer.headers = {{"Cache-Control", "no-store"}, {"X-Content-Type-Options", "nosniff"}};
  answer.body = "{\"state\":\"" + std::string(name) + "\",\"seconds_left\":";
  answer.body += seconds_left > 0 ? std::to_string(seconds_left) : "null";
  answer.body += ",\"reason\":";
  answer.body += reason == Refusal::None ? "null" : "\"" + std::string(model::name_of(reason)) + "\"";
  answer.body += "}\n";
  return answer;
}

GateAnswer plain(int status, std::string_view text) {
  GateAnswer answer;
  answer.status = status;
  answer.content_type = "text/plain; charset=utf-8";
  answer.headers = {{"Cache-Control", "no-store"}, {"X-Content-Type-Options", "nosniff"}};
  answer.body = text;
  return answer;
}

std::string_view reason_in(std::string_view query) {
  constexpr std::string_view name = "reason=";
  while (!query.empty()) {
    const std::string_view one = query.substr(0, query.find('&'));
    if (one.starts_with(name)) return one.substr(name.size());
    query.remove_prefix(std::min(one.size() + 1, query.size()));
  }
  return {};
}

}  // namespace curfew::api::gate_pages
