// gridplus percolation: how many places a grid and its communication network may lose before what is left falls apart.

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <memory>
#include <nlohmann/json.hpp>

#include "scenarios/load.hpp"
#include "sim/core/parallel.hpp"
#include "sim/study/interdependence.hpp"
#include "sim/study/statistics.hpp"
#include "tools/gridplus/command.hpp"

namespace gridplus::tools {

namespace {

struct PercolationArguments {
  std::string scenario, data_root;
  std::vector<std::string> sets;
  std::size_t random_graphs = 0;
  double degree = 4.0, from = 0.0, to = 1.0;
  std::size_t points = 21;
  std::uint32_t replicates = 20;
  std::uint64_t seed = 1;
  int threads = 0;
  bool json = false;
};

/// A pair of networks with its name and seed.
struct Case {
  std::string name;
  std::uint64_t seed = 1;
  study::Interdependence networks;
};

Case case_of(const PercolationArguments& arguments) {
  if (arguments.random_graphs > 0) {
    Case random{
        fmt::format("two random graphs of {} nodes, mean degree {:g}", arguments.random_graphs, arguments.degree),
        arguments.seed,
        {}};
    random.networks.places = arguments.random_graphs;
    random.networks.power = comms::random_graph(arguments.random_graphs, arguments.degree, arguments.seed, 1);
    random.networks.communication = comms::random_graph(arguments.random_graphs, arguments.degree, arguments.seed, 2);
    return random;
  }
  const auto model = load_scenario(arguments.scenario, {.sets = arguments.sets, .data_root = arguments.data_root});
  if (model->communication == nullptr)
    throw InputError(Diagnostic{{arguments.scenario, 0, 0},
                                "communication",
                                "the scenario has no block 'communication'",
                                "two networks that depend on each other",
                                "add 'communication: {generate: {}}'"});
  return {model->provenance.scenario_name, model->seed, study::interdependence(*model)};
}

/// The curve: mean share at every p with its standard error.
struct Curve {
  std::vector<double> p;
  std::vector<study::Estimate> share;
  std::size_t steepest = 0;  ///< between this point and the next lies the largest fall
};

Curve curve_of(const PercolationArguments& arguments, const Case& subject) {
  Curve curve;
  for (std::size_t i = 0; i < arguments.points; ++i)
    curve.p.push_back(arguments.from + (arguments.to - arguments.from) * static_cast<double>(i) /
                                           static_cast<double>(arguments.points - 1));
  const int threads = arguments.threads > 0 ? arguments.threads : default_threads();
  const study::Interdependence& networks = subject.networks;
  const auto shares = comms::percolation_shares(networks.places, networks.power, networks.communication, curve.p,
                                                subject.seed, arguments.replicates, threads);
  constexpr double k_confidence = 0.95;
  for (std::size_t i = 0; i < curve.p.size(); ++i) {
    study::RunningMean mean;
    for (const auto& of_replicate : shares) mean.add(of_replicate[i]);
    curve.share.push_back(mean.estimate(k_confidence));
  }
  const auto fall = [&](std::size_t i) { return curve.share[i + 1].mean - curve.share[i].mean; };
  for (std::size_t i = 1; i + 1 < curve.p.size(); ++i)
    if (fall(i) > fall(curve.steepest)) curve.steepest = i;
  return curve;
}

std::string curve_text(const Case& subject, const Curve& curve) {
  const study::Interdependence& n = subject.networks;
  std::string out = fmt::format("{}: {} places, {} power branches, {} communication links\n", subject.name, n.places,
                                n.power.size(), n.communication.size());
  if (n.without_node > 0) out += fmt::format("{} places have no communication node of their own\n", n.without_node);
  out += fmt::format("\n{:>12}{:>14}{:>18}\n", "places left", "that work", "standard error");
  for (std::size_t i = 0; i < curve.p.size(); ++i)
    out += fmt::format("{:>12.4f}{:>14.4f}{:>18.4f}\n", curve.p[i], curve.share[i].mean, curve.share[i].standard_error);
  const std::size_t s = curve.steepest;
  return out +
         fmt::format("\nthe steepest fall is from {:.4f} to {:.4f}, between {:.4f} and {:.4f} of the places left\n",
                     curve.share[s + 1].mean, curve.share[s].mean, curve.p[s + 1], curve.p[s]);
}

std::string curve_json(const Case& subject, const Curve& curve) {
  const study::Interdependence& n = subject.networks;
  nlohmann::ordered_json json{{"name", subject.name},
                              {"places", n.places},
                              {"power_branches", n.power.size()},
                              {"communication_links", n.communication.size()},
                              {"places_without_node", n.without_node},
                              {"curve", nlohmann::ordered_json::array()}};
  for (std::size_t i = 0; i < curve.p.size(); ++i) {
    const study::Estimate& share = curve.share[i];
    nlohmann::ordered_json point{{"left", curve.p[i]}, {"working", share.mean}, {"standard_error", nullptr}};
    if (share.count > 1) point["standard_error"] = share.standard_error;
    json["curve"].push_back(std::move(point));
  }
  const std::size_t s = curve.steepest;
  json["steepest_fall"] = {{"left_from", curve.p[s + 1]},
                           {"left_to", curve.p[s]},
                           {"working_from", curve.share[s + 1].mean},
                           {"working_to", curve.share[s].mean}};
  return json.dump(2) + "\n";
}

int percolation(const PercolationArguments& arguments) {
  if (arguments.scenario.empty() == (arguments.random_graphs == 0))
    throw InputError(Diagnostic{
        {"percolation", 0, 0}, {}, "it is not clear which networks are meant", "a scenario, or --random-graphs N", {}});
  if (!(arguments.from < arguments.to))
    throw InputError(Diagnostic{{"--from", 0, 0}, {}, "the range of places left is empty", "--from below --to", {}});
  const Case subject = case_of(arguments);
  const Curve curve = curve_of(arguments, subject);
  print(arguments.json ? curve_json(subject, curve) : curve_text(subject, curve));
  return k_done;
}

}  // namespace

void add_percolation(CLI::App& app, int& exit_code) {
  auto arguments = std::make_shared<PercolationArguments>();
  CLI::App* command = app.add_subcommand(
      "percolation", "how many places a grid and its communication network may lose before the rest falls apart");
  command->add_option("scenario", arguments->scenario, "a YAML scenario with communications");
  command
      ->add_option("--random-graphs", arguments->random_graphs, "two random graphs of N nodes in place of a scenario")
      ->check(CLI::Range(2, 10'000'000));
  command->add_option("--degree", arguments->degree, "mean degree of the random graphs")
      ->check(CLI::Range(0.1, 1000.0));
  command->add_option("--seed", arguments->seed, "of the random graphs and their losses");
  command->add_option("--from", arguments->from, "smallest share of places left")->check(CLI::Range(0.0, 1.0));
  command->add_option("--to", arguments->to, "largest share of places left")->check(CLI::Range(0.0, 1.0));
  command->add_option("--points", arguments->points, "shares between them, both ends counted")
      ->check(CLI::Range(2, 100'000));
  command->add_option("--replicates", arguments->replicates, "draws of the places that are lost")
      ->check(CLI::Range(1, 1'000'000));
  command->add_option("--set", arguments->sets, "path=value: changes one value of the scenario");
  command->add_option("--threads", arguments->threads, "threads; all cores if not given. Results do not depend on it")
      ->check(CLI::Range(1, 4096));
  command->add_option("--data-root", arguments->data_root, "the tree that paths in the scenario may not leave");
  command->add_flag("--json", arguments->json, "the curve as one JSON object");
  command->callback([arguments, &exit_code] { exit_code = percolation(*arguments); });
}

}  // namespace gridplus::tools
