#include "plugins/forms/stores/http_store.hpp"
#include "plugins/forms/stores/sql_store.hpp"
#include "plugins/forms/stores/store.hpp"

namespace curfew::forms {

std::unique_ptr<Store> make_store(std::string_view json) {
  const web::Setting setting(nlohmann::json::parse(json, nullptr, false), "store");
  const std::string kind = setting.text("kind");
  if (kind == "postgresql" || kind == "mariadb") return make_sql_store(setting);
  if (kind == "lemonldap") return make_lemonldap_store(setting);
  if (kind == "http") return make_http_store(setting);
  web::invalid("store.kind must be postgresql, mariadb, lemonldap or http, not '" + kind + "'");
}

}  // namespace curfew::forms
