// The application's pages as HTML.
#include "tests/support/forms_app/inside.hpp"

namespace curfew::forms_app {
namespace {

std::string html_text(const std::string& text) {
  std::string out;
  for (const char c : text) {
    if (c == '&')
      out += "&amp;";
    else if (c == '<')
      out += "&lt;";
    else if (c == '"')
      out += "&quot;";
    else
      out += c;
  }
  return out;
}

std::string page(const std::string& title, const std::string& body, const std::string& head = {}) {
  return "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
         "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n<title>" +
         title + "</title>\n<link rel=\"stylesheet\" href=\"/style.css\">\n" + head +
         "</head>\n<body>\n<main>\n" + body + "</main>\n</body>\n</html>\n";
}

// The gate's warning; and what many pages do: ask for news by themselves, which is nobody's activity.
constexpr const char* behind_gate =
    R"(<script src="/curfew/curfew-warning.js" defer></script>
<script>
addEventListener("DOMContentLoaded", () => {
  let asked = 0;
  const timer = setInterval(async () => {
    const answer = await fetch("/poll").catch(() => null);
    if (!answer || !answer.ok || answer.redirected) return clearInterval(timer);
    const place = document.getElementById("asked");
    if (place) place.textContent = `This page has asked for news ${++asked} times by itself: that keeps nobody signed in.`;
  }, 10000);
  document.addEventListener("curfew-signed-out", () => clearInterval(timer));
});
</script>
)";

std::string head_of(const FormsAppOptions& options) { return options.gate.empty() ? "" : behind_gate; }

constexpr const char* sign_out_form =
    "<form method=\"post\" action=\"/logout\">\n<button type=\"submit\">Sign out</button>\n</form>\n";

}  // namespace

const char* const style =
    "body { font: 1rem/1.5 system-ui, sans-serif; margin: 0; background: #f4f4f2; color: #222; }\n"
    "main { max-width: 34rem; margin: 4rem auto; padding: 2rem; background: #fff; border-radius: .5rem; }\n"
    "label { display: block; margin: .75rem 0; }\n"
    "input { display: block; width: 100%; box-sizing: border-box; padding: .4rem; font: inherit; }\n"
    "button { padding: .4rem 1rem; font: inherit; }\nform { margin: 1rem 0; }\n"
    "li { margin: .5rem 0; }\n.notice { color: #a33; }\n.quiet { color: #666; font-size: .9rem; }\n"
    "pre { background: #f4f4f2; padding: .75rem; border-radius: .3rem; white-space: pre-wrap; }\n";

std::string sign_in_page(const std::string& notice, const std::string& hint) {
  return page("Sign in", "<h1>Sign in</h1>\n" +
                             (notice.empty() ? "" : "<p class=\"notice\">" + notice + "</p>\n") +
                             "<form method=\"post\" action=\"/login\">\n"
                             "<label>Name <input name=\"user\" autocomplete=\"username\" required></label>\n"
                             "<label>Password <input name=\"password\" type=\"password\" "
                             "autocomplete=\"current-password\" required></label>\n"
                             "<button type=\"submit\">Sign in</button>\n</form>\n" +
                             (hint.empty() ? "" : "<p class=\"quiet\">" + html_text(hint) + "</p>\n"));
}

std::string app_page(const std::string& person, const std::deque<std::string>& notes,
                     const FormsAppOptions& options) {
  std::string body =
      "<h1>Notes of " + html_text(person) + "</h1>\n<p id=\"marker\">" + html_text(options.marker) + "</p>\n";
  if (!notes.empty()) {
    body += "<ul>\n";
    for (const std::string& note : notes) body += "<li>" + html_text(note) + "</li>\n";
    body += "</ul>\n";
  }
  body +=
      "<form method=\"post\" action=\"/note\">\n<label>A note <input name=\"text\" maxlength=\"400\" "
      "required></label>\n<button type=\"submit\">Write it down</button>\n</form>\n"
      "<p><a href=\"/try\">What to try here</a></p>\n" +
      std::string(sign_out_form);
  if (!options.gate.empty()) body += "<p class=\"quiet\" id=\"asked\"></p>\n";
  return page("Notes", body, head_of(options));
}

std::string try_page(const FormsAppOptions& options) {
  std::string body =
      "<h1>What to try</h1>\n<ol>\n"
      "<li><b>Do nothing.</b> After a while a bar counts down; a click on its button, or any other work "
      "here, "
      "keeps you signed in. Wait, and you are signed out; the page that follows says why.</li>\n"
      "<li><b>Press Back then.</b> Nothing of these pages is shown again, neither by Back nor by Refresh, "
      "nor by "
      "a closed tab that you open again.</li>\n"
      "<li><b>Sign in again.</b> That is a new session; the old one stays dead.</li>\n";
  if (!options.order_command.empty())
    body += "<li><b>Sign somebody out by hand,</b> in another terminal:<pre>" +
            html_text(options.order_command) + "</pre></li>\n";
  body += "</ol>\n<p><a href=\"/app\">Back to the notes</a></p>\n" + std::string(sign_out_form);
  return page("What to try", body, head_of(options));
}

}  // namespace curfew::forms_app
