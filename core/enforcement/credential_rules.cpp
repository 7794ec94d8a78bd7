#include "core/enforcement/credential_rules.hpp"

#include <algorithm>

#include "core/base/text.hpp"

namespace curfew::enforcement {
namespace {

using model::CredentialPlace;
using model::CredentialRule;
using model::Transform;
using model::TransformKind;

int hex_digit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

std::string_view unquoted(std::string_view text) {
  if (text.size() >= 2 && text.front() == '"' && text.back() == '"') return text.substr(1, text.size() - 2);
  return text;
}

class Finder {
 public:
  Finder(const model::CredentialRules& rules, const HeaderValues& headers)
      : rules_(rules), headers_(headers) {}

  Candidates run() && {
    for (const CredentialRule& rule : rules_.credentials) {
      switch (rule.in) {
        case CredentialPlace::Cookie:
          headers_("cookie", [&](std::string_view value) { cookies(rule, value); });
          break;
        case CredentialPlace::Header:
          headers_(rule.name, [&](std::string_view value) { add(rule, base::trim(value)); });
          break;
        case CredentialPlace::Bearer:
          headers_("authorization", [&](std::string_view value) { bearer(rule, base::trim(value)); });
          break;
      }
    }
    return std::move(found_);
  }

 private:
  void cookies(const CredentialRule& rule, std::string_view header) {
    while (!header.empty()) {
      const std::size_t end = std::min(header.find(';'), header.size());
      const std::string_view pair = base::trim(header.substr(0, end));
      header.remove_prefix(std::min(end + 1, header.size()));
      const std::size_t equals = pair.find('=');
      if (equals == std::string_view::npos) continue;
      if (same_cookie(base::trim(pair.substr(0, equals)), rule.name))
        add(rule, base::trim(pair.substr(equals + 1)));
    }
  }

  void bearer(const CredentialRule& rule, std::string_view value) {
    constexpr std::size_t scheme = 6;
    if (value.size() <= scheme || base::to_lower_ascii(value.substr(0, scheme)) != "bearer" ||
        (value[scheme] != ' ' && value[scheme] != '\t'))
      return;
    add(rule, base::trim(value.substr(scheme)));
  }

  void add(const CredentialRule& rule, std::string_view value) {
    if (value.empty()) return;
    if (value.size() > (rule.token ? max_token_bytes : max_credential_bytes)) {
      found_.too_many = true;
      return;
    }
    if (rule.token) {
      // One reading: what an application reads otherwise was never signed.
      put(transformed(std::string(value), rule.transforms), true, true);
      return;
    }
    put(transformed(std::string(value), rule.transforms), true);
    if (value.find('%') != std::string_view::npos)
      put(transformed(percent_decoded(value), rule.transforms), false);
    if (value.front() == '"') put(transformed(std::string(unquoted(value)), rule.transforms), false);
  }

  void put(std::string clear_id, bool likely, bool token = false) {
    if (clear_id.empty()) return;
    const auto same = std::find_if(found_.all.begin(), found_.all.end(), [&](const Candidate& other) {
      return other.clear_id == clear_id && other.token == token;
    });
    if (same != found_.all.end()) {
      same->likely = same->likely || likely;
    } else if (found_.all.size() == max_candidates) {
      found_.too_many = true;
    } else {
      found_.all.push_back({.clear_id = std::move(clear_id), .likely = likely, .token = token});
    }
  }

  const model::CredentialRules& rules_;
  const HeaderValues& headers_;
  Candidates found_;
};

}  // namespace

std::string percent_decoded(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '%' && i + 2 < text.size() && hex_digit(text[i + 1]) >= 0 && hex_digit(text[i + 2]) >= 0) {
      out += static_cast<char>(hex_digit(text[i + 1]) * 16 + hex_digit(text[i + 2]));
      i += 2;
    } else {
      out += text[i];
    }
  }
  return out;
}

std::string transformed(std::string text, std::span<const Transform> transforms) {
  for (const Transform& transform : transforms) {
    switch (transform.kind) {
      case TransformKind::UrlDecode:
        text = percent_decoded(text);
        break;
      case TransformKind::Before:
        text.resize(std::min(text.find(transform.marker), text.size()));
        break;
      case TransformKind::After:
        if (const std::size_t at = text.find(transform.marker); at != std::string::npos)
          text.erase(0, at + transform.marker.size());
        break;
      case TransformKind::Unquote:
        text = std::string(unquoted(text));
        break;
      case TransformKind::Lower:
        text = base::to_lower_ascii(text);
        break;
    }
  }
  return text;
}

bool same_cookie(std::string_view name, std::string_view rule) {
  const auto folded = [](char c) {
    if (c == '.' || c == ' ' || c == '[') return '_';
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  };
  const auto same = [&](std::string_view one) {
    return std::equal(one.begin(), one.end(), rule.begin(), rule.end(),
                      [&](char a, char b) { return folded(a) == folded(b); });
  };
  return same(name) || (name.find('%') != std::string_view::npos && same(percent_decoded(name)));
}

Candidates find_credentials(const model::CredentialRules& rules, const HeaderValues& headers) {
  return Finder(rules, headers).run();
}

}  // namespace curfew::enforcement
