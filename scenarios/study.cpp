#include "scenarios/study.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "models/registry.hpp"
#include "scenarios/build.hpp"
#include "scenarios/decode.hpp"
#include "scenarios/open.hpp"
#include "scenarios/override.hpp"
#include "sim/step/model.hpp"

namespace gridplus {

namespace {

using scenario::Node;
using scenario::SweptPlaces;

/// Whether a path changes the network itself; how it is solved is not part of it.
bool changes_grid(const std::string& path) {
  return (path == "grid" || path.starts_with("grid.") || path.starts_with("grid[")) &&
         !path.starts_with("grid.power_flow");
}

[[noreturn]] void refuse_without_study(const std::string& file) {
  throw InputError(Diagnostic{{file, 0, 0},
                              "study",
                              "the scenario has no block 'study'",
                              "study: {sweep: {...}, replicates: ...}",
                              "'gridplus run' runs a single scenario"});
}

}  // namespace

struct ScenarioStudy::Impl {
  LoadOptions options;
  scenario::Assembled document;
  std::string name;
  scenario::StudySpec spec;
  scenario::ProfileCache profiles;
  std::unique_ptr<const Model> base;
  bool same_grid = true;
  std::vector<std::unique_ptr<Node>> trees;  ///< per worker: the scenario with the values of its last member

  void open(const std::filesystem::path& file);
  [[nodiscard]] scenario::Sharing sharing(std::uint32_t replicate) {
    return {replicate, &profiles, same_grid ? base.get() : nullptr, false};
  }
  std::unique_ptr<Model> build(const Node& root, std::uint32_t replicate, Diagnostics& problems);
  /// What a member records. The scenario's own `record` is about a run by itself.
  [[nodiscard]] RecordOptions series_options(const Model& model) const {
    if (!spec.record) return model.record;
    RecordOptions record = scenario::record_options(*spec.record, model.time.step_h());
    record.device_states = false;
    return record;
  }
  void take_causes_out(std::int64_t point, Model& model) const;
  static void place(Node& root, const SweptPlaces& axis, std::size_t value, Diagnostics& problems);
  void check_point(std::int64_t point, Diagnostics& found);
};

void ScenarioStudy::Impl::open(const std::filesystem::path& file) {
  Diagnostics problems;
  const scenario::Located located = scenario::locate(file, options);
  document = scenario::assemble(located, options, problems);
  name = std::filesystem::path(located.shown).stem().string();
  const auto limits = scenario::limits_of(options);
  const scenario::Sharing alone{.replicate = options.replicate};
  scenario::Spec decoded = scenario::decode(document.root, device_models(), name, limits, problems, alone);
  decoded.profiles.share(&profiles);
  auto model = scenario::build(decoded, device_models(), limits.profiles, problems, alone);
  model->provenance.files = document.texts;
  if (!decoded.study) refuse_without_study(file.string());
  spec = std::move(*decoded.study);
  model->record = series_options(*model);
  base = std::move(model);
  for (const SweptPlaces& axis : spec.axes) same_grid = same_grid && std::ranges::none_of(axis.paths, changes_grid);
}

void ScenarioStudy::Impl::place(Node& root, const SweptPlaces& axis, std::size_t value, Diagnostics& problems) {
  for (const std::string& path : axis.paths)
    if (Node* const target = scenario::find_place(root, path, axis.values[value], problems))
      *target = axis.values[value];
}

std::unique_ptr<Model> ScenarioStudy::Impl::build(const Node& root, std::uint32_t replicate, Diagnostics& problems) {
  const auto limits = scenario::limits_of(options);
  const scenario::Sharing shared = sharing(replicate);
  const scenario::Spec decoded = scenario::decode(root, device_models(), name, limits, problems, shared);
  auto model = scenario::build(decoded, device_models(), limits.profiles, problems, shared);
  model->record = series_options(*model);
  return model;
}

void ScenarioStudy::Impl::take_causes_out(std::int64_t point, Model& model) const {
  const std::vector<study::Cause>& causes = spec.design.causes;
  const auto at_work = static_cast<std::size_t>(point % spec.design.cause_sets());
  for (std::size_t b = 0; b < causes.size(); ++b)
    if (((at_work >> b) & 1U) == 0) study::take_out(causes[b], model);
}

void ScenarioStudy::Impl::check_point(std::int64_t point, Diagnostics& found) {
  Node tree = document.root;
  Diagnostics problems;
  try {
    const std::vector<std::size_t> indices = spec.design.indices(point);
    for (std::size_t a = 0; a < indices.size(); ++a) place(tree, spec.axes[a], indices[a], problems);
    (void)build(tree, 0, problems);
  } catch (const InputError& error) {
    for (const Diagnostic& diagnostic : error.diagnostics()) found.add(diagnostic);
  }
}

ScenarioStudy::ScenarioStudy(const std::filesystem::path& file, const LoadOptions& options, int workers)
    : impl_(std::make_unique<Impl>()) {
  impl_->options = options;
  impl_->open(file);
  impl_->trees.resize(static_cast<std::size_t>(std::max(workers, 1)));
  Diagnostics problems;
  impl_->check_point(0, problems);
  problems.throw_if_any();
}

ScenarioStudy::~ScenarioStudy() = default;

const study::Design& ScenarioStudy::design() const {
  return impl_->spec.design;
}

const Model& ScenarioStudy::base() const {
  return *impl_->base;
}

std::unique_ptr<const Model> ScenarioStudy::model(std::int64_t member, int worker) {
  std::unique_ptr<Node>& tree = impl_->trees[static_cast<std::size_t>(worker)];
  // Every member sets all the places that members differ in, so that nothing of the one before is left.
  if (!tree) tree = std::make_unique<Node>(impl_->document.root);
  const study::MemberKey key = design().key(member);
  const std::vector<std::size_t> indices = design().indices(key.point);
  Diagnostics problems;
  for (std::size_t a = 0; a < indices.size(); ++a) Impl::place(*tree, impl_->spec.axes[a], indices[a], problems);
  std::unique_ptr<Model> model = impl_->build(*tree, key.replicate, problems);
  impl_->take_causes_out(key.point, *model);
  return model;
}

bool ScenarioStudy::records_series() const {
  return impl_->spec.record.has_value();
}

std::string ScenarioStudy::design_text() const {
  const study::Design& design = this->design();
  std::string out = fmt::format("{} replicates {} confidence {:a}", static_cast<int>(design.sweep), design.replicates,
                                design.confidence);
  for (std::size_t a = 0; a < design.axes.size(); ++a) {
    out += fmt::format("; {} [{}] of", design.axes[a].name, design.axes[a].unit);
    for (const std::string& path : impl_->spec.axes[a].paths) out += " " + path;
    for (const std::string& label : design.axes[a].labels) out += " '" + label + "'";
  }
  for (const auto& index : design.baseline) out += fmt::format("; baseline {}", index ? std::to_string(*index) : "own");
  if (design.stop)
    out += fmt::format("; stop {} {:a} {} {} {}", design.stop->kpi, design.stop->half_width, design.stop->relative,
                       design.stop->minimum, design.stop->every);
  return out;
}

std::vector<Diagnostic> ScenarioStudy::check_values() {
  constexpr std::int64_t k_most_tried = 1000;
  Diagnostics problems;
  const study::Design& design = this->design();
  if (design.sweep != study::Sweep::grid) {
    for (std::int64_t point = 0; point < std::min(design.points(), k_most_tried); ++point)
      impl_->check_point(point, problems);
  } else {
    std::int64_t stride = design.points();
    for (const study::Axis& axis : design.axes) {
      const auto size = static_cast<std::int64_t>(axis.labels.size());
      stride /= size;
      for (std::int64_t v = 0; v < std::min(size, k_most_tried); ++v) impl_->check_point(v * stride, problems);
    }
  }
  return {problems.list().begin(), problems.list().end()};
}

bool has_study(const std::filesystem::path& file, const LoadOptions& options) {
  Diagnostics problems;
  return scenario::assemble(scenario::locate(file, options), options, problems).root.find("study") != nullptr;
}

}  // namespace gridplus
