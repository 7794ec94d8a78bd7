// A store by queries: what an application keeps in PostgreSQL or MariaDB.
//
//   std::unique_ptr<Store> store = make_sql_store(setting);
//
// Threads: any; at most `most_connections` at once, others wait. Owns: its connections, opened at the first
// need. Fails: as Store.
#pragma once

#include <memory>

#include "plugins/forms/stores/store.hpp"
#include "plugins/web/setting.hpp"

namespace curfew::forms {

[[nodiscard]] std::unique_ptr<Store> make_sql_store(const web::Setting& setting);

}  // namespace curfew::forms
