#include "core/metrics/registry.hpp"

#include <prometheus/counter.h>
#include <prometheus/family.h>
#include <prometheus/gauge.h>
#include <prometheus/histogram.h>
#include <prometheus/registry.h>
#include <prometheus/text_serializer.h>

#include <map>

#include "core/base/error.hpp"
#include "core/base/text.hpp"

namespace curfew::metrics {
namespace {

// From some microseconds (a gate's decision) to a day (a sign-out that nobody could enforce).
const prometheus::Histogram::BucketBoundaries buckets{
    0.00001, 0.000025, 0.00005, 0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1,
    0.25,    0.5,      1,       2.5,    5,       10,     30,    60,     300,   900,  3600,  86400};

std::map<std::string, std::string> labels_of(const Metric& metric, Registry::Labels values) {
  std::map<std::string, std::string> labels;
  std::size_t at = 0;
  for (const std::string_view value : values) {
    if (at >= metric.labels.size() || metric.labels[at].empty()) {
      throw Error(ErrorKind::Internal, std::string(metric.name) + " was given more labels than it has");
    }
    labels.emplace(metric.labels[at++], base::to_clean_utf8(value));
  }
  if (at < metric.labels.size() && !metric.labels[at].empty()) {
    throw Error(ErrorKind::Internal,
                std::string(metric.name) + " lacks the label " + std::string(metric.labels[at]));
  }
  return labels;
}

void require(const Metric& metric, Kind kind) {
  if (metric.kind != kind) {
    throw Error(ErrorKind::Internal, std::string(metric.name) + " is of another kind");
  }
}

}  // namespace

struct Registry::State {
  prometheus::Registry registry;
  std::map<std::string_view, prometheus::Family<prometheus::Counter>*> counters;
  std::map<std::string_view, prometheus::Family<prometheus::Gauge>*> gauges;
  std::map<std::string_view, prometheus::Family<prometheus::Histogram>*> histograms;
};

Registry::Registry() : state_(std::make_unique<State>()) {
  for (const Metric& metric : all) {
    const std::string name(metric.name);
    const std::string help(metric.help);
    switch (metric.kind) {
      case Kind::Counter:
        state_->counters[metric.name] =
            &prometheus::BuildCounter().Name(name).Help(help).Register(state_->registry);
        break;
      case Kind::Gauge:
        state_->gauges[metric.name] =
            &prometheus::BuildGauge().Name(name).Help(help).Register(state_->registry);
        break;
      case Kind::Histogram:
        state_->histograms[metric.name] =
            &prometheus::BuildHistogram().Name(name).Help(help).Register(state_->registry);
        break;
    }
  }
}

Registry::~Registry() = default;

Counter Registry::counter(const Metric& metric, Labels values) {
  require(metric, Kind::Counter);
  return Counter(&state_->counters.at(metric.name)->Add(labels_of(metric, values)));
}

Gauge Registry::gauge(const Metric& metric, Labels values) {
  require(metric, Kind::Gauge);
  return Gauge(&state_->gauges.at(metric.name)->Add(labels_of(metric, values)));
}

Histogram Registry::histogram(const Metric& metric, Labels values) {
  require(metric, Kind::Histogram);
  return Histogram(&state_->histograms.at(metric.name)->Add(labels_of(metric, values), buckets));
}

std::string Registry::text() const {
  return prometheus::TextSerializer().Serialize(state_->registry.Collect());
}

void Counter::add(double by) const { static_cast<prometheus::Counter*>(series_)->Increment(by); }
void Gauge::set(double value) const { static_cast<prometheus::Gauge*>(series_)->Set(value); }
void Histogram::observe(double seconds) const {
  static_cast<prometheus::Histogram*>(series_)->Observe(seconds);
}

}  // namespace curfew::metrics
