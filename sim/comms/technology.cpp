#include "sim/comms/technology.hpp"

namespace gridplus::comms {

namespace {

struct Row {
  double latency_ms, latency_sigma, capacity_mbit_per_s, loss, mtbf_h, mttr_h, report_interval_s;
};

LinkParameters make(const Row& row) {
  LinkParameters p;
  p.latency_ms = row.latency_ms;
  p.latency_sigma = row.latency_sigma;
  p.capacity_mbit_per_s = row.capacity_mbit_per_s;
  p.loss = row.loss;
  p.mtbf_h = row.mtbf_h;
  p.mttr_h = row.mttr_h;
  p.report_interval_s = row.report_interval_s;
  return p;
}

std::array<TechnologyInfo, k_technologies> make_presets() {
  constexpr double k_never = std::numeric_limits<double>::infinity();
  std::array<TechnologyInfo, k_technologies> list = {{
      {"fibre", "optical fibre, EPON access",
       "latency, rate, 5 us/km: E; cuts 1e-4 to 5e-4 /km/yr and repair 4 h aerial: V-weak",
       make({5, 0.3, 1000, 1e-6, k_never, 4, 15})},
      {"lte", "4G mobile network, shared cell", "latency within 20 to 100 ms: V; loss 1e-3 to 1e-2, availability: E",
       make({40, 0.5, 10, 5e-3, 2000, 4, 300})},
      {"nr_urllc", "5G slice for low latency",
       "latency end to end, loss, availability: E (a peer tool takes < 1 ms: V)", make({5, 0.2, 50, 1e-5, 4000, 3, 5})},
      {"nb_iot", "narrowband Internet of Things",
       "cut at 10 s, the 3GPP design target: M; measured mean 837 ms in one study (Electronics 10(18):2224): V; "
       "rate, loss 1 to 5 %, availability: E",
       make({1500, 0.8, 0.04, 2e-2, 2000, 4, 900})},
      {"plc", "narrowband power line carrier, per hop", "all: E; loss 2 to 10 % depends on the load",
       make({2000, 0.7, 0.016, 5e-2, 500, 1, 900})},
      {"hplc", "broadband power line carrier, per hop", "all: E; pushes outage reports: V",
       make({100, 0.6, 1, 1e-2, 1000, 1, 300})},
      {"satellite", "geostationary satellite", "all: E; loss by rain", make({300, 0.1, 1, 1e-2, 4000, 8, 600})},
      {"scada", "utility wide-area network, DNP3 or IEC 60870-5-104", "latency 10 to 200 ms: V; loss, interval: E",
       make({50, 0.4, 2, 1e-4, k_never, 4, 5})},
  }};
  LinkParameters& fibre = list[static_cast<std::size_t>(Technology::fibre)].parameters;
  fibre.latency_per_km_ms = 0.005;
  fibre.cuts_per_km_year = 3e-4;
  list[static_cast<std::size_t>(Technology::nb_iot)].parameters.latency_max_ms = 10000;
  return list;
}

}  // namespace

std::span<const TechnologyInfo> technologies() {
  static const std::array<TechnologyInfo, k_technologies> list = make_presets();
  return list;
}

const TechnologyInfo& info(Technology technology) {
  return technologies()[static_cast<std::size_t>(technology)];
}

}  // namespace gridplus::comms
