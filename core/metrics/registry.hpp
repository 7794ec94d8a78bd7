// The registry: counts, sets and observes the metrics of definitions.hpp, and renders them for Prometheus.
//
//   metrics::Registry registry;
//   registry.counter(metrics::observations, {"crm-forms", "sign_in"}).add();
//   std::string page = registry.text();                       // GET /metrics
//
// Threads: all of it from any thread; a handle's add, set and observe take no lock, finding a handle does, so
// a hot path keeps its handles. Owns: the series; handles live as long as the registry. Fails:
// Error(Internal) when labels do not fit the metric's definition, or its kind is another.
#pragma once

#include <initializer_list>
#include <memory>
#include <string>
#include <string_view>

#include "core/metrics/definitions.hpp"

namespace curfew::metrics {

class Counter {
 public:
  void add(double by = 1) const;

 private:
  friend class Registry;
  explicit Counter(void* series) : series_(series) {}
  void* series_;
};

class Gauge {
 public:
  void set(double value) const;

 private:
  friend class Registry;
  explicit Gauge(void* series) : series_(series) {}
  void* series_;
};

class Histogram {
 public:
  void observe(double seconds) const;

 private:
  friend class Registry;
  explicit Histogram(void* series) : series_(series) {}
  void* series_;
};

class Registry {
 public:
  Registry();
  ~Registry();
  Registry(const Registry&) = delete;
  Registry& operator=(const Registry&) = delete;

  using Labels = std::initializer_list<std::string_view>;
  Counter counter(const Metric& metric, Labels values = {});
  Gauge gauge(const Metric& metric, Labels values = {});
  Histogram histogram(const Metric& metric, Labels values = {});

  // The exposition format, version 0.0.4.
  [[nodiscard]] std::string text() const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace curfew::metrics
