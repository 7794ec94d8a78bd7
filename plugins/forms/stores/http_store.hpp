// Stores behind HTTP: any application by configured calls, and LemonLDAP::NG's session server.
//
//   std::unique_ptr<Store> store = make_http_store(setting);
//
// Threads: any. Owns: its client. Fails: as Store.
#pragma once

#include <memory>

#include "plugins/forms/stores/store.hpp"
#include "plugins/web/setting.hpp"

namespace curfew::forms {

[[nodiscard]] std::unique_ptr<Store> make_http_store(const web::Setting& setting);
[[nodiscard]] std::unique_ptr<Store> make_lemonldap_store(const web::Setting& setting);

}  // namespace curfew::forms
