#include "core/api/metrics_page.hpp"

#include <prometheus/collectable.h>
#include <prometheus/text_serializer.h>

#include <locale>
#include <sstream>

namespace curfew::api {

std::string render_metrics(const prometheus::Collectable& metrics) {
  std::ostringstream out;
  // A locale with digit groups or a decimal comma would break every number.
  out.imbue(std::locale::classic());
  prometheus::TextSerializer().Serialize(out, metrics.Collect());
  return out.str();
}

}  // namespace curfew::api
